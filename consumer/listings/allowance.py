"""How often one listing may be written, where the channel counts that for each listing. Pure.

It is counted with the intent, in the listing's own state, so that it is exact over processes and crashes: what may have
been sent counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from adapters.model import Operation
from adapters.rate_limits import Limit, Scope
from adapters.values import value_object

# They may use what is kept in reserve.
_URGENT = frozenset({Operation.REVISE_OFFER, Operation.REVISE_STOCK, Operation.WITHDRAW})


@value_object
class Spent:
    """What a listing has used of its window. since: when that began, UTC."""

    since: datetime
    units: int


@value_object
class UsedUp:
    """The listing may not be written for so many seconds."""

    delay: float


def limit_of(limits: Iterable[Limit]) -> Limit | None:
    """The limit that holds for each listing, if there is one."""
    return next((limit for limit in limits if limit.scope is Scope.LISTING), None)


def spend(
    spent: Spent | None, limit: Limit | None, operation: Operation, now: float, weight: int = 1
) -> Spent | UsedUp | None:
    """What is used after one more command. None: nothing is counted. now: seconds since 1970.

    weight: of the command. One that weighs more than the limit is possible once in a window, or it never would be.
    """
    cost = limit.costs.get(operation) if limit is not None else None
    if limit is None or cost is None:
        return spent
    begins, ends = limit.window(now)
    since = datetime.fromtimestamp(begins, UTC)
    before = spent.units if spent is not None and spent.since >= since else 0
    units = before + cost.of(weight)
    if before and units > limit.amount * (1 if operation in _URGENT else 1 - limit.reserve):
        return UsedUp(ends - now)
    return Spent(since, units)
