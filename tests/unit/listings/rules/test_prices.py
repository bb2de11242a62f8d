"""The price a buyer pays: never below the floor, never blank or zero, and told by one line of the account's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.model import Money, Problem
from consumer.listings.product import Prices, Promotion
from consumer.listings.rules import wanted
from consumer.listings.rules.bounds import Bound
from consumer.listings.rules.prices import Priced, PriceRule, PriceRules, wanted_price
from consumer.listings.rules.rounding import Rounding
from tests.unit.listings.making import ACCOUNT, NOW, make_product

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


# One line counts


@pytest.mark.parametrize(
    ("lines", "expected", "number"),
    [
        ([], "100.00", None),
        ([{"percent": 10}], "110.00", 1),
        ([{"percent": -10, "amount": "2.50"}], "92.50", 1),
        ([{"amount": "-0.01"}], "99.99", 1),
        ([{"categories": ["1245"], "percent": 10}, {"percent": 50}], "110.00", 1),
        ([{"categories": ["9"], "percent": 10}, {"percent": 50}], "150.00", 2),
        ([{"brands": ["NORDWALD"], "percent": 10}, {"percent": 50}], "110.00", 1),
        ([{"brands": ["Altura"], "percent": 10}], "100.00", None),
        ([{"codes": ["TRAP-750-R"], "percent": 10}], "110.00", 1),
        ([{"attributes": {"color": ["rosso"]}, "percent": 10}], "110.00", 1),
        ([{"price": {"below": 100}, "percent": 30}, {"price": {"at_least": 100}, "percent": 20}], "120.00", 2),
        ([{"brands": ["Nordwald"], "categories": ["9"], "percent": 10}], "100.00", None),
        ([{"basis": "list", "percent": 100}], "116.00", 1),
        ([{"percent": 10, "rounding": {"ending": "0.99"}}], "109.99", 1),
    ],
)
def test_the_first_rule_that_speaks_of_a_product_counts(lines: list[Any], expected: str, number: int | None) -> None:
    found = priced(rules(rules=lines), pricing=pricing())
    assert found.price == Money(Decimal(expected), "EUR")
    assert (found.rule, found.before) == (number, Decimal(100))


def test_a_rule_after_one_that_takes_everything_is_refused() -> None:
    with pytest.raises(ValidationError, match="rule 1 takes every product, so the rules after it never count"):
        rules(rules=[{"percent": 10}, {"brands": ["Nordwald"], "percent": 20}])
    rules(rules=[{"percent": 10, "ends": "2026-12-01"}, {"percent": 20}])


# VAT and currency


@pytest.mark.parametrize(
    ("taxes", "figures", "expected"),
    [
        ({}, {"vat_included": False}, "122.00"),
        ({"vat_included": False}, {"vat_included": None}, "122.00"),
        ({"vat_included": True}, {"vat_included": None}, "100.00"),
        ({"vat_included": True}, {"vat_included": False}, "122.00"),
        ({"vat_rate": 10}, {"vat_included": False, "vat_rate": None}, "110.00"),
        ({"vat_rate": 10}, {"vat_included": False, "vat_rate": 4}, "104.00"),
        ({"vat_charged": 19}, {"vat_included": False}, "119.00"),
        ({"vat_charged": 19}, {"vat_included": True, "retail": 122}, "119.00"),
        ({"vat_charged": 0}, {"vat_included": True, "retail": 122}, "100.00"),
        ({"currency": "gbp", "exchange": {"eur": "0.85"}}, {}, "85.00"),
    ],
)
def test_vat_and_currency(taxes: dict[str, Any], figures: dict[str, Any], expected: str) -> None:
    assert amount(rules(**taxes), pricing=pricing(**figures)) == Decimal(expected)


def test_the_account_sells_in_its_own_currency() -> None:
    account = rules(currency="GBP", exchange={"EUR": "0.85"})
    assert priced(account, pricing=pricing()).price == Money(Decimal("85.00"), "GBP")
    assert problem(rules(currency="GBP"), pricing=pricing()).rule == "other_currency"
    assert priced(rules(currency="EUR"), pricing=pricing(currency=None)).price == Money(Decimal("100.00"), "EUR")


# Rounding


@pytest.mark.parametrize(
    ("rounding", "price", "expected"),
    [
        ({"ending": "0.99"}, "12.30", "11.99"),
        ({"ending": "0.99"}, "12.50", "12.99"),
        ({"ending": "0.99", "direction": "up"}, "12.30", "12.99"),
        ({"ending": "0.99", "direction": "up"}, "12.99", "12.99"),
        ({"ending": "0.99", "direction": "down"}, "12.98", "11.99"),
        ({"ending": "0.90"}, "12.41", "12.90"),
        ({"step": "0.05"}, "12.32", "12.30"),
        ({"step": "0.05"}, "12.325", "12.35"),
        ({"step": "0.05", "direction": "up"}, "12.31", "12.35"),
        ({"step": 10, "ending": "9.90"}, "23.00", "19.90"),
        ({}, "12.50", "13.00"),
        ({"ending": "0.99"}, "0.20", "0.99"),
        ({"ending": "0.99", "direction": "down"}, "0.50", "0.99"),
        ({"direction": "down"}, "0.50", "1.00"),
    ],
)
def test_rounding(rounding: dict[str, Any], price: str, expected: str) -> None:
    figure = {"$numberDecimal": price}
    assert amount(rules(rounding=rounding), pricing=pricing(retail=figure)) == Decimal(expected)


ROUNDINGS = st.builds(
    lambda step, part, direction: Rounding(step=step, ending=(step * part / 100).quantize(CENT), direction=direction),
    st.sampled_from([Decimal(step) for step in ("0.05", "0.10", "0.50", "1", "5", "10")]),
    st.integers(0, 89),
    st.sampled_from(["nearest", "up", "down"]),
)
AMOUNTS = st.decimals("0.01", "100000", places=3)


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


# Windows

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


# Floor and ceiling


@pytest.mark.parametrize(
    ("bounds", "figures", "rule"),
    [
        ({"floor": {"amount": 100}}, {}, None),
        ({"floor": {"amount": "100.01"}}, {}, "below_floor"),
        ({"ceiling": {"amount": 100}}, {}, None),
        ({"ceiling": {"amount": "99.99"}}, {}, "above_ceiling"),
        ({"floor": {"basis": "list", "percent": 50}}, {}, None),
        ({"floor": {"basis": "list", "percent": 50, "plus": 20}}, {}, "below_floor"),
        ({"floor": {"basis": "list", "percent": 50}}, {"retail": 1}, "below_floor"),
        ({"floor": {"basis": "list", "vat_included": False}}, {"list": 90}, "below_floor"),
        ({"floor": {"basis": "list", "amount": 60}}, {"retail": 59}, "below_floor"),
        ({"floor": {"basis": "list", "amount": 50}}, {"retail": 57}, "below_floor"),
        ({"ceiling": {"basis": "list", "percent": 100}}, {"retail": 9900}, "above_ceiling"),
        ({"floor": {"basis": "list"}}, {"list": None}, "missing"),
        ({"floor": {"basis": "list"}}, {"list": 0}, "not_positive"),
    ],
)
def test_p13_a_price_beyond_the_bounds_is_a_problem_and_is_never_moved_in_silence(
    bounds: dict[str, Any], figures: dict[str, Any], rule: str | None
) -> None:
    if rule is None:
        assert amount(rules(**bounds), pricing=pricing(**figures)) == 100
    else:
        assert problem(rules(**bounds), pricing=pricing(**figures)).rule == rule


def test_p13_the_words_say_which_price_which_bound_and_what_to_do() -> None:
    found = problem(rules(floor={"basis": "list", "percent": 15, "plus": 2}), pricing=pricing(retail=60))
    assert found.message == "the price 60.00 is below the account's floor of 68.70 (list price + 15 % + 2)"
    assert "price rules" in found.cure


def test_bounds_are_checked_after_rules_and_rounding() -> None:
    account = rules(rules=[{"percent": -10}], rounding={"ending": "0.99", "direction": "down"}, floor={"amount": 90})
    assert problem(account, pricing=pricing()).value == "89.99"


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


@pytest.mark.parametrize(
    ("given_rules", "words"),
    [
        ({"basis": None}, "basis"),
        ({"basis": "purchase"}, "basis"),
        ({"rules": [{"percent": -100}]}, "percent"),
        ({"rules": [{"percent": "NaN"}]}, "percent"),
        ({"rules": [{"starts": "2026-12-02", "ends": "2026-12-01"}]}, "ends before"),
        ({"rules": [{"starts": "tomorrow"}]}, "starts"),
        ({"rounding": {"ending": 1}}, "less than step"),
        ({"rounding": {"step": 0}}, "step"),
        ({"floor": {}}, "give amount, or basis"),
        ({"floor": {"amount": 5, "percent": 3}}, "need a basis"),
        ({"floor": {"amount": 0}}, "floor.amount"),
        ({"currency": "euro"}, "three letters"),
        ({"vat_rate": "0.22"}, "22, not 0.22"),
        ({"timezone": "Rome"}, "Europe/Rome"),
        ({"exchange": {"EUR": 0}}, "exchange"),
    ],
)
def test_rules_that_mean_nothing_are_refused_by_name(given_rules: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        rules(**given_rules)


def test_the_basis_is_never_guessed() -> None:
    with pytest.raises(ValidationError, match="basis"):
        PriceRules.model_validate({})


@given(account=accounts())
def test_rules_are_the_same_after_they_were_written_down(account: PriceRules) -> None:
    text = PriceRules.model_validate_json(account.model_dump_json())
    members = PriceRules.model_validate(account.model_dump())
    assert text == members == account
    assert [window[1:] for window in text.windows] == [window[1:] for window in account.windows]


def test_the_price_of_a_product_is_told_with_what_it_was_before_and_which_rule_counted() -> None:
    account = replace(ACCOUNT, price=rules(rules=[BLACK_FRIDAY], promotions=True))
    found = wanted(make_product(pricing=pricing()), account, ROME_MIDNIGHT)
    assert found.priced == Priced(Money(Decimal("80.00"), "EUR"), Decimal(100), 1, ROME_MIDNIGHT + timedelta(days=4))
    assert found.due == ROME_MIDNIGHT + timedelta(days=4)
