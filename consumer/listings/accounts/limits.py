"""Limits that a seller sets for an account, kept beside those of the channel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.listings.rules.section import Section

_COSTS = {"listings": Cost(call=0, listing=1), "calls": Cost(call=1)}


class OwnLimit(Section):
    """At most so many listings (or calls) in so many seconds, all processes together."""

    name: str = Field("own", pattern=r"^[a-z0-9-]{1,32}$", description="A name of your own; it is counted under it.")
    amount: int = Field(ge=1, description="How many.")
    period: float = Field(ge=1, le=30 * 86_400, description="In how many seconds.")
    counts: Literal["listings", "calls"] = Field("listings", description="What is counted: listings sent, or calls.")

    def limit(self) -> Limit:
        """As delivery keeps it."""
        return Limit(self.name, self.amount, self.period, costs=dict.fromkeys(Operation, _COSTS[self.counts]))
