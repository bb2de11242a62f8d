"""Every example on the page about rules is one that can be saved, and does what the page says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import consumer
from adapters.model import Listing, Problem
from consumer.listings.accounts import Account
from consumer.listings.accounts.exchange import parse
from consumer.listings.rules import wanted
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.section import Section
from consumer.listings.rules.selection import Delisting, Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.units import SalesUnit
from tests.unit.listings.making import ACCOUNT, NOW, make_product

PAGE = (Path(consumer.__file__).parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
SECTIONS: Mapping[str, type[Section]] = {
    "selection": Selection,
    "content": Content,
    "categories": Categories,
    "price": PriceRules,
    "stock": StockRules,
}
EXAMPLES: list[dict[str, Any]] = [
    data for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for data in parse(block)
]


def account_of(example: dict[str, Any]) -> Account:
    """The account of the tests with the sections of this example."""
    made: dict[str, Any] = {name: SECTIONS[name].model_validate(data) for name, data in example.items()}
    return replace(ACCOUNT, **made)


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


def example_of(section: str) -> Account:
    """The first example of this section."""
    return account_of(next(example for example in EXAMPLES if section in example))


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
