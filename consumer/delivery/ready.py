"""Which listing is next: per account by lane, and those in backoff when they are due."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import count

from consumer.delivery.lanes import EVERY_LANE, Lane, LaneQueue
from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.listings.state import ListingKey


class Ready:
    """The order in which waiting states are taken. The slots hold the states, this holds the order."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._queues: dict[AccountKey, LaneQueue[ListingKey]] = {}
        self._timers: list[tuple[float, int, ListingKey]] = []
        self._tie = count()

    def add(self, key: ListingKey, now: float) -> None:
        """The listing's waiting state may be taken, at once or when its backoff ends."""
        work = self._slots.ready(key)
        if work is None:
            return
        if work.due > now:
            heapq.heappush(self._timers, (work.due, next(self._tie), key))
            return
        account = account_of(key)
        queue = self._queues.get(account)
        if queue is None:
            queue = self._queues[account] = LaneQueue()
        queue.push(key, work.lane)

    def wake(self, now: float) -> None:
        """Backoffs that have ended."""
        while self._timers and self._timers[0][0] <= now:
            self.add(heapq.heappop(self._timers)[2], now)

    def take(self, account: AccountKey, most: int, now: float, lanes: Sequence[Lane] = EVERY_LANE) -> list[Work]:
        """Up to `most` states of the account and these lanes, most urgent first. They are in flight from now on."""
        queue = self._queues.get(account)
        taken: list[Work] = []
        while queue is not None and len(taken) < most:
            entry = queue.pop(lanes)
            if entry is None:
                if not queue:
                    del self._queues[account]
                break
            key, lane = entry
            work = self._slots.ready(key)
            if work is None or work.lane is not lane:
                continue  # taken already, or moved to a more urgent lane, where another entry stands
            if work.due > now:
                self.add(key, now)
            else:
                taken.append(self._slots.take(key))
        return taken

    def accounts(self) -> list[AccountKey]:
        """Those with something to take (maybe: entries are checked when they are popped)."""
        return list(self._queues)

    def count(self, account: AccountKey, lanes: Sequence[Lane] = EVERY_LANE) -> int:
        """How many of the account and these lanes there are at most."""
        queue = self._queues.get(account)
        return 0 if queue is None else queue.count(lanes)

    def next_due(self) -> float | None:
        """When the next backoff ends."""
        return self._timers[0][0] if self._timers else None

    def rebuild(self, now: float) -> None:
        """Start over from the slots, after waiting states were dropped."""
        self._queues.clear()
        self._timers.clear()
        for work in self._slots.all_waiting():
            self.add(work.key, now)
