"""Limits that a seller sets for an account: beside those of the channel, or, by the same name, in place of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pydantic import Field

from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.listings.rules.section import Section

_COSTS = {"listings": Cost(call=0, listing=1), "calls": Cost(call=1)}


class OwnLimit(Section):
    """At most so many listings (or calls) in so many seconds, all processes together."""

    name: str = Field("own", pattern=r"^[A-Za-z0-9-]{1,32}$", description="A name of your own; it is counted under it.")
    amount: int = Field(ge=1, description="How many.")
    period: float = Field(ge=1, le=30 * 86_400, description="In how many seconds.")
    counts: Literal["listings", "calls"] = Field("listings", description="What is counted: listings sent, or calls.")

    def limit(self) -> Limit:
        """As delivery keeps it."""
        return Limit(self.name, self.amount, self.period, costs=dict.fromkeys(Operation, _COSTS[self.counts]))


def limits_in_force(channel: Iterable[Limit], own: Iterable[Limit]) -> tuple[Limit, ...]:
    """What an account's calls are held to.

    An own limit with the name of one of the channel's says what the vendor grants this seller: it is counted as the
    channel's is, with the seller's amount and period. One call must fit, or nothing could be sent any more.
    """
    given = {limit.name: limit for limit in own}
    kept = [_granted(limit, given.pop(limit.name, None)) for limit in channel]
    return (*kept, *given.values())


def _granted(limit: Limit, own: Limit | None) -> Limit:
    if own is None:
        return limit
    return replace(limit, amount=max(own.amount, limit.dearest), period=own.period, resets=None)
