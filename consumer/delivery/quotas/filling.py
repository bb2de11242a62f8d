"""How many listings make a call worth it: where they share what a call uses of one quota, small calls would use that
one up while another is left over. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.rate_limits import Cost, Limit

# A call is large enough that brings as many listings through as the best one does, but for so little.
_ENOUGH = 0.99


def worthwhile(counted: Sequence[tuple[Limit, Cost]], most: int) -> int:
    """The smallest number of listings, up to `most`, with which calls bring as many through as can be. 1 or more."""
    most = min((cost.fits(_amount(limit), most) for limit, cost in counted), default=most)
    sizes = range(1, most + 1)
    if not sizes:
        return 1
    times = [max(_seconds(limit, cost.of(size)) for limit, cost in counted) / size for size in sizes]
    return next(size for size, time in zip(sizes, times, strict=True) if _ENOUGH * time <= min(times))


def possible(limit: Limit, cost: Cost, weight: int) -> int:
    """As how many listings a command of this weight must have units: all, or as many as there can ever be at once."""
    return min(weight, max(1, cost.fits(_amount(limit), weight)))


def _amount(limit: Limit) -> int:
    """What ordinary calls may use."""
    return max(limit.dearest, int(limit.amount * (1 - limit.reserve)))


def _seconds(limit: Limit, units: int) -> float:
    return units * limit.period / _amount(limit)
