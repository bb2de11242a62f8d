"""Walking pages that are counted by position while the orders on them change.

Within a window that has an end, orders only ever leave: one that changes again gets a later time. Those behind it then
move forward, and the place where the next page would begin has passed some of them. So whoever sees that the number
fell goes back by as many: an order comes twice at worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.order_amounts import time_of, utc_text
from adapters.orders import ExpiredCursorError


@dataclass(frozen=True, slots=True)
class Position:
    """Where a walk stands. leg: which of several walks one after another. until: end of the window. place: records
    to skip. total: how many there were in the window when last asked, None = not asked yet."""

    until: datetime
    place: int = 0
    total: int | None = None
    leg: int = 0

    def after(self, size: int, total: int) -> Position | None:
        """Behind a page of up to `size` records of `total` now; None where that was the last one."""
        gone = max(0, (total if self.total is None else self.total) - total)
        place = max(0, self.place - gone) if gone else self.place + size
        return Position(self.until, place, total, self.leg) if place < total or gone else None

    def __str__(self) -> str:
        total = "" if self.total is None else str(self.total)
        return f"{self.leg}|{utc_text(self.until)}|{self.place}|{total}"


def position_of(cursor: str) -> Position:
    """Out of a cursor's text. Raises ExpiredCursorError for one that this channel never gave."""
    parts = cursor.split("|")
    until = time_of(parts[1]) if len(parts) == 4 else None
    if until is None or not parts[0].isdigit() or not parts[2].isdigit():
        raise ExpiredCursorError(f"This is no cursor of ours: {cursor[:80]!r}")
    return Position(until, int(parts[2]), int(parts[3]) if parts[3].isdigit() else None, int(parts[0]))
