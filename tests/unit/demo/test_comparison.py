"""The demo's verdict: every kind of difference is found, and equal things are equal."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.demo.catalogue import categories, load_products
from consumer.demo.comparison import Shown, differences, wanted

SHOWN = Shown("Drill", "89.90", 5)


def document(**changes: Any) -> dict[str, Any]:
    return {
        "entity_code": "A",
        "sku": "A",
        "isCurrent": True,
        "status": "published",
        "name": {"en": "Drill"},
        "pricing": {"retail": 99.9, "sale": 89.9},
        "quantity": 5,
        **changes,
    }


def test_what_is_wanted_is_read_from_the_document() -> None:
    assert wanted([document()]) == {"A": SHOWN}
    assert wanted([document(pricing={"retail": 99.9})])["A"].price == "99.90"
    assert wanted([document(isCurrent=False), document(status="archived")]) == {}


def test_equal_is_equal() -> None:
    assert differences({"A": SHOWN}, {"A": SHOWN}) == []


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ({"A": Shown("Saw", "89.90", 5)}, "title is 'Saw', should be 'Drill'"),
        ({"A": Shown("Drill", "89.91", 5)}, "price is '89.91', should be '89.90'"),
        ({"A": Shown("Drill", "89.90", 4)}, "quantity is 4, should be 5"),
        ({}, "not live"),
        ({"A": SHOWN, "B": SHOWN}, "B: live on the channel, gone from the PIM"),
    ],
)
def test_each_difference_is_told(channel: dict[str, Shown], words: str) -> None:
    (difference,) = differences({"A": SHOWN}, channel)
    assert words in str(difference)


def test_a_sold_out_product_need_not_be_listed_but_if_it_is_then_as_it_is() -> None:
    sold_out = Shown("Drill", "89.90", 0)
    assert differences({"A": sold_out}, {}) == []
    assert differences({"A": sold_out}, {"A": sold_out}) == []
    assert len(differences({"A": sold_out}, {"A": SHOWN})) == 1


def test_the_catalogue_has_304_products_whose_categories_are_all_mapped() -> None:
    products = load_products()
    assert len({product["entity_code"] for product in products}) == 304
    tops = {(*product["category"]["path"], product["category"]["category_id"])[0] for product in products}
    assert tops == categories("ebay").keys()
    assert all(isinstance(product["created_at"].year, int) for product in products)
