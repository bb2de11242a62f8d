"""`marketsync preview`: what would be sent, and what would not, without sending anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from adapters.model import Rendered
    from consumer.bootstrap.previewing import WholePreview
    from consumer.control.preview import Preview
    from consumer.listings.state import Figures

Code = Annotated[
    str, typer.Argument(metavar="[CODE]", help="The product's entity_code; nothing = the whole catalogue.")
]
Account = Annotated[
    str, typer.Option(help="The account: tenant/channel/name, or the end of that. Needed where several are.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON, the whole payload included.")]


def command(code: Code = "", account: Account = "", as_json: AsJson = False) -> None:
    """Show what an account would send for a product, or for all of them; nothing is sent, also where it is live."""
    from rich.console import Console

    from consumer.bootstrap.choosing import one_account
    from consumer.bootstrap.previewing import preview_all, preview_product
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("preview", level="error")
    endpoints = find_servers(settings)
    chosen = one_account(settings, endpoints, account)
    console = Console(highlight=False, soft_wrap=True)
    if code:
        found = preview_product(settings, endpoints, chosen, code)
        _print_json(one_as_data(found)) if as_json else _show_one(console, found)
        return
    with console.status("Reading products ...") as progress:
        whole = preview_all(settings, endpoints, chosen, lambda n: progress.update(f"{n} products looked at ..."))
    _print_json(whole_as_data(whole)) if as_json else _show_all(console, whole)


def one_as_data(found: Preview) -> dict[str, Any]:
    """A preview as JSON has it."""
    from dataclasses import asdict

    return {
        "listing": found.listing_id,
        "mode": found.mode,
        "verdict": found.verdict,
        "words": found.words,
        "payload": None
        if found.rendered is None
        else {"content": dict(found.rendered.content), "offer": dict(found.rendered.offer)},
        "differences": [asdict(one) for one in found.differences],
        "problems": [asdict(one) for one in found.problems],
        "brakes": list(found.touches),
        "held": found.held,
        "remarks": list(found.remarks),
        "figures": asdict(found.figures),
    }


def where_from(figures: Figures) -> Iterator[str]:
    """Where price and stock came from, one line each."""
    if figures.stock is not None:
        yield f"stock in the PIM, before the account's rules: {figures.stock}"
    if figures.price is not None:
        counted = "no price rule counts" if figures.rule is None else f"price rule {figures.rule} counts"
        yield f"price before the account's rules, with VAT: {figures.price} ({counted})"
    if figures.due is not None:
        yield f"the price may be another from {figures.due:%Y-%m-%d %H:%M} UTC on"


def whole_as_data(whole: WholePreview) -> dict[str, Any]:
    """The report of a catalogue as JSON has it."""
    from dataclasses import asdict

    rehearsal = whole.rehearsal
    return {
        "products": rehearsal.products,
        "shown": whole.shown,
        "verdicts": [
            {"verdict": verdict, "words": words, "count": group.count, "examples": group.examples}
            for (verdict, words), group in rehearsal.verdicts.items()
        ],
        "problems": [
            {**asdict(kind), "count": group.count, "examples": group.examples}
            for kind, group in rehearsal.problems.items()
        ],
        "held": dict(rehearsal.held(whole.account.brakes, whole.shown, whole.at)),
    }


def _print_json(data: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def _show_one(console: Console, found: Preview) -> None:
    from rich.markup import escape
    from rich.table import Table

    console.print(f"[bold]{escape(found.listing_id)}[/bold] (account is {found.mode})")
    console.print(f"{found.verdict}: {escape(found.words)}")
    for words in where_from(found.figures):
        console.print(f"  {words}")
    for problem in found.problems:
        console.print(f"  [red]problem[/red] {escape(str(problem))}")
    for remark in found.remarks:
        console.print(f"  remark: {escape(remark)}")
    if found.held:
        console.print(f"  [red]it would be held[/red]: {escape(found.held)} (`marketsync held list` shows what waits)")
    elif found.touches:
        console.print(f"  it would pass the brakes: {', '.join(found.touches)}")
    if found.differences:
        table = Table("", "on the channel now", "would become", title="Differences")
        for one in found.differences:
            table.add_row(one.path, escape(str(one.before)), escape(str(one.after)))
        console.print(table)
    if found.rendered is not None:
        _show_payload(console, found.rendered)


def _show_payload(console: Console, rendered: Rendered) -> None:
    from rich.markup import escape

    console.print("What the channel would show (`--json` has all of it):")
    for part in (rendered.content, rendered.offer):
        for name, value in part.items():
            console.print(f"  {escape(str(name))}: {escape(_short(value))}", overflow="ellipsis", no_wrap=True)


def _show_all(console: Console, whole: WholePreview) -> None:
    from rich.markup import escape
    from rich.table import Table

    rehearsal = whole.rehearsal
    console.print(
        f"{rehearsal.products} products looked at; the account shows {whole.shown} listings. Nothing was sent."
    )
    table = Table("would be", "listings", "why", "e.g.", title="If it were live")
    for (verdict, words), group in sorted(rehearsal.verdicts.items(), key=lambda item: -item[1].count):
        table.add_row(verdict, str(group.count), escape(words), escape(", ".join(group.examples)))
    console.print(table)
    if rehearsal.problems:
        problems = Table("listings", "field", "problem", "cure", "e.g.", title="What is in the way")
        for kind, group in sorted(rehearsal.problems.items(), key=lambda item: -item[1].count):
            cells = (kind.field, kind.message, kind.cure, ", ".join(group.examples))
            problems.add_row(str(group.count), *map(escape, cells))
        console.print(problems)
    for words, count in rehearsal.held(whole.account.brakes, whole.shown, whole.at).items():
        console.print(f"{count} would be held: {escape(words)}")


def _short(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


_SHOWN = 160
