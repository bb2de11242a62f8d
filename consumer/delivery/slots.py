"""One slot per listing: at most one state on its way to the channel, at most one waiting, and that is the newest.

This is where promise 3 (never backwards) begins: a state older than the one on its way or the one waiting is
superseded at once, whatever path it came by (live, retry topic, after a rebalance, after a restart). The listing
store's compare-and-set carries the promise over processes.

Finishing a superseded state's record early loses nothing: the newer state that replaces it holds a record of its own
open, and if that one is lost with this process, Kafka delivers it again. For the same reason a state *equal* to the one
on its way is not dropped but waits: the one on its way may belong to a partition that was taken from us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from consumer.delivery.lanes import Lane
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.listings.state import ListingKey


@dataclass(slots=True)
class _Slot:
    in_flight: Work | None = None
    waiting: Work | None = None


class Slots:
    """All slots. `waiting`, `waiting_background`, `waiting_bytes` and `live_by_account` say how full it is."""

    def __init__(self) -> None:
        self._slots: dict[ListingKey, _Slot] = {}
        self.waiting = 0
        self.waiting_background = 0
        self.live_by_account: Counter[AccountKey] = Counter()
        self.waiting_bytes = 0
        self.in_flight = 0

    @property
    def waiting_live(self) -> int:
        """Those that are not background work."""
        return self.waiting - self.waiting_background

    def offer(self, work: Work) -> Work | None:
        """A state came in. Returns the state it made superfluous (maybe itself), whose record is thereby finished."""
        slot = self._slots.setdefault(work.key, _Slot())
        if slot.in_flight is not None and work.sequence < slot.in_flight.sequence:
            return work
        old = slot.waiting
        if old is None:
            self._wait(slot, work)
            return None
        if work.sequence > old.sequence:
            # The newer state inherits urgency and backoff: it must not hammer a channel that just failed.
            # And what was to be sent although nothing changed is now owed by it.
            force = work.force or old.force
            self._wait(slot, replace(work, lane=min(work.lane, old.lane), due=max(work.due, old.due), force=force))
            return old
        if work.sequence == old.sequence:
            old = _merge(old, work)
        self._wait(slot, replace(old, lane=min(work.lane, old.lane), force=work.force or old.force))
        return work

    def ready(self, key: ListingKey) -> Work | None:
        """The waiting state, if nothing of the listing is in flight."""
        slot = self._slots.get(key)
        return slot.waiting if slot is not None and slot.in_flight is None else None

    def take(self, key: ListingKey) -> Work:
        """The waiting state is on its way now."""
        slot = self._slots[key]
        work = slot.waiting
        if work is None or slot.in_flight is not None:
            raise LookupError(f"{key} has nothing to take")
        self._wait(slot, None)
        slot.in_flight = work
        self.in_flight += 1
        return work

    def has_newer(self, key: ListingKey) -> bool:
        """Whether a newer state waits behind the one in flight (an equal one counts: it keeps its own record)."""
        slot = self._slots.get(key)
        return slot is not None and slot.waiting is not None

    def put_back(self, work: Work) -> Work | None:
        """The state in flight must be tried again. Returns what became superfluous: it, if a newer one waits."""
        slot = self._land(work.key)
        waiting = slot.waiting
        if waiting is None:
            self._wait(slot, work)
            return None
        if waiting.sequence == work.sequence:
            waiting = _merge(waiting, work)
        force = work.force or waiting.force
        self._wait(
            slot, replace(waiting, lane=min(work.lane, waiting.lane), due=max(work.due, waiting.due), force=force)
        )
        return work

    def release(self, key: ListingKey) -> None:
        """The state in flight is done with."""
        slot = self._land(key)
        if slot.waiting is None:
            del self._slots[key]

    def drop_waiting(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        """Forget these waiting states, and return them: their records are not finished by that."""
        dropped: list[Work] = []
        for key, slot in list(self._slots.items()):
            if slot.waiting is not None and unwanted(slot.waiting):
                dropped.append(slot.waiting)
                self._wait(slot, None)
                if slot.in_flight is None:
                    del self._slots[key]
        return dropped

    def all_waiting(self) -> Iterator[Work]:
        """Every state that could be taken."""
        return (slot.waiting for slot in self._slots.values() if slot.waiting is not None and slot.in_flight is None)

    def waiting_by_account(self) -> Counter[AccountKey]:
        """How many wait, also behind one in flight."""
        return Counter(account_of(key) for key, slot in self._slots.items() if slot.waiting is not None)

    def all_in_flight(self) -> Iterator[Work]:
        """Every state on its way."""
        return (slot.in_flight for slot in self._slots.values() if slot.in_flight is not None)

    def _land(self, key: ListingKey) -> _Slot:
        slot = self._slots[key]
        if slot.in_flight is None:
            raise LookupError(f"{key} has nothing in flight")
        slot.in_flight = None
        self.in_flight -= 1
        return slot

    def _wait(self, slot: _Slot, work: Work | None) -> None:
        for known, sign in ((slot.waiting, -1), (work, 1)):
            if known is not None:
                self.waiting += sign
                self.waiting_bytes += sign * known.record.size
                if known.lane is Lane.BACKGROUND:
                    self.waiting_background += sign
                else:
                    self.live_by_account[account_of(known.key)] += sign
        slot.waiting = work


def _merge(kept: Work, other: Work) -> Work:
    """Two copies of the same state (an event and its retry record): what was already tried counts once for both."""
    failures = [first for first in (kept.first_failure, other.first_failure) if first is not None]
    suspicions = [last for last in (kept.suspect, other.suspect) if last is not None]
    return replace(
        kept,
        attempts=max(kept.attempts, other.attempts),
        first_failure=min(failures) if failures else None,
        due=max(kept.due, other.due),
        suspect=max(suspicions) if suspicions else None,
    )
