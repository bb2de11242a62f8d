"""Floor and ceiling: brakes on what a price may be once all rules are applied. A price beyond them is a problem for a
person, never moved to the bound in silence: whatever made it wrong would be sold all the same."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, model_validator

from adapters.model import Problem
from consumer.listings.product import Prices
from consumer.listings.rules.basis import PriceBasis, basis_of
from consumer.listings.rules.section import Section
from consumer.listings.rules.vat import Taxes, gross

_HUNDRED = Decimal(100)


class Bound(Section):
    """A price, or one made from a price of the PIM, or both: then the stricter counts. With VAT, as the buyer pays."""

    amount: Decimal | None = Field(None, gt=0, description="In the account's currency, VAT included.")
    basis: PriceBasis | None = Field(None, description="The PIM price it is reckoned from: list, retail or sale.")
    percent: Decimal = Field(Decimal(0), gt=-100, le=10000, description="Added to that price, in percent of it.")
    plus: Decimal = Field(Decimal(0), description="Then added, in the account's currency, VAT included.")
    vat_included: bool | None = Field(
        None,
        description="Whether that PIM price includes VAT, where it is otherwise than the others (a purchase price).",
    )

    @model_validator(mode="after")
    def _means_something(self) -> Bound:
        if self.amount is None and self.basis is None:
            raise ValueError("give amount, or basis with percent or plus, or both")
        if self.basis is None and (self.percent or self.plus or self.vat_included is not None):
            raise ValueError("percent, plus and vat_included need a basis: list, retail or sale")
        return self

    def figures(self, prices: Prices, taxes: Taxes) -> tuple[Decimal, ...] | Problem:
        """What a price may not pass, for a product with these prices; a bound that cannot be reckoned is a Problem."""
        fixed = () if self.amount is None else (self.amount,)
        if self.basis is None:
            return fixed
        figure, path = basis_of(prices, self.basis)
        base = gross(figure, path, prices, taxes, vat_included=self.vat_included)
        if isinstance(base, Problem):
            return base
        return (*fixed, base * (_HUNDRED + self.percent) / _HUNDRED + self.plus)

    def __str__(self) -> str:
        own = "" if self.basis is None else f"{self.basis} price{_signed(self.percent, ' %')}{_signed(self.plus, '')}"
        return " or ".join(filter(None, ("" if self.amount is None else str(self.amount), own)))


def out_of_bounds(
    price: Decimal, prices: Prices, taxes: Taxes, *, floor: Bound | None, ceiling: Bound | None
) -> Problem | None:
    """Why this price must not leave, if it must not."""
    for bound, name in ((floor, "floor"), (ceiling, "ceiling")):
        if bound is None:
            continue
        figures = bound.figures(prices, taxes)
        if isinstance(figures, Problem):
            return figures
        limit = max(figures) if name == "floor" else min(figures)
        if price < limit if name == "floor" else price > limit:
            return _beyond(price, limit, name, bound)
    return None


def _beyond(price: Decimal, limit: Decimal, name: str, bound: Bound) -> Problem:
    side = "below" if name == "floor" else "above"
    return Problem(
        field="price",
        rule=f"{side}_{name}",
        message=f"the price {price} is {side} the account's {name} of {limit.quantize(Decimal('0.01'))} ({bound})",
        cure=f"Correct the product's prices in the PIM, or the account's price rules, or its {name}. The channel keeps"
        " the last price until then.",
        value=str(price),
    )


def _signed(figure: Decimal, unit: str) -> str:
    return f" {'+' if figure > 0 else '-'} {abs(figure)}{unit}" if figure else ""
