"""Refuses what would make changes reach no channel: fields that listings depend on, set to be ignored.

Capture does not start with such a setting, and no account is stored with a rule on a field that is ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from consumer.errors import SettingsError
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.errors import AccountError
from consumer.listings.fields import SHOWN
from consumer.listings.rules.sources import behind_bookkeeping
from consumer.paths import overlap, path_of

_VARIABLE = "MARKETSYNC_CAPTURE_BOOKKEEPING"
# What capture itself tells products and versions by.
_IDENTITY = frozenset(("_id", "entity_code", "isCurrent", "status"))


def refuse_shown_fields(bookkeeping: Iterable[str]) -> None:
    """Raises SettingsError naming every field that must not be there."""
    shown = {path_of(field) for field in SHOWN | _IDENTITY}
    wrong = [field for field in bookkeeping if any(overlap(path_of(field), path) for path in shown)]
    if wrong:
        raise SettingsError(
            f"{_VARIABLE} names {', '.join(wrong)}, on which listings depend: changes there would reach no channel."
            " Take it out."
        )


def refuse_ignored_sources(account: AccountDocument, bookkeeping: Collection[str]) -> None:
    """Raises AccountError naming every field that the account's rules read and capture ignores."""
    sources = (*account.content.sources(), *account.categories.sources())
    wrong = behind_bookkeeping(sources, bookkeeping)
    if wrong:
        raise AccountError(
            f"rules of account {account.id} read {', '.join(wrong)}, whose changes {_VARIABLE} has capture ignore: no"
            " channel would hear of them. Read another field, or take it out of that variable"
        )
