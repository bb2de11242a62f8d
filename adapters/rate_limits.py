"""What a channel allows, as data: so many calls in so long, who is counted together, and what a call uses of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from adapters.model import Operation

DAY = 86_400.0


class Scope(StrEnum):
    """Who is counted together: all sellers of an application, one account, one address that calls leave from; or each
    listing for itself."""

    APPLICATION = "application"
    ACCOUNT = "account"
    EGRESS = "egress"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call of `apply` uses of a limit: `call` once, and `listing` for each `group` of its commands, begun or
    full. group: for channels that take so many listings in one request; 1 = each command counts by itself."""

    call: int = 1
    listing: int = 0
    group: int = 1

    def of(self, listings: int) -> int:
        """Units used by a call with so many commands."""
        return self.call + self.listing * -(-listings // self.group)

    def fits(self, units: int, most: int) -> int:
        """How many commands, up to `most`, one call may have with so many units; 0 = not even one."""
        if units < self.of(1):
            return 0
        return most if self.listing == 0 else min(most, (units - self.call) // self.listing * self.group)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` units in `period` seconds.

    name: part of the key its count is kept under; never change it. owner: who is counted, where that is an application:
    its id. costs: what calls use, by operation; one that is not named is not counted. resets: when the vendor's day
    begins, with its time zone, for limits per calendar day; None: the amount holds for every span of that length, which
    is also right (and careful) where nobody knows when the vendor begins to count anew.
    reserve: share that only urgent calls (withdrawals, prices, stock) may use. reading: what a question uses (a call of
    `read_back`, a page of `list_listings`) for each listing and once; None = questions are not counted. jobs: what a
    call of `apply_bulk` uses; None = it is not counted. refills: the vendor keeps a bucket of `amount` that refills
    steadily, so that a call which comes a little late costs the next one nothing.
    """

    name: str
    amount: int
    period: float
    scope: Scope = Scope.ACCOUNT
    owner: str = ""
    costs: Mapping[Operation, Cost] = field(default_factory=lambda: dict.fromkeys(Operation, Cost()))
    resets: time | None = None
    reserve: float = 0.1
    reading: Cost | None = None
    jobs: Cost | None = None
    refills: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a limit that cannot be kept."""
        if self.amount < 1 or self.period < 1:
            raise ValueError(f"{self.name}: a limit is 1 or more in 1 s or more; give a shorter one per second")
        if self.resets is not None and (self.period != DAY or self.resets.tzinfo is None):
            raise ValueError(f"{self.name}: a limit that begins anew at a time of day is one per day, in a time zone")
        if self.dearest > self.amount:
            raise ValueError(
                f"{self.name}: a call for one listing uses {self.dearest}, more than the {self.amount} there are"
            )

    def window(self, now: float) -> tuple[float, float]:
        """Beginning and end of the window that `now` is in, seconds since 1970: the vendor's day, where it says when
        that begins (one with a change of the clocks is longer or shorter), else some span of the period's length."""
        if self.resets is None:
            begins = now // self.period * self.period
            return begins, begins + self.period
        date = datetime.fromtimestamp(now, UTC).astimezone(self.resets.tzinfo).date()
        marks = [datetime.combine(date + timedelta(days), self.resets).timestamp() for days in (-1, 0, 1, 2)]
        begins = max(mark for mark in marks if mark <= now)
        return begins, min(mark for mark in marks if mark > now)

    @property
    def dearest(self) -> int:
        """Units that make any call for one listing possible."""
        return max(cost.of(1) for cost in (*self.costs.values(), self.reading, self.jobs) if cost is not None)
