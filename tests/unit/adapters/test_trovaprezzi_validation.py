"""What is left out of Trovaprezzi's file, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.model import Money
from adapters.registry import make_adapter
from tests.unit.adapters.trovaprezzi import make_offer, make_shop


def found(shop: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    problems = make_adapter("trovaprezzi", make_shop(**shop)).validate(make_offer(**changes))
    assert all(problem.cure for problem in problems)
    return [(problem.field, problem.rule) for problem in problems]


def test_a_good_listing_has_no_problems() -> None:
    assert found({}) == []
    assert found({}, brand=None, mpn=None, gtins=(), weight=None, images=(), description="") == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sku": " "}, ("sku", "missing")),
        ({"sku": "x" * 51}, ("sku", "too_long")),
        ({"sku": "a  b"}, ("sku", "characters")),
        ({"sku": "a|b"}, ("sku", "characters")),
        ({"title": " "}, ("title", "missing")),
        ({"title": "x" * 256}, ("title", "too_long")),
        ({"title": "<b>Tazza</b>"}, ("title", "markup")),
        ({"price": Money(Decimal("0.001"), "EUR")}, ("price", "not_positive")),
        ({"price": Money(Decimal("NaN"), "EUR")}, ("price", "not_positive")),
        ({"price": Money(Decimal(10_000_001), "EUR")}, ("price", "too_high")),
        ({"price": Money(Decimal(5), "CHF")}, ("price", "currency")),
        ({"quantity": -1}, ("quantity", "negative")),
        ({"category": None}, ("category", "missing")),
        ({"category": " ; "}, ("category", "missing")),
        ({"category": "a<b"}, ("category", "characters")),
        ({"images": ("/1.jpg",)}, ("image", "not_absolute")),
        ({"brand": "x" * 256}, ("brand", "too_long")),
        ({"mpn": "a|b"}, ("mpn", "characters")),
        ({"gtins": ("4006381333930",)}, ("gtin", "malformed")),
    ],
)
def test_what_trovaprezzi_would_drop_is_a_problem(changes: dict[str, Any], problem: tuple[str, str]) -> None:
    assert found({}, **changes) == [problem]


def test_a_link_without_its_values_is_a_problem_that_names_them() -> None:
    adapter = make_adapter("trovaprezzi", make_shop(link="https://shop.example/{Slug}/{sku}"))
    (problem,) = adapter.validate(make_offer())
    assert (problem.field, problem.rule, "Slug" in problem.message) == ("link", "missing", True)
    assert found({"link": "{Link}"}, attributes={"Link": ("/relativo",)}) == [("link", "not_absolute")]


def test_an_offer_that_no_line_of_the_shipping_table_takes_is_a_problem() -> None:
    bands = {"shipping": {"bands": [{"up_to_weight": 1, "cost": 5}]}}
    assert found(bands) == []
    assert found(bands, weight=Decimal(2)) == [("shipping", "no_band")]
    assert found(bands, weight=None) == [("shipping", "no_band")]


def test_what_only_the_schema_refuses_is_a_problem_too() -> None:
    assert found({}, attributes={"Taglia": ("x" * 256,)}) == [("offer", "schema")]
