"""From a figure of the PIM to what a buyer pays: VAT, and the account's currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from adapters.model import Problem
from consumer.listings.product import Figure, Prices
from consumer.listings.rules.section import Section

_HUNDRED = Decimal(100)


def _currency(code: str) -> str:
    code = code.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise ValueError("a currency has three letters, such as EUR")
    return code


Currency = Annotated[str, AfterValidator(_currency)]


def _rate(rate: Decimal) -> Decimal:
    if rate != 0 and not 1 <= rate < _HUNDRED:
        raise ValueError("a VAT rate is a percentage between 1 and 99, or 0: 22, not 0.22")
    return rate


Rate = Annotated[Decimal, AfterValidator(_rate)]


class Taxes(Section):
    """How PIM prices become prices with VAT in the account's currency; the part of the price rules that says so."""

    vat_included: bool | None = Field(
        None, description="Whether PIM prices that do not say so include VAT; unset = such a product is a problem."
    )
    vat_rate: Rate | None = Field(None, description="Percent, for products whose rate the PIM does not know.")
    vat_charged: Rate | None = Field(
        None, description="Percent charged on this account where it is not the PIM's rate, as when selling abroad."
    )
    currency: Currency | None = Field(None, description="What the account sells in; unset = whatever the PIM says.")
    exchange: Mapping[Currency, Annotated[Decimal, Field(gt=0)]] = Field(
        default_factory=dict, description="Currency of the PIM -> what one of it is in the account's currency."
    )


def gross(
    figure: Figure, path: str, prices: Prices, taxes: Taxes, *, vat_included: bool | None = None
) -> Decimal | Problem:
    """What a buyer pays for this figure of the PIM, not rounded. A price that is not there is never a zero.

    path: where the figure stands, for people. vat_included: said by whoever asks, over what the product says.
    """
    amount = _positive(figure, path)
    if isinstance(amount, Problem):
        return amount
    taxed = _with_vat(amount, prices, taxes, vat_included)
    if isinstance(taxed, Problem):
        return taxed
    rate = _exchange(prices, taxes)
    return rate if isinstance(rate, Problem) else taxed * rate


def currency_of(prices: Prices, taxes: Taxes) -> str | Problem:
    """What the buyer pays in."""
    code = taxes.currency or prices.currency
    if code is not None and len(code) == 3 and code.isalpha():
        return code
    return Problem(
        field="price",
        rule="currency",
        message="the price has no usable currency",
        cure="Fill pricing.currency in the PIM with three letters, such as EUR.",
        value=code or "",
    )


def not_positive(path: str, found: Decimal) -> Problem:
    """Zero and less are no prices."""
    return Problem(
        field="price",
        rule="not_positive",
        message="Price must be greater than 0",
        cure=f"Correct {path} in the PIM; leave it empty if there is no such price.",
        value=str(found),
    )


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
    return figure if figure > 0 else not_positive(path, figure)


def _exchange(prices: Prices, taxes: Taxes) -> Decimal | Problem:
    if taxes.currency is None or prices.currency in (None, taxes.currency):
        return Decimal(1)
    rate = taxes.exchange.get(prices.currency or "")
    if rate is not None:
        return rate
    return Problem(
        field="price",
        rule="other_currency",
        message=f"the PIM's price is in {prices.currency}, and the account sells in {taxes.currency}",
        cure=f"Correct pricing.currency in the PIM, or give the account an exchange rate for {prices.currency}.",
        value=prices.currency or "",
    )


def _with_vat(amount: Decimal, prices: Prices, taxes: Taxes, said: bool | None) -> Decimal | Problem:
    included = next((each for each in (said, prices.vat_included, taxes.vat_included) if each is not None), None)
    if included is None:
        return Problem(
            field="price",
            rule="vat_unknown",
            message="neither the product nor the account says whether its price includes VAT",
            cure="Fill pricing.vat_included in the PIM, or set vat_included for the account.",
        )
    charged = taxes.vat_charged
    if included and charged is None:
        return amount
    if not included and charged is not None:
        return amount * (_HUNDRED + charged) / _HUNDRED
    rate = _vat_rate(taxes.vat_rate if prices.vat_rate is None else prices.vat_rate)
    if isinstance(rate, Problem):
        return rate
    if not included:
        return amount * (_HUNDRED + rate) / _HUNDRED
    return amount if charged is None else amount * (_HUNDRED + charged) / (_HUNDRED + rate)


def _vat_rate(rate: Figure) -> Decimal | Problem:
    if isinstance(rate, Problem):
        return rate
    if rate is not None and (rate == 0 or 1 <= rate < _HUNDRED):
        return rate
    if rate is None:
        message, value = "the VAT of the price has to be reckoned, and the PIM has no VAT rate", ""
    else:
        message, value = "the VAT rate is not a percentage between 1 and 99, or 0", str(rate)
    return Problem("price", "vat_rate", message, "Fill pricing.vat_rate in the PIM in percent, such as 22.", value)
