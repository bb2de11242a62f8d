"""Whatever the rules and the figures: never below the floor, never blank or zero, never the wrong way round."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.model import Money, Problem
from consumer.listings.product import Prices, Promotion
from consumer.listings.rules.bounds import Bound
from consumer.listings.rules.prices import PriceRule, PriceRules, wanted_price
from consumer.listings.rules.rounding import Rounding
from tests.unit.listings.making import NOW, make_product
from tests.unit.listings.rules.pricing import AMOUNTS, CENT, ROUNDINGS


@given(rounding=ROUNDINGS, price=AMOUNTS)
def test_a_rounded_price_is_one_of_those_the_account_shows(rounding: Rounding, price: Decimal) -> None:
    shown = rounding.round(price)
    assert shown > 0
    assert (shown - rounding.ending) % rounding.step == 0
    if shown > rounding.step:  # below the first of them there is none
        assert abs(shown - price) < rounding.step
        assert rounding.direction != "up" or shown >= price
        assert rounding.direction != "down" or shown <= price
        assert rounding.direction != "nearest" or abs(shown - price) <= rounding.step / 2


@given(rounding=ROUNDINGS, prices=st.tuples(AMOUNTS, AMOUNTS))
def test_a_rounded_price_never_falls_while_the_price_rises(rounding: Rounding, prices: tuple[Decimal, Decimal]) -> None:
    low, high = sorted(prices)
    assert rounding.round(low) <= rounding.round(high)


FIGURES = st.none() | st.decimals("-10", "2000", places=2) | st.just(Problem("price", "not_a_number", "m", "c"))
BOUNDS = st.none() | st.builds(
    Bound,
    amount=st.decimals("0.01", "500", places=2),
    basis=st.none() | st.sampled_from(["list", "retail", "sale"]),
)
LINES = st.builds(
    PriceRule,
    percent=st.decimals("-99", "500", places=1),
    amount=st.decimals("-50", "50", places=2),
    price=st.none() | st.just({"at_least": 20, "below": 500}),
    brands=st.sampled_from([(), ("Nordwald",), ("Altura",)]),
    basis=st.none() | st.sampled_from(["list", "sale"]),
    rounding=st.none() | ROUNDINGS,
    starts=st.none() | st.just(NOW - timedelta(days=1)),
    ends=st.none() | st.just(NOW + timedelta(days=1)),
)


@st.composite
def accounts(draw: st.DrawFn) -> PriceRules:
    lines = draw(st.lists(LINES, max_size=3))
    return PriceRules(
        basis=draw(st.sampled_from(["list", "retail", "sale"])),
        vat_included=draw(st.sampled_from([True, False, None])),
        promotions=draw(st.booleans()),
        rules=tuple(line for line in lines if not line.catches_all),
        rounding=draw(st.none() | ROUNDINGS),
        floor=draw(BOUNDS),
        ceiling=draw(BOUNDS),
    )


@given(
    account=accounts(),
    figures=st.tuples(FIGURES, FIGURES, FIGURES),
    promotion=FIGURES,
    rate=st.sampled_from([Decimal(22), Decimal(10), None]),
)
def test_p13_never_blank_zero_negative_below_the_floor_or_above_the_ceiling(
    account: PriceRules, figures: tuple[Any, Any, Any], promotion: Any, rate: Decimal | None
) -> None:
    prices = Prices(*figures, currency="EUR", vat_rate=rate)
    product = replace(make_product(), prices=prices, promotions=(Promotion("p", promotion, None, None),))
    price = wanted_price(product, account, NOW).price
    if isinstance(price, Problem):
        assert price.message
        assert price.cure
        return
    assert price.amount >= CENT
    assert price.amount == price.amount.quantize(CENT)
    for bound, keeps in ((account.floor, price.amount.__ge__), (account.ceiling, price.amount.__le__)):
        if bound is not None:
            limits = bound.figures(prices, account)
            assert isinstance(limits, tuple)
            assert all(keeps(limit) for limit in limits)


@given(
    prices=st.tuples(AMOUNTS, AMOUNTS),
    percent=st.decimals("-99", "500", places=1),
    plus=st.decimals("0", "50", places=2),
    rounding=st.none() | ROUNDINGS,
    net=st.booleans(),
)
def test_a_dearer_product_is_never_sold_cheaper_by_the_same_rule(
    prices: tuple[Decimal, Decimal], percent: Decimal, plus: Decimal, rounding: Rounding | None, net: bool
) -> None:
    account = PriceRules(basis="retail", rules=(PriceRule(percent=percent, amount=plus),), rounding=rounding)
    found = []
    for retail in sorted(prices):
        product = replace(
            make_product(),
            prices=Prices(retail=retail, currency="EUR", vat_rate=Decimal(22), vat_included=not net),
        )
        price = wanted_price(product, account, NOW).price
        assume(isinstance(price, Money))
        assert isinstance(price, Money)
        found.append(price.amount)
    assert found == sorted(found)


@given(retail=AMOUNTS, percent=st.integers(-90, 300))
def test_without_rounding_a_price_is_right_to_the_half_cent(retail: Decimal, percent: int) -> None:
    product = replace(make_product(), prices=Prices(retail=retail, currency="EUR", vat_included=True))
    price = wanted_price(product, PriceRules(basis="retail", rules=(PriceRule(percent=Decimal(percent)),)), NOW).price
    exact = (retail * (100 + percent) / 100).quantize(CENT, ROUND_HALF_UP)
    if exact <= 0:
        assert isinstance(price, Problem)
    else:
        assert price == Money(exact, "EUR")


@given(account=accounts())
def test_rules_are_the_same_after_they_were_written_down(account: PriceRules) -> None:
    text = PriceRules.model_validate_json(account.model_dump_json())
    members = PriceRules.model_validate(account.model_dump())
    assert text == members == account
    assert [window[1:] for window in text.windows] == [window[1:] for window in account.windows]
