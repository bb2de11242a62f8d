"""What ManoMano is known to refuse, and what its calls may use of the hour."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.manomano.columns import Column, Columns
from adapters.manomano.mapping import put_body, render
from adapters.manomano.quotas import limits_of
from adapters.manomano.taxonomy import Taxonomy
from adapters.manomano.validation import validate
from adapters.model import Money, Operation, Variant
from adapters.rate_limits import Scope
from consumer.delivery.quotas.ledger import Ledger, Want, lease
from tests.unit.adapters.manomano_listings import GRID, make_manomano, make_mug


def taxonomy(*columns: Column, leaves: frozenset[str] = frozenset()) -> Taxonomy:
    found = Taxonomy.__new__(Taxonomy)  # without a client: nothing is asked for
    found.columns = Columns(columns, live=True)
    found.leaves = leaves
    return found


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"weight": None}, "weight", "missing"),
        ({"weight": Decimal(0)}, "weight", "missing"),
        ({"weight": Decimal(20_000)}, "weight", "too_heavy"),
        ({"weight": Decimal(40)}, "weight", "no_grid"),
        ({"brand": None}, "brand", "missing"),
        ({"title": " "}, "title", "missing"),
        ({"description": ""}, "description", "missing"),
        ({"images": ()}, "image", "missing"),
        ({"images": ("http://x.test/1.jpg",)}, "image", "not_https"),
        ({"gtins": ("123",)}, "gtin", "malformed"),
        ({"gtins": ()}, "gtin", "missing"),
        ({"category": None}, "category", "missing"),
        ({"category": "Tazze"}, "category", "not_numeric"),
        ({"category": "20690"}, "category", "no_leaf"),
        ({"quantity": -1}, "quantity", "negative"),
        ({"price": Money(Decimal("NaN"), "EUR")}, "price", "not_positive"),
        ({"price": Money(Decimal(20_000_000), "EUR")}, "price", "too_high"),
        ({"price": Money(Decimal(5), "GBP")}, "price", "currency"),
        ({"sku": " A"}, "sku", "blanks"),
        ({"sku": ""}, "sku", "missing"),
    ],
)
def test_each_known_refusal_is_one_problem_with_a_cure(changes: dict[str, Any], field: str, rule: str) -> None:
    account = make_manomano(carrier_grids=(GRID.model_copy(update={"weight_max": Decimal(30)}),))
    problems = validate(make_mug(**changes), account, taxonomy(leaves=frozenset({"20696"})))
    assert [(problem.field, problem.rule) for problem in problems] == [(field, rule)]
    assert problems[0].cure


def test_a_good_listing_and_one_with_a_maker_s_number_pass() -> None:
    for listing in (make_mug(), make_mug(gtins=(), mpn="CR-1")):
        assert validate(listing, make_manomano(), taxonomy()) == []


def test_an_account_without_a_grid_cannot_sell() -> None:
    problems = validate(make_mug(), make_manomano(carrier_grids=()), taxonomy())
    assert [(problem.field, problem.rule) for problem in problems] == [("shipping", "no_grid")]


def test_what_manomano_demands_of_every_product_is_named_with_what_it_accepts() -> None:
    demanded = Column("origin", labels=frozenset({"origine"}), mandatory=True, values={"italy": "Italy"})
    (problem,) = validate(make_mug(attributes={"Origine": ("Marte",)}), make_manomano(), taxonomy(demanded))
    assert "demands origin" in problem.message
    assert "Italy" in problem.cure
    assert validate(make_mug(attributes={"Origine": ("ITALY",)}), make_manomano(), taxonomy(demanded)) == []


def test_a_problem_of_one_version_names_it() -> None:
    price = Money(Decimal(5), "EUR")
    variants = (Variant("G-1", price, 1, gtins=("4006381333931",)), Variant("G-2", price, -1, gtins=("2000000000015",)))
    (problem,) = validate(replace(make_mug(sku="G"), variants=variants), make_manomano(), taxonomy())
    assert problem.message.startswith("G-2: ")


def test_shipping_is_content_and_figures_are_not() -> None:
    account = make_manomano()
    before, heavier = render(make_mug(), account), render(make_mug(weight=Decimal(2)), account)
    assert before.offer == heavier.offer
    assert before.content != heavier.content


def test_figures_are_rounded_and_no_weight_comes_down_to_nothing() -> None:
    body = put_body("A", Decimal("19.905"), 1, Decimal("0.0001"), make_manomano())
    assert body["pricing"] == {"price_vat_included": 19.91}
    assert body["shipping"]["display_weight"] == 0.001


def test_contracts_of_one_key_share_their_hour_and_the_key_is_not_told() -> None:
    first, same = limits_of(SecretStr("secret-key")), limits_of(SecretStr("secret-key"))
    assert first == same != limits_of(SecretStr("other"))
    assert [limit.scope for limit in first] == [Scope.APPLICATION, Scope.EGRESS, Scope.EGRESS]
    assert "secret-key" not in repr(first)
    assert all(limit.costs[Operation.CREATE].of(100) == 5 for limit in first)
    assert all(limit.costs[Operation.REVISE_OFFER].of(100) == 1 for limit in first)


def test_background_work_cannot_use_the_hour_up() -> None:
    for limit in limits_of(SecretStr("k")):
        ledger, now = Ledger(), 0.0
        given = 0
        for _ in range(200):
            ledger, found = lease(ledger, limit, Want(), Want(1, 100), now)
            given += found.ordinary.units
        assert given <= 0.7 * limit.amount
        ledger, found = lease(ledger, limit, Want(1, 10), Want(1, 100), now)
        assert found.urgent.units > 0
        assert found.ordinary.units == 0


def test_an_hour_at_full_speed_is_never_used_up_at_its_beginning() -> None:
    pace = next(limit for limit in limits_of(SecretStr("k")) if limit.name == "pace")
    hour = next(limit for limit in limits_of(SecretStr("k")) if limit.name == "offers")
    assert pace.amount * hour.period / pace.period <= hour.amount + pace.amount * 2
    assert pace.costs == hour.costs
