"""What was leased of one limit, by whichever process: the pure arithmetic of the document that all of them share.

A slice is leased for a short life, after which it may not be used any more. So everything that can still arrive at the
channel in a span of time was leased in that span, or one life plus one flight before it; no more than the amount is
leased in so long, and never more can arrive, whatever processes do: crash, freeze, lose answers. A crash wastes its
slice, and nothing else.

All times are seconds since 1970 by MongoDB's clock, which processes need not agree with: they count a slice's life from
before they asked for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from adapters.rate_limits import Limit

# A slice is at most this share of what is left, so that processes which need more at once share it.
_SHARE = 4
# Longest and shortest life of a slice, seconds: long enough to be worth a question, short enough to waste little.
_LIVES = (0.5, 30.0)
# Longest time a call may be under way before the channel counts it.
_FLIGHT = 5.0
# While the bucket is shrunk, the amount holds for spans of this length too, in proportion.
_PACED = 60.0
# The bucket shrinks to this share of the limit at most, and grows back to all of it in so many seconds.
_LEAST_PACE = 1 / 16
_RECOVERY = (60.0, 600.0)


class Grant(NamedTuple):
    """Units leased, the newest of them at this time."""

    at: float
    units: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """One limit's count. grants: oldest first. latest: the newest time seen; the count never goes back behind it.

    pace: share of the limit that held at `paced_at`, 1 = all of it. closed_until: nothing is leased before.
    """

    grants: tuple[Grant, ...] = ()
    latest: float = 0.0
    pace: float = 1.0
    paced_at: float = 0.0
    closed_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Want:
    """Units a process would like to have: `least` makes one call possible, less is of no use. most 0: nothing.

    worth: less than so many makes a call that wastes another quota. It counts as the least, as far as there can be so
    many at once.
    """

    least: int = 0
    most: int = 0
    worth: int = 0


NOTHING = Want()


class Portion(NamedTuple):
    """Units for one kind of calls. wait: seconds before it is worth asking again, where nothing was given."""

    units: int = 0
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What was leased, for urgent calls and for any call. at: the lease's own time, to give units back.

    life: seconds the units may be used, from before they were asked for. used, left: what is leased in the limit's
    period, and what nobody has leased.
    """

    urgent: Portion
    ordinary: Portion
    at: float
    life: float
    used: int
    left: int


def lease(ledger: Ledger, limit: Limit, urgent: Want, ordinary: Want, now: float) -> tuple[Ledger, Slice]:
    """Lease what is wanted, as far as there is any. Ordinary calls leave the reserve to urgent ones."""
    ledger = _aged(ledger, limit, now)
    now = ledger.latest
    opens, closes = _opening(limit, now)
    opens = max(opens, ledger.closed_until)
    if now < opens:
        urgent = ordinary = NOTHING
    urgent = _waiting(urgent, _bounds(ledger, limit, now, urgent=True))
    ordinary = _waiting(ordinary, _bounds(ledger, limit, now, urgent=False))
    first = _portion(urgent, left_of(ledger, limit, now))
    second = _portion(ordinary, left_of(ledger, limit, now, urgent=False) - first)
    if first + second:
        ledger = replace(ledger, grants=_merged((*ledger.grants, Grant(now, first + second)), limit, now))

    def portion(units: int, want: Want, *, is_urgent: bool) -> Portion:
        wait = _wait(ledger, limit, want.least, now, urgent=is_urgent) if want.most and not units else 0.0
        return Portion(units, max(wait, opens - now))

    return ledger, Slice(
        portion(first, urgent, is_urgent=True),
        portion(second, ordinary, is_urgent=False),
        at=now,
        life=min(life_of(limit), closes - now),
        used=used_of(ledger, limit, now),
        left=left_of(ledger, limit, now),
    )


def give_back(ledger: Ledger, limit: Limit, slices: Iterable[Grant], now: float) -> Ledger:
    """Units that were leased at these times and will never be used count no more."""
    ledger = _aged(ledger, limit, now)
    grants = list(ledger.grants)
    for at, units in slices:
        # Grants are merged under the time of the newest: it is in the first one that is not older.
        place = next((n for n, grant in enumerate(grants) if grant.at >= at), None)
        if place is not None and at > _counted_from(limit, ledger.latest):
            grants[place] = Grant(grants[place].at, max(0, grants[place].units - units))
    return replace(ledger, grants=tuple(grant for grant in grants if grant.units))


def throttle(ledger: Ledger, limit: Limit, delay: float, now: float) -> Ledger:
    """The channel said that it was too much, and asked for `delay` seconds of rest (0: it did not say).

    The bucket shrinks to half, once for all calls that were under way together, and grows back by and by.
    """
    ledger = _aged(ledger, limit, now)
    now = ledger.latest
    closed = max(ledger.closed_until, now + delay)
    # The same happening, told by several calls or processes.
    if ledger.pace < 1 and now - ledger.paced_at < life_of(limit) + flight_of(limit):
        return replace(ledger, closed_until=closed)
    pace = max(_LEAST_PACE, pace_of(ledger, limit, now) / 2)
    return replace(ledger, pace=pace, paced_at=max(now, closed), closed_until=closed)


def left_of(ledger: Ledger, limit: Limit, now: float, *, urgent: bool = True) -> int:
    """Units that can be leased now for calls of this kind, were it not closed."""
    bounds = _bounds(ledger, limit, now, urgent=urgent)
    return max(0, min(bound.amount - _used(ledger.grants, bound.since) for bound in bounds))


def used_of(ledger: Ledger, limit: Limit, now: float) -> int:
    """Units leased in the limit's period up to now."""
    return _used(ledger.grants, _counted_from(limit, max(now, ledger.latest)))


def pace_of(ledger: Ledger, limit: Limit, now: float) -> float:
    """The share of the limit that holds now: 1 but for some time after a refusal."""
    recovery = min(max(10 * limit.period, _RECOVERY[0]), _RECOVERY[1])
    return min(1.0, ledger.pace + max(0.0, now - ledger.paced_at) / recovery)


def life_of(limit: Limit) -> float:
    """How long a slice may be used, seconds."""
    return min(max(limit.period / 10, _LIVES[0]), _LIVES[1])


def flight_of(limit: Limit) -> float:
    """How long a call may be under way before the channel counts it, seconds."""
    return min(limit.period / 10, _FLIGHT)


def _aged(ledger: Ledger, limit: Limit, now: float) -> Ledger:
    """Without what counts no more. A clock that was set back stands still until it has caught up."""
    now = max(now, ledger.latest)
    since = _counted_from(limit, now)
    kept = _merged((grant for grant in ledger.grants if grant.at > since), limit, now)
    pace = pace_of(ledger, limit, now)
    if pace >= 1:
        return replace(ledger, grants=kept, latest=now, pace=1.0, paced_at=0.0)
    return replace(ledger, grants=kept, latest=now)


class _Bound(NamedTuple):
    """At most `amount` units may be leased later than `since`."""

    amount: int
    since: float


def _bounds(ledger: Ledger, limit: Limit, now: float, *, urgent: bool) -> list[_Bound]:
    amounts = [(float(limit.amount), _counted_from(limit, now))]
    pace = pace_of(ledger, limit, now)
    if pace < 1:
        span = min(limit.period, _PACED)
        amounts.append((pace * limit.amount * span / limit.period, now - span - life_of(limit) - flight_of(limit)))
    kept = 1.0 if urgent else 1.0 - limit.reserve
    # However little there is, one call is possible.
    return [_Bound(max(limit.dearest, math.floor(amount * kept)), since) for amount, since in amounts]


def _counted_from(limit: Limit, now: float) -> float:
    """What was leased after this time counts now."""
    if limit.resets is not None:
        return limit.window(now)[0]
    if limit.refills:
        # Late use is no loss to a bucket, and for one of a few calls a second the margin would be most of the rate.
        return now - limit.period
    return now - limit.period - life_of(limit) - flight_of(limit)


def _opening(limit: Limit, now: float) -> tuple[float, float]:
    """From when until when slices may be used now. Near the vendor's midnight nobody knows which day a call is of."""
    if limit.resets is None:
        return now, float("inf")
    begins, ends = limit.window(now)
    flight = flight_of(limit)
    if now >= ends - flight:
        return ends + flight, ends + flight
    return begins + flight, ends - flight


def _waiting(want: Want, bounds: Iterable[_Bound]) -> Want:
    """What is wanted, and waited for until there is as much as makes a call worth it."""
    reachable = min(want.worth, *(bound.amount for bound in bounds))
    return replace(want, least=max(want.least, reachable))


def _portion(want: Want, left: int) -> int:
    """Less than wanted where little is left, but never too little for a call, nor such that too little stays."""
    if want.most == 0 or left < want.least:
        return 0
    units = max(want.least, left // _SHARE)
    return min(want.most, left if left - units < want.least else units)


def _wait(ledger: Ledger, limit: Limit, units: int, now: float, *, urgent: bool) -> float:
    """Seconds until so many units are left for calls of this kind, if nobody leases any."""
    return max(_wait_under(ledger, bound, units, limit, now) for bound in _bounds(ledger, limit, now, urgent=urgent))


def _wait_under(ledger: Ledger, bound: _Bound, units: int, limit: Limit, now: float) -> float:
    missing = units - (bound.amount - _used(ledger.grants, bound.since))
    if missing > 0 and limit.resets is not None and bound.since == _counted_from(limit, now):
        return limit.window(now)[1] + flight_of(limit) - now
    for grant in ledger.grants:
        if missing <= 0:
            break
        if grant.at > bound.since:
            missing -= grant.units
            if missing <= 0:
                return grant.at - bound.since
    return 0.0


def _used(grants: Iterable[Grant], since: float) -> int:
    return sum(grant.units for grant in grants if grant.at > since)


def _merged(grants: Iterable[Grant], limit: Limit, now: float) -> tuple[Grant, ...]:
    """One grant for each short while, a longer while where it is long past: some dozens, however many leases.

    A merged grant has the time of its newest part, so that it counts too long rather than too short.
    """
    fine = min(limit.period, _PACED) / 20
    coarse = limit.period / 24
    recent = now - 3 * min(limit.period, _PACED)
    merged: list[Grant] = []
    for grant in grants:
        tick = fine if grant.at > recent else coarse
        if merged and int(merged[-1].at / tick) == int(grant.at / tick):
            merged[-1] = Grant(grant.at, merged[-1].units + grant.units)
        else:
            merged.append(grant)
    return tuple(merged)
