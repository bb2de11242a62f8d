"""Every example on the page about rules is one that can be saved, and does what the page says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapters.model import Listing, Problem
from consumer.listings.rules import wanted
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.section import Section
from consumer.listings.rules.selection import Delisting, Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.units import SalesUnit
from tests.unit.listings.making import NOW, make_product
from tests.unit.listings.rules.page import EXAMPLES, PAGE, account_of, example_of


@pytest.mark.parametrize("example", EXAMPLES, ids="+".join)
def test_an_example_can_be_saved_and_used(example: dict[str, Any]) -> None:
    target = wanted(make_product(channels=["ebay"]), account_of(example), NOW).target
    if isinstance(target, list):
        assert all(problem.cure for problem in target)


@pytest.mark.parametrize("section", [Selection, Delisting, SalesUnit, StockRules], ids=lambda section: section.__name__)
def test_every_line_of_a_section_is_shown(section: type[Section]) -> None:
    shown = set(re.findall(r"^ *([a-z_]+):", PAGE, re.MULTILINE))
    assert set(section.model_fields) <= shown


def test_every_line_of_the_price_rules_is_named() -> None:
    assert [name for name in PriceRules.model_fields if f"{name}:" not in PAGE and f"`{name}`" not in PAGE] == []


def test_the_price_example_in_figures() -> None:
    pricing = {"list": 10, "retail": 40, "currency": "EUR", "vat_rate": 22, "vat_included": True}
    account = example_of("price")
    product = make_product(pricing=pricing, brand={"label": "Altura"})
    target = wanted(product, account, NOW).target
    assert isinstance(target, Listing)
    assert str(target.price.amount) == "46.30"  # 40 and 12 percent and 1.50, to 0.05
    (problem,) = _problems(wanted(make_product(pricing={**pricing, "retail": 10}), account, NOW).target)
    assert (problem.rule, problem.value) == ("below_floor", "12.70")


def _problems(target: Any) -> list[Problem]:
    assert isinstance(target, list), target
    return target


@pytest.mark.parametrize(
    ("places", "told"), [({"MI": 2, "TO": 50}, 0), ({"MI": 3}, 0), ({"MI": 2, "RM": 2}, 2), ({"MI": 90}, 20)]
)
def test_the_stock_example_in_figures(places: dict[str, int], told: int) -> None:
    target = wanted(make_product(inventory=places), example_of("stock"), NOW).target
    assert isinstance(target, Listing)
    assert target.quantity == told
