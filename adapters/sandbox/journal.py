"""What arrived, in arrival order: the witness for "never an older state after a newer one", and calls and bytes by
route. Bounded: the oldest entries go first and are counted."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

_LIMIT = 500_000


@dataclass(slots=True)
class JournalEntry:
    """One entry of one write. number: arrival order over all sellers. time: seconds since the epoch, at arrival.

    price, quantity, title: what the call carries; for calls that carry none of them, what the records say then.
    status: None while the call is under way. effect: "pending", "done", "refused", "silent" (answered as done,
    nothing done), "lost" (the connection was cut before the effect). answered: False when the answer was cut off.
    offer_id: the vendor's own number of what was written, where it has one. error_id: the vendor's number or code.
    """

    number: int
    time: float
    seller: str
    operation: str
    sku: str
    offer_id: str
    price: str | None
    quantity: int | None
    title: str | None
    status: int | None = None
    error_id: int | str | None = None
    effect: str = "pending"
    answered: bool = True


@dataclass(slots=True)
class RouteCount:
    """Calls of one route. entries: listings they concerned; bytes: bodies only."""

    calls: int = 0
    entries: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


class Journal:
    """All writes since the start or the last `clear`."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=limit)
        self._number = 0
        self.counts: dict[str, RouteCount] = {}

    def add(self, entry: JournalEntry) -> JournalEntry:
        """Note an arrival; its number is given here."""
        self._number += 1
        entry.number = self._number
        self._entries.append(entry)
        return entry

    def select(self, *, after: int = 0, limit: int | None = None, sku: str | None = None) -> list[JournalEntry]:
        """Entries with a number above `after`, oldest first."""
        start = max(0, after - self.dropped)
        found: Iterator[JournalEntry] = (e for e in islice(self._entries, start, None) if sku in (None, e.sku))
        return list(islice(found, limit))

    @property
    def dropped(self) -> int:
        """Entries that are no longer kept."""
        return self._number - len(self._entries)

    def clear(self) -> None:
        """Forget entries and counts; numbers start again."""
        self._entries.clear()
        self._number = 0
        self.counts.clear()

    def count(self, route: str, status: int, *, entries: int, bytes_in: int, bytes_out: int) -> None:
        """Note an answered (or cut) call. status 0 stands for a cut connection."""
        row = self.counts.setdefault(route, RouteCount())
        row.calls += 1
        row.entries += entries
        row.bytes_in += bytes_in
        row.bytes_out += bytes_out
        row.statuses[str(status)] += 1

    def summary(self) -> dict[str, Any]:
        """Counts by route and this process's own CPU time in seconds."""
        return {"routes": self.counts, "entries": self._number, "cpu_seconds": time.process_time()}
