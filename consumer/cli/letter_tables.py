"""Dead letters on the screen: tables for people, JSON for programs."""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.bootstrap.dead_letters import Listing
    from consumer.control.post_office import Found
    from consumer.logs import SecretCutter

_WORDS = {
    "sent": "will be brought back",
    "healed": "healed since, left alone",
    "redriven": "brought back before, left alone",
    "discarded": "discarded, left alone",
    "looping": "came back too often, left alone (--again)",
}
# A value is shown up to here; --save has all of it.
_LONGEST = 20_000
_CUT = 100


def show_counts(console: Console, counts: Mapping[tuple[str, ...], int]) -> None:
    """Letters by what is wrong."""
    from rich.markup import escape
    from rich.table import Table

    rows: dict[tuple[str, ...], Counter[str]] = {}
    for (*group, standing), count in counts.items():
        rows.setdefault(tuple(group), Counter())[standing] += count
    standings = ("open", "healed", "redriven", "discarded")
    table = Table("channel", "account", "tenant", "reason", "error", *standings, title="Dead letters")
    for names, found in sorted(rows.items(), key=lambda row: (-row[1]["open"], row[0])):
        table.add_row(*map(escape, names), *(str(found[standing]) for standing in standings))
    console.print(table if rows else "Dead letters: none.")


def show_verdicts(console: Console, counts: Mapping[tuple[str, ...], int]) -> None:
    """Letters by what a redrive does with them."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("account", "tenant", "reason", "error", "what becomes of it", "letters", title="Redrive")
    for (*group, word), count in sorted(counts.items()):
        table.add_row(*map(escape, group), _WORDS[word], str(count))
    console.print(table if counts else "Redrive: there is no such dead letter.")


def show_letters(console: Console, letters: Sequence[Found]) -> None:
    """One line each."""
    from rich.markup import escape
    from rich.table import Table

    if not letters:
        return
    table = Table("id", "given up (UTC)", "tenant", "account", "product", "reason", "what was said", "standing")
    for letter, standing, _ in letters:
        message = letter.message if len(letter.message) <= _CUT else letter.message[:_CUT] + "…"
        words = (letter.id, _time(letter.failed), letter.tenant, letter.account, letter.product, letter.reason, message)
        table.add_row(*map(escape, words), standing.value)
    console.print(table)


def show_letter(console: Console, found: Found, cutter: SecretCutter) -> None:
    """All of one."""
    shown = _letter(found, cutter)
    headers, value = shown.pop("headers"), shown.pop("value")
    for name, what in shown.items():
        console.print(f"{name.replace('_', ' ')}: {what}", markup=False)
    console.print("headers:")
    for name, what in headers.items():
        console.print(f"  {name}: {what}", markup=False)
    console.print("value:")
    console.print(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False), markup=False)


def listing_as_json(listing: Listing) -> str:
    """Counts and letters."""
    names = ("channel", "account", "tenant", "reason", "error", "standing")
    counts = [{**dict(zip(names, group, strict=True)), "letters": n} for group, n in sorted(listing.counts.items())]
    return json.dumps({"counts": counts, "letters": [_short(found) for found in listing.newest]}, ensure_ascii=False)


def letter_as_json(found: Found, cutter: SecretCutter) -> str:
    """All of one."""
    return json.dumps(_letter(found, cutter), ensure_ascii=False)


def save_bytes(found: Found, path: Path) -> None:
    """Key and value as they came, in two files only this user may read. Nothing is cut out of them."""
    record = found.letter.record
    for suffix, content in ((".key", record.key), (".value", record.value)):
        handle = os.open(path.with_name(path.name + suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content or b"")


def _short(found: Found) -> dict[str, Any]:
    letter, standing, decision = found
    return {
        "id": letter.id,
        "standing": standing.value,
        "decided_by": decision.who if decision else None,
        "decided_at": decision.at.isoformat() if decision else None,
        "why": decision.why if decision else None,
        "channel": letter.channel,
        "tenant": letter.tenant,
        "account": letter.account,
        "product": letter.product,
        "reason": letter.reason,
        "error": letter.error,
        "message": letter.message,
        "attempts": letter.attempts,
        "given_up": _time(letter.failed),
        "sequence": letter.sequence,
        "redrives": letter.redrives,
    }


def _letter(found: Found, cutter: SecretCutter) -> dict[str, Any]:
    record = found.letter.record
    headers = {name: cutter.text(value.decode("utf-8", "backslashreplace")) for name, value in record.headers}
    return {
        **{name: cutter.text(what) if isinstance(what, str) else what for name, what in _short(found).items()},
        "place": f"{record.topic}[{record.partition}]@{record.offset}",
        "key": None if record.key is None else cutter.text(record.key.decode("utf-8", "backslashreplace")),
        "bytes": len(record.value or b""),
        "headers": headers,
        "value": _value(record.value, cutter),
    }


def _value(value: bytes | None, cutter: SecretCutter) -> Any:
    """As JSON where it is, else as text, else in base64; cut where it is long."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        encoded = base64.b64encode(value[:_LONGEST]).decode()
        return f"(no text; in base64) {encoded}{'…' if len(value) > _LONGEST else ''}"
    if len(text) > _LONGEST:
        return cutter.text(text[:_LONGEST]) + f"… ({len(text)} characters; --save has all of them)"
    cut = cutter.text(text)
    try:
        return json.loads(cut)
    except ValueError:
        return cut


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
