"""One quota in this process: the units it holds of it, what it lacks, and how much it asks for next. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from consumer.delivery.quotas.leases import Ask, Quota
from consumer.delivery.quotas.ledger import NOTHING, Grant, Portion, Slice, Want

# Seconds between two questions for a quota that is used up: others may give units back before their time.
_ASK_AGAIN = (0.05, 10.0)
# So often in a row too little for a call that is worth it is no answer; then whatever there is will do, as others may
# take each unit as it comes.
_PATIENCE = 3


@dataclass(slots=True)
class _Held:
    units: int
    expires: float
    life: float
    at: float


class Pool:
    """Units for one kind of calls. Times are the core's.

    dry_until: when there may be units again, 0 = nothing is known against it. waited: seconds that calls had to wait.
    """

    def __init__(self) -> None:
        self.dry_until = 0.0
        self.waited = 0.0
        self._held: deque[_Held] = deque()
        self._unused: list[Grant] = []
        self._size = 1
        self._least = 0
        self._worth = 0
        self._dry_answers = 0
        self._ask_at = 0.0
        self._dry_since: float | None = None
        self._quick = False
        self._borrowed = 0

    def units(self, now: float) -> int:
        """How many may be used now."""
        while self._held and self._held[0].expires <= now:
            self._let_go(self._held.popleft())
        return sum(held.units for held in self._held)

    def spend(self, units: int, now: float) -> tuple[int, float]:
        """Use up to so many; returns how many are still missing, and until when the used ones may be used."""
        until = math.inf
        while units and self.units(now):
            held = self._held[0]
            until = min(until, held.expires)
            used = min(units, held.units)
            held.units -= used
            units -= used
            if held.units == 0:
                self._held.popleft()
                # Used up early: the next one is larger, so that leasing costs little at high speed.
                self._quick = now < held.expires - held.life / 2
                self._size *= 1 + self._quick
        return units, until

    def borrow(self, units: int) -> None:
        """A call uses so many more than there can be at once. Nothing else is given before they are leased, too."""
        self._borrowed += units
        self._least = max(self._least, min(self._borrowed, 1))

    def want(self, least: int, most: int, worth: int | None = None) -> None:
        """A call would need so many units; up to `most` are of use at once. worth: with fewer it wastes another quota;
        None = as it was said last."""
        self._worth = self._worth if worth is None else worth
        self._least = max(self._least, least)
        self._size = max(self._size, most)

    def is_low(self, now: float) -> bool:
        """Whether what was leased goes quickly and is nearly gone, so that more will be needed soon."""
        if not self._held:
            return self._quick
        last = self._held[-1]
        return 2 * self.units(now) < self._size and now < last.expires - last.life / 2

    def wanted(self, now: float) -> Want:
        """What to ask for now."""
        if not self._least or now < self._ask_at:
            return NOTHING
        worth = self._worth if self._dry_answers < _PATIENCE else 0
        return Want(self._least, max(self._size, self._least, self._borrowed, worth), worth)

    def unused(self, now: float) -> Iterator[Grant]:
        """Slices that ended before they were used up, each told once."""
        self.units(now)
        yield from self._unused
        self._unused.clear()

    def given(self, portion: Portion, found: Slice, asked: float, now: float) -> None:
        """The answer to what was wanted at `asked`."""
        if portion.units:
            self._least = self._dry_answers = 0
            self.dry_until = self._ask_at = 0.0
            self._count_wait(now)
            repaid = min(self._borrowed, portion.units)
            self._borrowed -= repaid
            self._least = min(self._borrowed, 1)
            if portion.units > repaid:
                self._held.append(_Held(portion.units - repaid, asked + found.life, found.life, found.at))
            return
        self._dry_answers += 1
        self.dry_until = now + portion.wait
        self._ask_at = now + min(max(portion.wait, _ASK_AGAIN[0]), _ASK_AGAIN[1])
        self._count_wait(now)
        self._dry_since = now

    def drop(self) -> None:
        """Give up what is held."""
        while self._held:
            held = self._held.popleft()
            self._unused.append(Grant(held.at, held.units))

    def next_due(self, now: float) -> float | None:
        """When there is something to ask for or to give back."""
        times = [held.expires for held in self._held]
        if self._least:
            times.append(self._ask_at)
        return min((time for time in times if time > now), default=None)

    def _let_go(self, held: _Held) -> None:
        self._unused.append(Grant(held.at, held.units))
        if 2 * held.units > self._size:
            self._size = max(1, self._size // 2)

    def _count_wait(self, now: float) -> None:
        if self._dry_since is not None:
            self.waited += now - self._dry_since
            self._dry_since = None


class Bucket:
    """One quota. Urgent calls may use units that were leased for any call too.

    used, left: as MongoDB said last.
    """

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.urgent = Pool()
        self.ordinary = Pool()
        self.used = 0
        self.left = quota.limit.amount
        self._refused: float | None = None

    def units(self, now: float, *, urgent: bool) -> int:
        """How many units a call of this kind may use now."""
        return self.ordinary.units(now) + (self.urgent.units(now) if urgent else 0)

    def spend(self, units: int, now: float, *, urgent: bool) -> float:
        """A call starts that uses so many units. Returns until when it may be sent."""
        if not self.units(now, urgent=urgent) and units:
            raise LookupError(f"{self.quota.key}: a call was started without its units")
        missing, until = self.urgent.spend(units, now) if urgent else (units, math.inf)
        missing, until_too = self.ordinary.spend(missing, now)
        self.pool(urgent=urgent).borrow(missing)
        return min(until, until_too)

    def pool(self, *, urgent: bool) -> Pool:
        """Where units for a call of this kind are asked for."""
        return self.urgent if urgent else self.ordinary

    def refused(self, delay: float) -> None:
        """The channel said that it was too much: nothing that is held may be used any more."""
        self._refused = max(delay, self._refused or 0.0)
        self.urgent.drop()
        self.ordinary.drop()

    def ask(self, now: float) -> Ask | None:
        """What to ask for now; None = nothing."""
        urgent, ordinary = self.urgent.wanted(now), self.ordinary.wanted(now)
        unused = (*self.urgent.unused(now), *self.ordinary.unused(now))
        refused, self._refused = self._refused, None
        if not (urgent.most or ordinary.most or unused or refused is not None):
            return None
        return Ask(self.quota, urgent, ordinary, unused, refused)

    def given(self, ask: Ask, found: Slice, asked: float, now: float) -> None:
        """The answer to `ask`."""
        self.used, self.left = found.used, found.left
        if ask.urgent.most:
            self.urgent.given(found.urgent, found, asked, now)
        if ask.ordinary.most:
            self.ordinary.given(found.ordinary, found, asked, now)

    def not_given(self, ask: Ask) -> None:
        """`ask` was not heard, or its answer got lost. What was given back may count for nothing, a refusal may not."""
        if ask.refused is not None:
            self._refused = max(ask.refused, self._refused or 0.0)
