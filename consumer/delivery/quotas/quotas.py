"""Asked before each call whether the quotas allow it; says what to lease. Pure: facts in, commands out, time given.

An account without limits is never held up. While MongoDB is away, what was leased may be used; then calls wait.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.errors import RateLimitedError
from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.delivery.quotas.bucket import Bucket
from consumer.delivery.quotas.filling import possible, worthwhile
from consumer.delivery.quotas.leases import Ask, Lease, Quota
from consumer.delivery.quotas.ledger import Slice
from consumer.delivery.work import AccountKey

JOB = "job"
"""The operation of calls that carry many commands, of any kind."""

# Seconds between two questions while MongoDB does not answer.
_PAUSE = 1.0


class Figures(NamedTuple):
    """How one quota stands, as far as this process knows. waited: seconds that calls had to wait for it, in all."""

    key: str
    used: int
    left: int
    waited: float


class Quotas:
    """All quotas of this process. accounts: those whose calls count, with what they count for."""

    def __init__(self, accounts: Mapping[AccountKey, Sequence[Quota]]) -> None:
        self._buckets = {quota.key: Bucket(quota) for quotas in accounts.values() for quota in quotas}
        self._of = {account: [self._buckets[q.key] for q in quotas] for account, quotas in accounts.items() if quotas}
        self._returned: list[Ask] = []
        self._asking = False
        self._ask_at = 0.0
        self.away = False

    def room(self, account: AccountKey, now: float, operation: str, most: int, *, urgent: bool, least: int = 1) -> int:
        """How many listings, up to `most`, a call of this kind may have now. What it lacks is leased next.

        least: weight of the first command; with less there is no room. One that weighs more than there ever is at once
        goes with what there can be, and later calls wait for the rest.
        """
        counted = self._counted(account, operation)
        fits = [cost.fits(bucket.units(now, urgent=urgent), most) for bucket, cost in counted]
        enough = True
        for (bucket, cost), fit in zip(counted, fits, strict=True):
            needed = possible(bucket.quota.limit, cost, least)
            if fit < needed:
                enough = False
                worth = _worth(bucket, cost, counted, most)
                bucket.pool(urgent=urgent).want(cost.of(needed), cost.of(most), worth)
        return max(least, min(fits, default=most)) if enough else 0

    def spend(self, account: AccountKey, now: float, operation: str, listings: int, *, urgent: bool) -> float:
        """A call starts, for which there was room. Returns until when it may be sent: then its units count no more."""
        until = math.inf
        for bucket, cost in self._counted(account, operation):
            until = min(until, bucket.spend(cost.of(listings), now, urgent=urgent))
            pool = bucket.pool(urgent=urgent)
            if pool.is_low(now):
                pool.want(cost.of(1), cost.of(listings))
        return until

    def follow(self, account: AccountKey, quotas: Sequence[Quota], now: float) -> None:
        """The account's calls count for these from now on. What nobody needs any more goes back to other processes."""
        self._of.pop(account, None)
        if quotas:
            self._of[account] = [self._bucket(quota) for quota in quotas]
        wanted = {bucket.quota.key for buckets in self._of.values() for bucket in buckets}
        for key in self._buckets.keys() - wanted:
            self._returned += _unused(self._buckets.pop(key), now)

    def answered(self, account: AccountKey, operation: str, errors: Sequence[Exception | None]) -> None:
        """A call came back. Where the channel says that it was too much, the bucket shrinks for all processes."""
        limits = [error for error in errors if isinstance(error, RateLimitedError)]
        if limits and account in self._of:
            delay = max(error.delay or 0.0 for error in limits)
            for bucket, _ in self._counted(account, operation):
                bucket.refused(delay)

    def to_lease(self, now: float) -> Lease | None:
        """What to ask MongoDB for now. Asked after `room`, one question at a time."""
        if self._asking or now < self._ask_at:
            return None
        asks = [ask for bucket in self._buckets.values() if (ask := bucket.ask(now)) is not None]
        # One quota stands in a question once: one that came back meanwhile waits for the next.
        asked = {ask.quota.key for ask in asks}
        asks += [ask for ask in self._returned if ask.quota.key not in asked]
        self._returned = [ask for ask in self._returned if ask.quota.key in asked]
        if not asks:
            return None
        self._asking = True
        return Lease(tuple(asks), now)

    def leased(self, lease: Lease, found: Mapping[str, Slice], now: float) -> None:
        """Answer to `Lease`, by the quota's key."""
        self._asking = self.away = False
        for ask in lease.asks:
            if bucket := self._buckets.get(ask.quota.key):
                bucket.given(ask, found[ask.quota.key], lease.asked, now)

    def not_leased(self, lease: Lease, now: float) -> None:
        """`Lease` could not be done: our store is away."""
        self._asking = False
        self.away = True
        self._ask_at = now + _PAUSE
        for ask in lease.asks:
            if bucket := self._buckets.get(ask.quota.key):
                bucket.not_given(ask)

    def dry_for(self, account: AccountKey, now: float, *, urgent: bool) -> float:
        """Seconds for which no call of this kind can start, because a quota of the account is used up."""
        buckets = self._of.get(account, ())
        dry = [bucket.pool(urgent=urgent).dry_until - now for bucket in buckets if not bucket.units(now, urgent=urgent)]
        return max(0.0, *dry) if dry else 0.0

    def give_back(self, now: float) -> Lease | None:
        """At the end: whatever is held goes back to the others."""
        asks = tuple(ask for bucket in self._buckets.values() for ask in _unused(bucket, now))
        return Lease(asks, now) if asks else None

    def next_due(self, now: float) -> float | None:
        """When there is something to lease or to give back although nothing happens."""
        if self._asking:
            return None
        times = [pool.next_due(now) for b in self._buckets.values() for pool in (b.urgent, b.ordinary)]
        due = min((time for time in times if time is not None), default=self._ask_at)
        return max(due, self._ask_at) if due > now else None

    def figures(self) -> list[Figures]:
        """How every quota stands."""
        return [
            Figures(b.quota.key, b.used, b.left, b.urgent.waited + b.ordinary.waited) for b in self._buckets.values()
        ]

    def _bucket(self, quota: Quota) -> Bucket:
        """The one that counts already, by the limit as it is now; or a new one."""
        bucket = self._buckets.get(quota.key)
        if bucket is None:
            bucket = self._buckets[quota.key] = Bucket(quota)
        bucket.quota = quota
        return bucket

    def _counted(self, account: AccountKey, operation: str) -> list[tuple[Bucket, Cost]]:
        found = [(bucket, _cost(bucket.quota.limit, operation)) for bucket in self._of.get(account, ())]
        return [(bucket, cost) for bucket, cost in found if cost is not None]


def _cost(limit: Limit, operation: str) -> Cost | None:
    return limit.jobs if operation == JOB else limit.costs.get(Operation(operation))


def _worth(bucket: Bucket, cost: Cost, counted: Sequence[tuple[Bucket, Cost]], most: int) -> int:
    """Units that make a call worth it. Only what refills steadily is waited for: there it is never for long."""
    if not bucket.quota.limit.refills:
        return 0
    steady = [(other.quota.limit, each) for other, each in counted if other.quota.limit.refills]
    return cost.of(worthwhile(steady, most))


def _unused(bucket: Bucket, now: float) -> list[Ask]:
    """What gives back all that the bucket holds; it is empty after that."""
    bucket.urgent.drop()
    bucket.ordinary.drop()
    unused = (*bucket.urgent.unused(now), *bucket.ordinary.unused(now))
    return [Ask(bucket.quota, unused=unused)] if unused else []
