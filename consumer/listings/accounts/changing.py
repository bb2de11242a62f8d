"""Single fields of an account changed by their paths: what a person types instead of a whole file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.exchange import parse

_IDENTITY = ("tenant", "channel", "account")


def parse_changes(words: Iterable[str]) -> dict[str, Any]:
    """Path → value of words such as price.basis=sale. Values are YAML: a text, true, null, [a, b] or {a: b}.

    Raises AccountError for what is no such word.
    """
    found = {}
    for word in words:
        path, equals, value = word.partition("=")
        if not path or not equals:
            raise AccountError(f"{word!r} is no change of a field: write it as price.basis=sale")
        values = parse(value)
        found[path] = values[0] if values else None
    return found


def apply_changes(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The data with these changes. Raises AccountError where a path leads into what is no map."""
    changed = deepcopy(dict(data))
    for path, value in changes.items():
        *above, name = path.split(".")
        here = changed
        for part in above:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                raise AccountError(f"{path}: {part} has no fields; set it as a whole")
            here = inner
        here[name] = value
    return changed


def change_account(document: AccountDocument, changes: Mapping[str, Any]) -> AccountDocument:
    """The account with these changes. Raises AccountError naming every field that is wrong then."""
    changed = read_account(apply_changes(document.data(), changes))
    if changed.id != document.id:
        raise AccountError(
            f"{', '.join(_IDENTITY)} cannot be changed: they name the account and its listings. Add another account"
        )
    return changed


def differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The paths at which two accounts' data differ."""
    for name in [*old, *(name for name in new if name not in old)]:
        path = f"{above}{name}"
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from differences(before, after, f"{path}.")
        elif before != after:
            yield path
