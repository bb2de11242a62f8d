"""Values to start from: a price, and what an account's rules make of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from adapters.model import Money, Problem
from consumer.listings.rules.prices import Priced, PriceRules, wanted_price
from consumer.listings.rules.rounding import Rounding
from tests.unit.listings.making import NOW, make_product

CENT = Decimal("0.01")


def rules(**given_rules: Any) -> PriceRules:
    return PriceRules.model_validate({"basis": "retail", **given_rules})


def priced(price_rules: PriceRules, at: datetime = NOW, **changes: Any) -> Priced:
    return wanted_price(make_product(**changes), price_rules, at)


def amount(price_rules: PriceRules, at: datetime = NOW, **changes: Any) -> Decimal:
    price = priced(price_rules, at, **changes).price
    assert isinstance(price, Money), price
    return price.amount


def problem(price_rules: PriceRules, at: datetime = NOW, **changes: Any) -> Problem:
    price = priced(price_rules, at, **changes).price
    assert isinstance(price, Problem), price
    assert price.field == "price"
    assert price.cure
    return price


def pricing(**changes: Any) -> dict[str, Any]:
    return {"list": 58, "retail": 100, "currency": "EUR", "vat_rate": 22, "vat_included": True, **changes}


ROUNDINGS = st.builds(
    lambda step, part, direction: Rounding(step=step, ending=(step * part / 100).quantize(CENT), direction=direction),
    st.sampled_from([Decimal(step) for step in ("0.05", "0.10", "0.50", "1", "5", "10")]),
    st.integers(0, 89),
    st.sampled_from(["nearest", "up", "down"]),
)
AMOUNTS = st.decimals("0.01", "100000", places=3)
