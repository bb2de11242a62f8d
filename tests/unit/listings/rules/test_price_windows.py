"""Prices that hold for a time, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Money
from consumer.listings.rules import wanted
from consumer.listings.rules.prices import Priced, PriceRules
from tests.unit.listings.making import ACCOUNT, make_product
from tests.unit.listings.rules.pricing import amount, priced, pricing, problem, rules

ROME_MIDNIGHT = datetime(2026, 11, 26, 23, tzinfo=UTC)
BLACK_FRIDAY = {"name": "Black Friday", "starts": "2026-11-27", "ends": "2026-11-30", "percent": -20}


@pytest.mark.parametrize(
    ("at", "expected", "due"),
    [
        (ROME_MIDNIGHT - timedelta(seconds=1), "100.00", ROME_MIDNIGHT),
        (ROME_MIDNIGHT, "80.00", ROME_MIDNIGHT + timedelta(days=4)),
        (ROME_MIDNIGHT + timedelta(days=4, seconds=-1), "80.00", ROME_MIDNIGHT + timedelta(days=4)),
        (ROME_MIDNIGHT + timedelta(days=4), "100.00", None),
    ],
)
def test_a_window_is_whole_days_of_the_account_s_clocks(at: datetime, expected: str, due: datetime | None) -> None:
    found = priced(rules(rules=[BLACK_FRIDAY]), at, pricing=pricing())
    assert found.price == Money(Decimal(expected), "EUR")
    assert found.due == due


def test_only_what_can_change_the_price_makes_a_listing_due() -> None:
    other = {**BLACK_FRIDAY, "brands": ["Altura"]}
    assert priced(rules(rules=[other]), pricing=pricing()).due is None
    after = {"starts": "2026-11-25", "percent": 5}
    # The first rule counts, whatever begins behind it.
    assert priced(rules(rules=[{"ends": "2026-12-24", "percent": 1}, after]), pricing=pricing()).due == datetime(
        2026, 12, 24, 23, tzinfo=UTC
    )
    assert priced(rules(rules=[after, {"percent": 1}]), pricing=pricing()).due == datetime(2026, 11, 24, 23, tzinfo=UTC)


def test_a_moment_can_be_given_to_the_second_and_in_its_own_zone() -> None:
    account = rules(rules=[{"starts": "2026-11-27T08:30:00+00:00", "ends": "2026-11-27T20:00:00", "percent": -5}])
    assert priced(account, pricing=pricing()).due == datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    during = priced(account, datetime(2026, 11, 27, 9, tzinfo=UTC), pricing=pricing())
    assert during.due == datetime(2026, 11, 27, 19, tzinfo=UTC)
    lisbon = account.model_copy(update={"timezone": "Europe/Lisbon"})
    assert PriceRules.model_validate(lisbon.model_dump()).windows[0][2] == datetime(2026, 11, 27, 20, tzinfo=UTC)


@given(offset=st.integers(-10, 10))
def test_between_now_and_due_the_price_stays(offset: int) -> None:
    account = rules(rules=[BLACK_FRIDAY, {"starts": "2026-11-28", "ends": "2026-12-02", "percent": 3}])
    at = ROME_MIDNIGHT + timedelta(hours=12 * offset)
    found = priced(account, at, pricing=pricing())
    end = found.due or at + timedelta(days=400)
    for part in (0.1, 0.5, 0.999):
        assert priced(account, at + (end - at) * part, pricing=pricing()).price == found.price


PROMOTIONS = [
    {
        "promo_code": "016",
        "is_active": True,
        "promo_price": 84.9,
        "start_date": {"$date": "2026-11-20T00:00:00Z"},
        "end_date": {"$date": "2026-11-24T00:00:00Z"},
    },
    {"promo_code": "017", "is_active": True, "promo_price": 70, "start_date": {"$date": "2026-11-25T00:00:00Z"}},
    {"promo_code": "018", "is_active": False, "promo_price": 1},
]


@pytest.mark.parametrize(
    ("day", "expected", "due"),
    [(19, "100.00", 20), (20, "84.90", 24), (23, "84.90", 24), (24, "100.00", 25), (25, "70.00", None)],
)
def test_promotions_of_the_pim_hold_from_when_until_when_they_say(day: int, expected: str, due: int | None) -> None:
    at = datetime(2026, 11, day, tzinfo=UTC)
    found = priced(rules(promotions=True), at, pricing=pricing(), promotions=PROMOTIONS)
    assert found.price == Money(Decimal(expected), "EUR")
    assert found.due == (None if due is None else datetime(2026, 11, due, tzinfo=UTC))


def test_promotions_count_only_where_the_account_says_so_and_only_when_lower() -> None:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    assert amount(rules(), at, pricing=pricing(), promotions=PROMOTIONS) == 100
    assert amount(rules(promotions=True), at, pricing=pricing(retail=60), promotions=PROMOTIONS) == 60


@pytest.mark.parametrize(
    ("promotions", "rule"),
    [
        ("none", "wrong_shape"),
        (["016"], "wrong_shape"),
        ([{**PROMOTIONS[0], "end_date": "soon"}], "wrong_shape"),
        ([{**PROMOTIONS[0], "is_active": "yes"}], "wrong_shape"),
        ([{**PROMOTIONS[0], "promo_price": "84,90"}], "not_a_number"),
        ([{**PROMOTIONS[0], "promo_price": 0}], "not_positive"),
    ],
)
def test_a_promotion_that_cannot_be_read_is_told_to_those_who_sell_by_promotions(promotions: Any, rule: str) -> None:
    assert problem(rules(promotions=True), pricing=pricing(), promotions=promotions).rule == rule
    assert amount(rules(), pricing=pricing(), promotions=promotions) == 100


def test_the_price_of_a_product_is_told_with_what_it_was_before_and_which_rule_counted() -> None:
    account = replace(ACCOUNT, price=rules(rules=[BLACK_FRIDAY], promotions=True))
    found = wanted(make_product(pricing=pricing()), account, ROME_MIDNIGHT)
    assert found.priced == Priced(Money(Decimal("80.00"), "EUR"), Decimal(100), 1, ROME_MIDNIGHT + timedelta(days=4))
    assert found.due == ROME_MIDNIGHT + timedelta(days=4)
