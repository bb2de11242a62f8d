"""The stock a channel is told: the PIM's figure, with a reserve kept back. The raw figure stays beside it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from adapters.model import Problem
from adapters.values import value_object
from consumer.listings.rules.conditions import Names
from consumer.listings.rules.section import Section


@value_object
class Stock:
    """raw: pieces, or units, that the PIM has, below zero when oversold. offered: what the channel is told."""

    raw: int
    offered: int


class StockRules(Section):
    """How the PIM's quantity becomes the channel's, in this order; empty = it is the same."""

    locations: Names = Field((), description="Places whose stock counts, added up; empty = the product's own figure.")
    minimum: int = Field(0, ge=0, description="With less than this in the PIM the product counts as sold out.")
    buffer: int = Field(0, ge=0, description="So many are kept back.")
    zero_below: int = Field(0, ge=0, description="A remainder below this is told as 0.")
    cap: int | None = Field(None, ge=0, description="Never more than this is told.")


def offered_stock(
    quantity: int | Problem, locations: Mapping[str, int | Problem] | Problem | None, rules: StockRules, sold: int = 0
) -> Stock | Problem:
    """What the channel is told. A figure that is missing is a Problem and never a zero.

    sold: pieces, or units, that a channel sold and the PIM has not taken off yet.
    """
    raw = _sum(locations, rules.locations) if rules.locations else quantity
    if isinstance(raw, Problem):
        return raw
    there = raw - sold
    left = there - rules.buffer
    if there < rules.minimum or left < rules.zero_below or left <= 0:
        # The PIM goes below zero when more was sold than there was: nothing is left to sell, and that is known.
        return Stock(raw, 0)
    return Stock(raw, left if rules.cap is None else min(left, rules.cap))


def _sum(locations: Mapping[str, int | Problem] | Problem | None, chosen: Names) -> int | Problem:
    """Of the places the PIM knows for this product: many do not name a place with nothing in it."""
    if isinstance(locations, Problem):
        return locations
    found = [locations[place] for place in chosen if place in locations] if locations else []
    if not found:
        return Problem(
            field="quantity",
            rule="missing",
            message=f"the PIM has no stock figure for {' or '.join(chosen)}",
            cure="Fill the stock of one of these places in the PIM, or choose others for the account.",
            value=", ".join(locations or ()),
        )
    wrong = next((stock for stock in found if isinstance(stock, Problem)), None)
    return wrong if wrong is not None else sum(stock for stock in found if not isinstance(stock, Problem))
