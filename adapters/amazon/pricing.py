"""Further prices of an offer, from attributes of the product that the account names: for businesses, a sale between two
days, the bounds for Amazon's repricing, the list price. Pure.

Where they stand in the offer: "Map product attributes" of Amazon's developer documentation; a sale's days are written
as 2026-11-24. They are prices with VAT in the marketplace's currency, as the price itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters.model import Problem
from adapters.values import value_object

_CENT = Decimal("0.01")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_HIGHEST = Decimal(10_000_000)


class PriceAttributes(BaseModel):
    """Name of the product's attribute that holds each price; "" = none is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business: str = Field("", description="For Amazon Business customers (audience B2B).")
    sale: str = Field("", description="While a sale lasts; needs sale_from and sale_to.")
    sale_from: str = Field("", description="The sale's first day: 2026-11-24 or 24/11/2026.")
    sale_to: str = Field("", description="The sale's last day.")
    minimum: str = Field("", description="The lowest price that Amazon's own repricing may set.")
    maximum: str = Field("", description="The highest price that Amazon's own repricing may set.")
    list_price: str = Field("", description="The price recommended by the maker.")

    @model_validator(mode="after")
    def _a_sale_has_days(self) -> PriceAttributes:
        named = (bool(self.sale), bool(self.sale_from), bool(self.sale_to))
        if any(named) and not all(named):
            raise ValueError("a sale needs all of sale, sale_from and sale_to: Amazon takes no sale without its days")
        return self

    @property
    def names(self) -> frozenset[str]:
        """Attributes that are prices, and no facts of the product."""
        return frozenset(name for name in self.model_dump().values() if name)


@value_object
class Sale:
    """A lower price from the first day to the last."""

    price: Decimal
    first: date
    last: date


@value_object
class Prices:
    """What stands beside the price itself; None = nothing is said."""

    business: Decimal | None = None
    sale: Sale | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    list_price: Decimal | None = None


NO_PRICES = Prices()


def read_prices(attributes: Mapping[str, Sequence[str]], named: PriceAttributes) -> Prices:
    """The prices that can be read; what cannot be, `problems` tells, and nothing is sent before it is mended."""
    price, first, last = (_text(attributes, name) for name in (named.sale, named.sale_from, named.sale_to))
    amount, begins, ends = _amount(price), _day(first), _day(last)
    complete = amount is not None and begins is not None and ends is not None
    return Prices(
        business=_amount(_text(attributes, named.business)),
        sale=Sale(amount, begins, ends) if complete and amount and begins and ends else None,
        minimum=_amount(_text(attributes, named.minimum)),
        maximum=_amount(_text(attributes, named.maximum)),
        list_price=_amount(_text(attributes, named.list_price)),
    )


def price_problems(
    attributes: Mapping[str, Sequence[str]], named: PriceAttributes, price: Decimal, of: str = ""
) -> Iterator[Problem]:
    """What of these prices Amazon would refuse, or nobody can read. of: the variant that is meant."""
    yield from _unreadable(attributes, named, of)
    found = read_prices(attributes, named)
    if found.minimum is not None and found.minimum > price:
        yield _problem(of, "below_minimum", "The price is below the lowest one allowed", named.minimum, found.minimum)
    if found.maximum is not None and found.maximum < price:
        yield _problem(of, "above_maximum", "The price is above the highest one allowed", named.maximum, found.maximum)
    if found.sale is not None and found.sale.price >= price:
        yield _problem(of, "sale_not_lower", "The sale price is not below the price", named.sale, found.sale.price)
    if found.sale is not None and found.sale.last < found.sale.first:
        yield _problem(of, "sale_ends_first", "The sale ends before it begins", named.sale_to, found.sale.last)
    if found.sale is not None and found.minimum is not None and found.sale.price < found.minimum:
        words = "The sale price is below the lowest one allowed"
        yield _problem(of, "sale_below_minimum", words, named.sale, found.sale.price)


def _unreadable(attributes: Mapping[str, Sequence[str]], named: PriceAttributes, of: str) -> Iterator[Problem]:
    for name in (named.business, named.sale, named.minimum, named.maximum, named.list_price):
        text = _text(attributes, name)
        if text and _amount(text) is None:
            yield _problem(of, "no_price", f"{name} is no price from 0.01 to {_HIGHEST}", name, text)
    days = [_text(attributes, name) for name in (named.sale_from, named.sale_to)]
    for name, text in zip((named.sale_from, named.sale_to), days, strict=True):
        if text and _day(text) is None:
            yield _problem(of, "no_day", f"{name} is no day such as 2026-11-24 or 24/11/2026", name, text)
    price = _text(attributes, named.sale)
    if price and not all(days):
        yield _problem(of, "sale_without_days", "A sale needs its first and its last day", named.sale, price)


def _problem(of: str, rule: str, words: str, name: str, value: object) -> Problem:
    said = f"Variant {of}: {words}" if of else words
    return Problem("price", rule, said, f"Correct the attribute {name} in the PIM, or take it away.", str(value))


def _text(attributes: Mapping[str, Sequence[str]], name: str) -> str:
    return next((value.strip() for value in attributes.get(name, ()) if value.strip()), "") if name else ""


def _amount(text: str) -> Decimal | None:
    """A price in cents as people write it: 1234.50, 1.234,50 or 1234,5; None where it is none."""
    bare = text.replace("€", "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if "," in bare and bare.rfind(",") > bare.rfind("."):
        bare = bare.replace(".", "").replace(",", ".")
    try:
        amount = Decimal(bare.replace(",", "")) if bare else None
    except InvalidOperation:
        return None
    if amount is None or not amount.is_finite():
        return None
    amount = amount.quantize(_CENT, ROUND_HALF_UP) if abs(amount) <= _HIGHEST else amount
    return amount if 0 < amount <= _HIGHEST else None


def _day(text: str) -> date | None:
    if not (found := _DAY.fullmatch(text[:10])):
        return None
    year, month, day, day_first, month_second, year_last = found.groups()
    try:
        return date(int(year or year_last), int(month or month_second), int(day or day_first))
    except ValueError:
        return None
