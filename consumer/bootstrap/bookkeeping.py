"""Refuses to start when a field that listings depend on is set to be ignored: its changes would reach no channel."""

from __future__ import annotations

from collections.abc import Iterable

from consumer.errors import SettingsError
from consumer.listings.fields import SHOWN
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
