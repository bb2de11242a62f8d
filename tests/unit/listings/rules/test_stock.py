"""What a channel is told of the stock: never more than there is, and never a zero in place of a missing figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.model import Listing, Problem
from consumer.listings.rules import wanted
from consumer.listings.rules.stock import Stock, StockRules, offered_stock
from tests.unit.listings.making import ACCOUNT, NOW, make_listing, make_product


@pytest.mark.parametrize(
    ("rules", "stock", "offered"),
    [
        ({}, 12, 12),
        ({}, 0, 0),
        ({}, -3, 0),
        ({"buffer": 2}, 12, 10),
        ({"buffer": 2}, 2, 0),
        ({"buffer": 2}, 1, 0),
        ({"cap": 5}, 12, 5),
        ({"cap": 5}, 4, 4),
        ({"cap": 0}, 4, 0),
        ({"minimum": 3}, 2, 0),
        ({"minimum": 3}, 3, 3),
        ({"zero_below": 3}, 2, 0),
        ({"zero_below": 3, "buffer": 2}, 4, 0),
        ({"zero_below": 3, "buffer": 2}, 5, 3),
        ({"buffer": 2, "cap": 3, "zero_below": 4}, 6, 3),
    ],
)
def test_rules(rules: dict[str, int], stock: int, offered: int) -> None:
    assert offered_stock(stock, None, StockRules(**rules)) == Stock(stock, offered)
    assert make_listing(replace(ACCOUNT, stock=StockRules(**rules)), quantity=stock).quantity == offered


RULES = st.builds(
    StockRules,
    minimum=st.integers(0, 20),
    buffer=st.integers(0, 20),
    zero_below=st.integers(0, 20),
    cap=st.none() | st.integers(0, 30),
)


@given(rules=RULES, stock=st.integers(-50, 10**9))
def test_p1_never_more_than_there_is_nor_above_the_cap_nor_below_zero(rules: StockRules, stock: int) -> None:
    found = offered_stock(stock, None, rules)
    assert isinstance(found, Stock)
    assert found.raw == stock
    assert 0 <= found.offered <= max(stock - rules.buffer, 0)
    assert rules.cap is None or found.offered <= rules.cap
    if found.offered:
        assert stock >= rules.minimum
        assert stock - rules.buffer >= rules.zero_below


@given(rules=RULES, stocks=st.tuples(st.integers(-50, 100), st.integers(-50, 100)))
def test_more_in_the_pim_is_never_less_on_the_channel(rules: StockRules, stocks: tuple[int, int]) -> None:
    less, more = (offered_stock(stock, None, rules) for stock in sorted(stocks))
    assert isinstance(less, Stock)
    assert isinstance(more, Stock)
    assert less.offered <= more.offered


MILAN_AND_ROME = StockRules(locations=("MI", "RM"))


@pytest.mark.parametrize(
    "locations",
    [
        pytest.param({"MI": 4, "RM": 3, "TO": 90}, id="a map"),
        pytest.param({"MI": {"quantity": 4}, "RM": {"available": 3}}, id="a map of maps"),
        pytest.param([{"location": "MI", "quantity": 4}, {"warehouse": "RM", "stock": 3}], id="a list"),
        pytest.param({"MI": {"$numberLong": "4"}, "RM": 3.9}, id="exact and broken numbers"),
    ],
)
@pytest.mark.parametrize("name", ["stock_by_location", "stock_locations", "inventory", "warehouses"])
def test_the_stock_of_chosen_places_is_added_up(name: str, locations: Any) -> None:
    account = replace(ACCOUNT, stock=MILAN_AND_ROME)
    assert make_listing(account, quantity=1000, **{name: locations}).quantity == 7


def test_a_place_with_nothing_in_it_need_not_be_named_by_the_pim() -> None:
    assert make_listing(replace(ACCOUNT, stock=MILAN_AND_ROME), inventory={"RM": 3}).quantity == 3


@pytest.mark.parametrize(
    ("locations", "rule"),
    [
        pytest.param(..., "missing", id="the PIM has no such figures"),
        pytest.param({"TO": 90}, "missing", id="only other places"),
        pytest.param({"MI": "four", "RM": 3}, "not_a_number", id="one of them is no number"),
        pytest.param({"MI": None}, "missing", id="no figure"),
        pytest.param("MI", "wrong_shape", id="another shape"),
        pytest.param([{"quantity": 4}], "wrong_shape", id="a place without a name"),
        pytest.param([{"location": "MI", "quantity": 4}] * 2, "wrong_shape", id="a place named twice"),
    ],
)
def test_a_stock_that_cannot_be_told_is_a_problem_and_never_a_zero(locations: Any, rule: str) -> None:
    product = make_product(inventory=locations)
    assert product.problems == ()
    (problem,) = target_of(product, replace(ACCOUNT, stock=MILAN_AND_ROME))
    assert (problem.field, problem.rule) == ("quantity", rule)
    assert problem.cure


def target_of(product: Any, account: Any) -> list[Problem]:
    target = wanted(product, account, NOW).target
    assert isinstance(target, list), target
    return target


def test_stock_per_place_matters_to_nobody_who_does_not_ask_for_it() -> None:
    assert make_listing(inventory="lots", quantity=5).quantity == 5


def test_the_raw_figure_stays_beside_the_result() -> None:
    found = wanted(make_product(quantity=12), replace(ACCOUNT, stock=StockRules(buffer=2, cap=5)), NOW)
    assert isinstance(found.target, Listing)
    assert found.stock == Stock(raw=12, offered=5)


@pytest.mark.parametrize("rules", [{"buffer": -1}, {"cap": -1}, {"buffer": 1.5}, {"locations": [""]}, {"bufer": 2}])
def test_rules_that_mean_nothing_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(rules))):
        StockRules(**rules)
