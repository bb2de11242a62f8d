"""Amounts and times as channels write them, as exact values. None where nothing usable stands there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

from adapters.model import Money
from adapters.orders import Price


def decimal_of(value: Any) -> Decimal | None:
    """A finite number out of a text or a JSON number. A float is read as it was written: 83.28 stays 83.28."""
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money_of(amount: Any, currency: Any) -> Money | None:
    """Money out of an amount and a currency; None where either is missing."""
    number = decimal_of(amount)
    return Money(number, str(currency)) if number is not None and currency else None


def sum_of(amounts: Iterable[Money | None]) -> Money | None:
    """All that are there, added up; None for none. Raises ValueError for two currencies."""
    return reduce(plus, [amount for amount in amounts if amount is not None], None)


def plus(left: Money | None, right: Money | None) -> Money | None:
    """Both together; the one that is there where the other is not. Raises ValueError for two currencies."""
    if left is None or right is None:
        return left or right
    if left.currency != right.currency:
        raise ValueError(f"{left.currency} and {right.currency} cannot be added")
    return Money(left.amount + right.amount, left.currency)


def minus(left: Money | None, right: Money | None) -> Money | None:
    """The difference; None where either is not known."""
    if left is None or right is None:
        return None
    return plus(left, Money(-right.amount, right.currency))


def price_of(
    with_vat: Money | None = None, without_vat: Money | None = None, vat: Money | None = None, rate: Any = None
) -> Price:
    """A price with what follows from the parts that are known: of gross, net and VAT any two give the third."""
    gross = with_vat or (plus(without_vat, vat) if without_vat and vat else None)
    net = without_vat or minus(with_vat, vat)
    return Price(with_vat=gross, without_vat=net, vat=vat or minus(gross, net), vat_rate=decimal_of(rate))


def each_of(price: Price, pieces: int) -> Price:
    """The price of one piece, where it comes out even to the cent."""
    if pieces < 1:
        return Price()
    return Price(
        with_vat=_part(price.with_vat, pieces), without_vat=_part(price.without_vat, pieces), vat_rate=price.vat_rate
    )


def _part(whole: Money | None, pieces: int) -> Money | None:
    if whole is None:
        return None
    part = (whole.amount / pieces).quantize(Decimal("0.01"))
    return Money(part, whole.currency) if part * pieces == whole.amount else None


def time_of(value: Any) -> datetime | None:
    """A time out of ISO 8601; one without a zone is UTC, as all channels say of theirs."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def utc_text(moment: datetime) -> str:
    """ISO 8601 with Z and milliseconds, as all channels take it. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
