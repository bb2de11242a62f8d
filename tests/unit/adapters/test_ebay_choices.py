"""What is told of a listing's variants before anything is sent, and how they become eBay's group."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.ebay.grouping import group_document, group_images, pictured_axis, render_group
from adapters.ebay.validation import validate
from adapters.model import Listing, Money, Variant
from tests.unit.adapters.listings import make_account, make_listing

PRICE = Money(Decimal("19.90"), "EUR")


def variant(size: str, **changes: Any) -> Variant:
    return replace(Variant(f"T-{size}", PRICE, 3, {"Taglia": (size,)}), **changes)


def in_sizes(*variants: Variant, **changes: Any) -> Listing:
    return make_listing("T", **{"gtins": (), "variants": variants, "axes": ("Taglia",), **changes})


def rules_of(listing: Listing) -> set[tuple[str, str]]:
    found = validate(listing, make_account())
    assert all(problem.cure for problem in found)
    return {(problem.field, problem.rule) for problem in found}


GOOD = in_sizes(variant("S"), variant("M"))


def test_a_listing_with_choices_has_no_problem() -> None:
    assert rules_of(GOOD) == set()


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (in_sizes(variant("S"), variant("S", sku="T-2")), ("variants", "same_choice")),
        (in_sizes(variant("S"), variant("M", attributes={})), ("variants", "no_choice")),
        (in_sizes(variant("S"), variant("M", attributes={"Taglia": ("M", "L")})), ("variants", "no_choice")),
        (in_sizes(variant("S"), variant("M"), axes=()), ("variants", "axes")),
        (in_sizes(*(variant(str(size)) for size in range(31))), ("variants", "too_many_values")),
        (in_sizes(*(variant(str(size)) for size in range(251))), ("variants", "too_many")),
        (in_sizes(variant("S"), variant("M", sku="T")), ("sku", "duplicate")),
        (in_sizes(variant("S"), variant("M", sku="x" * 51)), ("sku", "too_long")),
        (in_sizes(variant("S"), variant("M", price=Money(Decimal(0), "EUR"))), ("price", "not_positive")),
        (in_sizes(variant("S"), variant("M", price=Money(Decimal(9), "USD"))), ("price", "currency")),
        (in_sizes(variant("S"), variant("M", quantity=-1)), ("quantity", "negative")),
        (in_sizes(variant("S"), variant("M", images=("http://a.test/1.jpg",))), ("image", "not_https")),
        (
            in_sizes(variant("S"), variant("M", images=tuple(f"https://a.test/{n}.jpg" for n in range(13)))),
            ("image", "too_many"),
        ),
        (in_sizes(variant("S"), variant("M", gtins=("123",))), ("gtin", "malformed")),
    ],
)
def test_what_is_wrong_with_a_variant_is_told_by_its_name(listing: Listing, expected: tuple[str, str]) -> None:
    assert expected in rules_of(listing)


def test_the_group_is_whole() -> None:
    assert group_document(GOOD, make_account()) == {
        "inventoryItemGroupKey": "T",
        "title": "Tazza in ceramica blu 35 cl",
        "description": "<p>Una tazza per il caffè.</p>",
        "imageUrls": ["https://img.example.test/tazza.jpg"],
        "aspects": {"Colore": ["Blu"], "Marca": ["Ceramiche Rossi"]},
        "variantSKUs": ["T-S", "T-M"],
        "variesBy": {
            "aspectsImageVariesBy": ["Taglia"],
            "specifications": [{"name": "Taglia", "values": ["S", "M"]}],
        },
    }


def test_pictures_vary_by_the_axis_whose_choices_each_have_their_own() -> None:
    cells = [(colour, size) for colour in ("Blu", "Rosso") for size in ("S", "M")]
    variants = tuple(
        Variant(
            f"T-{colour}-{size}",
            PRICE,
            1,
            {"Colore": (colour,), "Taglia": (size,)},
            images=(f"https://a.test/{colour}.jpg",),
        )
        for colour, size in cells
    )
    listing = in_sizes(*variants, axes=("Taglia", "Colore"))
    assert pictured_axis(listing) == "Colore"
    assert group_images(listing) == [
        "https://img.example.test/tazza.jpg",
        "https://a.test/Blu.jpg",
        "https://a.test/Rosso.jpg",
    ]
    assert pictured_axis(GOOD) == "Taglia"


def test_price_and_stock_of_a_variant_are_no_content() -> None:
    account = make_account()
    cheaper = in_sizes(variant("S", quantity=1), variant("M", price=Money(Decimal(5), "EUR")))
    assert render_group(GOOD, account).content == render_group(cheaper, account).content
    assert render_group(GOOD, account).offer != render_group(cheaper, account).offer
    renamed = in_sizes(variant("S"), variant("L", sku="T-M"))
    assert render_group(GOOD, account).content != render_group(renamed, account).content
    assert render_group(GOOD, account).offer == render_group(renamed, account).offer
