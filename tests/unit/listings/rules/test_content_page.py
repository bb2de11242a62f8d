"""The page about rules, content and categories: its examples do what it says, and it names all there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from adapters.model import Listing
from consumer.listings.rules import wanted
from consumer.listings.rules.actions import AnyRule, Arrangement, Rule
from consumer.listings.rules.categories import Aspect, Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.draft import MANY, SINGLE
from consumer.listings.rules.section import Section
from consumer.listings.rules.sources import SOURCES
from consumer.listings.rules.when import Test as Question
from consumer.listings.rules.when import When
from tests.unit.listings.making import NOW, make_product
from tests.unit.listings.rules.page import PAGE, example_of


def actions() -> Iterator[type[Rule]]:
    for tagged in get_args(get_args(AnyRule)[0]):
        yield get_args(tagged)[0]


SECTIONS: list[type[Section]] = [Content, Categories, Aspect, Arrangement, Question, When, *actions()]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_line_of_a_section_is_on_the_page(section: type[Section]) -> None:
    names = [field.alias or name for name, field in section.model_fields.items()]
    assert [name for name in names if f"{name}:" not in PAGE and f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("name", [*SOURCES, *SINGLE, *MANY])
def test_every_source_and_target_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_page_has_an_example_for_every_action() -> None:
    used = {type(rule) for rule in example_of("content").content.rules}
    assert used == set(actions())


def shown(section: str, **changes: Any) -> Listing:
    target = wanted(make_product(**changes), example_of(section), NOW).target
    assert isinstance(target, Listing), target
    return target


POWER = {"it": [{"key": "power", "value": 750, "uom": "W"}]}


def test_the_content_example_in_a_listing() -> None:
    images = [{"url": f"https://img.example.test/{name}.jpg"} for name in ("logo", "front", "back")]
    listing = shown("content", name={"it": "Trapano"}, technical_specifications=POWER, images=images)
    assert listing.title == "Nordwald Trapano - Rosso 750 W"
    assert listing.attributes == {"Produktart": ("Bohrmaschine",), "Farbe": ("Rot",)}
    assert [re.sub(r".*/", "", image) for image in listing.images] == ["back.jpg", "front.jpg"]
    assert (listing.mpn, listing.condition, listing.description) == ("NW-750R", "NEW", "<p>Potente.</p>")


def test_the_condition_of_the_example_holds_for_used_goods_only() -> None:
    assert shown("content", product_status="Reso").condition == "USED_GOOD"
    cheap = {"retail": 9, "currency": "EUR", "vat_included": True}
    assert shown("content", product_status="Reso", pricing=cheap).condition == "NEW"


def test_the_categories_example_in_a_listing() -> None:
    listing = shown("categories")
    assert listing.category == "184655"
    assert listing.attributes == {
        "Colore": ("Rosso scuro",),
        "Marca": ("Nordwald",),
        "Alimentazione": ("Non applicabile",),
    }
    assert shown("categories", category={"category_id": "9", "path": ["1245"]}).category == "631"
