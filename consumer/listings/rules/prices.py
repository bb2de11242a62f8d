"""The price a buyer pays: PIM price → promotion → VAT and currency → the first rule that fits → rounding → bounds.

Of the rules the first one that speaks of a product counts, and no other: so a price can be told by one line, and an
account with a rule for each price band has no price that two of them changed.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from pydantic import Field, model_validator

from adapters.model import Money, Problem
from adapters.values import value_object
from consumer.listings.product import Product
from consumer.listings.rules import promotions
from consumer.listings.rules.basis import PriceBasis, basis_of
from consumer.listings.rules.bounds import Bound, out_of_bounds
from consumer.listings.rules.conditions import Band, Conditions
from consumer.listings.rules.rounding import CENT, Rounding
from consumer.listings.rules.vat import Taxes, currency_of, gross, not_positive
from consumer.listings.rules.windows import End, Start, ZoneName, earliest, in_utc, zone

__all__ = ["PriceBasis", "PriceRule", "PriceRules", "Priced", "wanted_price"]

_HUNDRED = Decimal(100)


class PriceRule(Conditions):
    """One line of an account's price rules: for which products, from when until when, and what it does."""

    name: str = Field("", description="For people.")
    price: Band | None = Field(None, description="Only products whose price, before any rule, is one of these.")
    starts: Start = Field(None, description="From this date on.")
    ends: End = Field(None, description="A date is still part of it; with a time, it ends then.")
    basis: PriceBasis | None = Field(None, description="Another PIM price than the account's.")
    percent: Decimal = Field(Decimal(0), gt=-100, le=10000, description="Added, in percent of the price.")
    amount: Decimal = Field(Decimal(0), description="Then added, in the account's currency, VAT included.")
    rounding: Rounding | None = Field(None, description="Instead of the account's.")

    @model_validator(mode="after")
    def _lasts(self) -> PriceRule:
        if (
            self.starts
            and self.ends
            and bool(self.starts.tzinfo) == bool(self.ends.tzinfo)
            and self.starts >= self.ends
        ):
            raise ValueError(f"it starts at {self.starts} and ends before, at {self.ends}")
        return self

    @property
    def catches_all(self) -> bool:
        """Whether no product and no time is left for the rules after it."""
        return self.empty and self.price is None and self.starts is None and self.ends is None


class PriceRules(Taxes):
    """From the PIM's prices to the one a buyer pays."""

    basis: PriceBasis = Field(
        description="Which PIM price is sold: retail, sale (retail where there is no sale) or list. There is no"
        " default: list is often what the goods cost."
    )
    promotions: bool = Field(
        False, description="Whether the PIM's promotions count: while one runs and is lower, it is the price."
    )
    rules: tuple[PriceRule, ...] = Field((), description="In order: the first that speaks of a product counts.")
    rounding: Rounding | None = Field(None, description="Unset = to the cent, half a cent up.")
    timezone: ZoneName = Field("Europe/Rome", description="Whose midnight the dates of the rules mean.")
    floor: Bound | None = Field(None, description="A price below it is not sent: it is a problem.")
    ceiling: Bound | None = Field(None, description="A price above it is not sent: it is a problem.")

    @model_validator(mode="after")
    def _all_can_count(self) -> PriceRules:
        for number, rule in enumerate(self.rules[:-1], start=1):
            if rule.catches_all:
                raise ValueError(f"rule {number} takes every product, so the rules after it never count: put it last")
        return self

    @cached_property
    def windows(self) -> tuple[tuple[PriceRule, datetime | None, datetime | None], ...]:
        """The rules with their beginnings and ends in UTC."""
        local = zone(self.timezone)
        return tuple((rule, in_utc(rule.starts, local), in_utc(rule.ends, local)) for rule in self.rules)


@value_object
class Priced:
    """What a buyer pays, or why nothing may be asked. before: the price before any rule, VAT included, not rounded.

    rule: which of the account's rules counted, from 1; None = none. due: when another may count.
    """

    price: Money | Problem
    before: Decimal | None = None
    rule: int | None = None
    due: datetime | None = None


def wanted_price(product: Product, rules: PriceRules, at: datetime) -> Priced:
    """The price of one unit of the product at this moment, UTC."""
    promoted = promotions.next_change(product, at) if rules.promotions else None
    before, path = _price(product, rules, rules.basis, at)
    if isinstance(before, Problem):
        return Priced(before, due=promoted)
    number, changes = _rule(product, rules, before, at)
    due = earliest((promoted, changes), at)
    rule = None if number is None else rules.rules[number - 1]
    price: Decimal | Problem = before
    if rule is not None and rule.basis is not None:
        price, path = _price(product, rules, rule.basis, at)
    if isinstance(price, Problem):
        return Priced(price, before, number, due)
    return Priced(_finished(price, path, product, rules, rule), before, number, due)


def _rule(product: Product, rules: PriceRules, before: Decimal, at: datetime) -> tuple[int | None, datetime | None]:
    """Which rule counts now, from 1, and when another may.

    That is when it ends, or when one before it begins; what comes after it cannot count while it does.
    """
    due: datetime | None = None
    for number, (rule, starts, ends) in enumerate(rules.windows, start=1):
        if (rule.price is not None and not rule.price.holds(before)) or not rule.hold(product):
            continue
        due = earliest((due, starts, ends), at)
        if (starts is None or starts <= at) and (ends is None or at < ends):
            return number, due
    return None, due


def _price(product: Product, rules: PriceRules, basis: PriceBasis, at: datetime) -> tuple[Decimal | Problem, str]:
    """The PIM's price of this basis, or of a promotion that is lower, as a buyer would pay it; and where it stands."""
    figure, path = basis_of(product.prices, basis)
    price = gross(figure, path, product.prices, rules)
    promoted = promotions.running_price(product, rules, at) if rules.promotions else None
    if isinstance(price, Problem) or promoted is None:
        return price, path
    if isinstance(promoted, Problem) or promoted < price:
        return promoted, promotions.PATH
    return price, path


def _finished(
    price: Decimal, path: str, product: Product, rules: PriceRules, rule: PriceRule | None
) -> Money | Problem:
    """What the rule makes of it, rounded; then the brakes, last of all."""
    if rule is not None:
        price = price * (_HUNDRED + rule.percent) / _HUNDRED + rule.amount
    if price <= 0:
        return not_positive(path, price)
    rounding = (rule.rounding if rule is not None else None) or rules.rounding
    shown = (price if rounding is None else rounding.round(price)).quantize(CENT, ROUND_HALF_UP)
    if shown <= 0:
        return not_positive(path, price)
    beyond = out_of_bounds(shown, product.prices, rules, floor=rules.floor, ceiling=rules.ceiling)
    if beyond is not None:
        return beyond
    currency = currency_of(product.prices, rules)
    return currency if isinstance(currency, Problem) else Money(shown, currency)
