"""The page about rules, and its examples as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import consumer
from consumer.listings.accounts import Account
from consumer.listings.accounts.exchange import parse
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.section import Section
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.variations import Variations
from tests.unit.listings.making import ACCOUNT

PAGE = (Path(consumer.__file__).parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES: list[dict[str, Any]] = [
    data for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for data in parse(block)
]
SECTIONS: Mapping[str, type[Section]] = {
    "selection": Selection,
    "content": Content,
    "categories": Categories,
    "price": PriceRules,
    "stock": StockRules,
    "variations": Variations,
}


def account_of(example: dict[str, Any]) -> Account:
    """The account of the tests with the sections of this example."""
    made: dict[str, Any] = {name: SECTIONS[name].model_validate(data) for name, data in example.items()}
    return replace(ACCOUNT, **made)


def example_of(section: str) -> Account:
    """The first example of this section."""
    return account_of(next(example for example in EXAMPLES if section in example))
