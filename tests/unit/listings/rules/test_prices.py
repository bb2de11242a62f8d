"""The price a buyer pays: told by one line of the account's rules, with VAT, rounded, inside its bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.model import Money
from consumer.listings.rules.prices import PriceRules
from tests.unit.listings.rules.pricing import amount, priced, pricing, problem, rules

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
