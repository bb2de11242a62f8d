"""Which packaging is sold, and which barcode names it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.model import Money, Problem
from consumer.listings.rules import wanted
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.units import SalesUnit
from tests.unit.listings.making import ACCOUNT, NOW, make_listing, make_product

PIECE, BOX, OTHER = "4006381333931", "8001234567897", "8009876543217"
PACKAGINGS = [
    {"pkg_id": "1", "code": "PZ", "qty": 1, "is_smallest": True, "is_sellable": True, "ean": PIECE},
    {
        "pkg_id": "2",
        "code": "CT",
        "label": {"it": "Cartone da 6"},
        "qty": 6,
        "is_default": True,
        "ean": [BOX],
        "pricing": {"retail": 450, "vat_included": False},
    },
    {"pkg_id": "3", "code": "PAL", "qty": 144, "is_sellable": False, "pricing": {"retail": 9000}},
    {"pkg_id": "4", "code": "BAD", "qty": 0},
]


def selling(**unit: Any) -> Any:
    return replace(ACCOUNT, selection=Selection(unit=SalesUnit(**unit)))


def problem_of(account: Any, **changes: Any) -> Problem:
    target = wanted(make_product(packaging_options=PACKAGINGS, **changes), account, NOW).target
    assert isinstance(target, list), target
    (problem,) = target
    return problem


def test_without_a_rule_the_piece_is_sold_with_the_piece_s_figures() -> None:
    listing = make_listing(packaging_options=PACKAGINGS, ean=[PIECE, BOX], quantity=20)
    assert (listing.price, listing.quantity) == (Money(Decimal("99.90"), "EUR"), 20)
    # The box's number would name another thing.
    assert listing.gtins == (PIECE,)


@pytest.mark.parametrize("packaging", ["CT", "default"])
def test_a_packaging_is_sold_at_its_own_price_by_its_own_barcode(packaging: str) -> None:
    listing = make_listing(selling(packaging=packaging), packaging_options=PACKAGINGS, ean=[PIECE], quantity=20)
    # Without VAT, as this packaging says, though the product's other prices have it.
    assert listing.price == Money(Decimal("549.00"), "EUR")
    assert (listing.gtins, listing.quantity) == ((BOX,), 3)


def test_a_packaging_can_be_sold_at_the_price_of_its_pieces() -> None:
    account = selling(packaging="CT", price="pieces")
    assert make_listing(account, packaging_options=PACKAGINGS).price == Money(Decimal("599.40"), "EUR")


def test_the_smallest_packaging_of_one_piece_keeps_the_product_s_barcode() -> None:
    packagings = [{"code": "PZ", "qty": 1, "is_smallest": True, "pricing": {"retail": 95}}]
    listing = make_listing(selling(packaging="smallest"), packaging_options=packagings)
    assert (listing.gtins, listing.price.amount) == ((PIECE,), Decimal("95.00"))


def test_a_box_without_a_barcode_of_its_own_has_none() -> None:
    packagings = [{"code": "CT", "qty": 6, "pricing": {"retail": 450}}]
    assert make_listing(selling(packaging="CT"), packaging_options=packagings, ean=[PIECE]).gtins == ()


@pytest.mark.parametrize(
    ("packaging", "field", "rule"),
    [
        ("XX", "packaging", "missing"),
        ("PAL", "packaging", "not_sellable"),
        ("BAD", "quantity", "packaging_size"),
        ("PZ", "price", "missing"),
    ],
)
def test_a_packaging_that_cannot_be_sold_is_a_problem(packaging: str, field: str, rule: str) -> None:
    problem = problem_of(selling(packaging=packaging))
    assert (problem.field, problem.rule) == (field, rule)
    assert problem.cure


def test_the_piece_is_sold_in_place_of_a_missing_packaging_only_if_the_account_says_so() -> None:
    account = selling(packaging="XX", missing="piece")
    assert make_listing(account, packaging_options=PACKAGINGS).price.amount == Decimal("99.90")


def test_stock_per_place_is_counted_in_what_is_sold() -> None:
    account = replace(
        selling(packaging="CT"), stock=ACCOUNT.stock.model_copy(update={"locations": ("MI", "RM"), "buffer": 1})
    )
    # Two whole boxes in Milan, one in Rome: five pieces there cannot be put together with one elsewhere.
    listing = make_listing(account, packaging_options=PACKAGINGS, inventory={"MI": 13, "RM": 11})
    assert listing.quantity == 2


@given(quantity=st.integers(-100, 10**6), pieces=st.integers(1, 500))
def test_no_more_boxes_are_offered_than_the_pieces_fill(quantity: int, pieces: int) -> None:
    packagings = [{"code": "CT", "qty": pieces, "pricing": {"retail": 450}}]
    listing = make_listing(selling(packaging="CT"), packaging_options=packagings, quantity=quantity)
    assert listing.quantity * pieces <= max(quantity, 0) < (listing.quantity + 1) * pieces


@pytest.mark.parametrize(
    ("unit", "gtins"),
    [
        ({}, (PIECE, BOX, OTHER)),
        ({"barcodes": "first"}, (PIECE,)),
        ({"barcodes": "last"}, (OTHER,)),
        ({"prefixes": ["800"]}, (BOX, OTHER, PIECE)),
        ({"prefixes": ["8009"], "barcodes": "first"}, (OTHER,)),
        ({"prefixes": ["999"], "barcodes": "first"}, (PIECE,)),
    ],
)
def test_of_several_barcodes_the_account_chooses(unit: dict[str, Any], gtins: tuple[str, ...]) -> None:
    assert make_listing(selling(**unit), ean=[PIECE, BOX, OTHER]).gtins == gtins


@pytest.mark.parametrize(
    "packagings",
    ["CT", {"x": {"pkg_id": 1}}, ["CT"], [{"code": "CT", "pricing": 9}], [{"is_sellable": "no"}], [{"ean": {"a": 1}}]],
)
def test_packagings_in_another_shape_are_told_to_those_who_sell_them_and_to_nobody_else(packagings: Any) -> None:
    assert make_listing(packaging_options=packagings).price.amount == Decimal("99.90")
    product = make_product(packaging_options=packagings)
    assert product.problems == ()
    target = wanted(product, selling(packaging="CT"), NOW).target
    assert isinstance(target, list)
    assert (target[0].rule, target[0].cure.split(" ")[0]) == ("wrong_shape", "Correct")


def test_a_packaging_s_size_is_no_part_of_the_price_rules_of_others() -> None:
    account = replace(ACCOUNT, price=PriceRules(basis="sale"))
    assert make_listing(account, packaging_options=PACKAGINGS).price.amount == Decimal("89.90")


def test_a_misspelt_rule_is_refused() -> None:
    with pytest.raises(ValidationError, match="barcodes"):
        SalesUnit(barcodes="newest")
