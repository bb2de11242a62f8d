"""The price a buyer pays, from the PIM's prices: basis, VAT, whole cents. A price that is not there is never a zero."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import Field

from adapters.model import Money, Problem
from consumer.listings.product import Figure, Prices
from consumer.listings.rules.section import Section

PriceBasis = Literal["retail", "sale", "list"]

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


class PriceRules(Section):
    """From the PIM's prices to the one a buyer pays."""

    basis: PriceBasis = Field(
        description="Which PIM price is sold: retail, sale (retail where there is no sale) or list."
    )
    vat_included: bool | None = Field(
        None, description="Whether PIM prices that do not say so include VAT; unset = such a product is a problem."
    )


def wanted_price(prices: Prices, rules: PriceRules) -> Money | Problem:
    """The gross price of the basis, rounded half up to cents."""
    figure, path = _basis(prices, rules)
    amount = _positive(figure, path)
    if isinstance(amount, Problem):
        return amount
    gross = _with_vat(amount, prices, rules)
    if isinstance(gross, Problem):
        return gross
    if prices.currency is None or len(prices.currency) != 3 or not prices.currency.isalpha():
        return Problem(
            field="price",
            rule="currency",
            message="the price has no usable currency",
            cure="Fill pricing.currency in the PIM with three letters, such as EUR.",
            value=prices.currency or "",
        )
    cents = gross.quantize(_CENT, ROUND_HALF_UP)
    if cents <= 0:
        return _not_positive(path, amount)
    return Money(cents, prices.currency)


def _basis(prices: Prices, rules: PriceRules) -> tuple[Figure, str]:
    if rules.basis == "list":
        return prices.list, "pricing.list"
    if rules.basis == "sale" and prices.sale is not None:
        return prices.sale, "pricing.sale"
    return prices.retail, "pricing.retail"


def _positive(figure: Figure, path: str) -> Decimal | Problem:
    if isinstance(figure, Problem):
        return figure
    if figure is None:
        return Problem(
            field="price",
            rule="missing",
            message=f"the PIM has no {path}",
            cure=f"Fill {path} in the PIM, or choose another price basis for the account.",
        )
    return figure if figure > 0 else _not_positive(path, figure)


def _not_positive(path: str, found: Decimal) -> Problem:
    return Problem(
        field="price",
        rule="not_positive",
        message="Price must be greater than 0",
        cure=f"Correct {path} in the PIM; leave it empty if there is no such price.",
        value=str(found),
    )


def _with_vat(amount: Decimal, prices: Prices, rules: PriceRules) -> Decimal | Problem:
    included = prices.vat_included if prices.vat_included is not None else rules.vat_included
    if included is None:
        return Problem(
            field="price",
            rule="vat_unknown",
            message="neither the product nor the account says whether its price includes VAT",
            cure="Fill pricing.vat_included in the PIM, or set vat_included for the account.",
        )
    if included:
        return amount
    rate = _vat_rate(prices.vat_rate)
    return rate if isinstance(rate, Problem) else amount * (_HUNDRED + rate) / _HUNDRED


def _vat_rate(rate: Figure) -> Decimal | Problem:
    if isinstance(rate, Problem):
        return rate
    if rate is not None and (rate == 0 or 1 <= rate < _HUNDRED):
        return rate
    if rate is None:
        message, value = "the price is without VAT and the PIM has no VAT rate", ""
    else:
        message, value = "the VAT rate is not a percentage between 1 and 99, or 0", str(rate)
    return Problem("price", "vat_rate", message, "Fill pricing.vat_rate in the PIM in percent, such as 22.", value)
