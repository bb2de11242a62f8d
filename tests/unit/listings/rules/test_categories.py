"""From PIM categories to the channel's, and the attributes that those ask for. Nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from consumer.listings.product import Category
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.draft import Draft
from tests.unit.listings.making import ACCOUNT, make_listing, make_product


def filled(*aspects: dict[str, Any], category: str = "9355", **more: Any) -> Draft:
    return filled_by({"9355": aspects}, category, **more)


def filled_by(aspects: dict[str, Any], category: str, **more: Any) -> Draft:
    categories = Categories.model_validate({"aspects": aspects, **more})
    draft = Content().draft(make_product(), ("it", "en"))
    categories.fill(draft, category)
    return draft


@pytest.mark.parametrize(
    ("aspect", "values", "rules"),
    [
        ({"name": "Colore"}, ("Rosso",), []),
        ({"name": "Farbe", "from": "attributes.color"}, ("Rosso",), []),
        ({"name": "Farbe", "from": "attributes.color", "values": {"rosso": "Rot"}}, ("Rot",), []),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}}, (), ["unmapped_value"]),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}, "otherwise": "keep"},
         ("Rosso",), []),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}, "otherwise": "drop"}, (), []),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}, "otherwise": "drop",
          "missing": "Bunt"}, ("Bunt",), []),
        ({"name": "Tipo", "from": "attributes.none"}, (), []),
        ({"name": "Tipo", "from": "attributes.none", "required": True}, (), ["required"]),
        ({"name": "Tipo", "from": "attributes.none", "required": True, "missing": "Altro"}, ("Altro",), []),
        ({"name": "Tipo", "required": True}, (), ["required"]),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}, "required": True},
         (), ["unmapped_value"]),
        ({"name": "Farbe", "from": "attributes.color", "values": {"blu": "Blau"}, "otherwise": "drop",
          "required": True}, (), ["required"]),
        ({"name": "Testo", "from": "description"}, ("Potente.",), []),
    ],
)  # fmt: skip
def test_an_aspect_is_filled_or_the_reason_told_once(
    aspect: dict[str, Any], values: tuple[str, ...], rules: list[str]
) -> None:
    draft = filled(aspect)
    assert draft.get(f"attributes.{aspect['name']}") == values
    assert [problem.rule for problem in draft.problems] == rules
    assert all(problem.field == f"attributes.{aspect['name']}" for problem in draft.problems)


def test_aspects_of_every_category_come_first_and_give_way_to_the_category_s_own() -> None:
    aspects = {
        "*": [{"name": "Marca", "from": "brand"}, {"name": "Stato", "missing": "Nuovo"}],
        "9355": [{"name": "Stato", "missing": "Usato"}],
    }
    assert filled_by(aspects, "9355").attributes == {"Colore": ("Rosso",), "Marca": ("Nordwald",), "Stato": ("Usato",)}
    assert filled_by(aspects, "1").attributes == {"Colore": ("Rosso",), "Marca": ("Nordwald",), "Stato": ("Nuovo",)}


def test_other_attributes_are_sent_or_not() -> None:
    aspect = {"name": "Marca", "from": "brand"}
    assert filled(aspect).attributes.keys() == {"Colore", "Marca"}
    assert filled(aspect, other_attributes="drop").attributes.keys() == {"Marca"}
    assert filled(aspect, category="1", other_attributes="drop").attributes == {}


def test_aspects_see_what_content_rules_made() -> None:
    rules = {"rules": [{"target": "attributes.Tipo", "combine": "{model} rosso"}]}
    aspects = {"9355": [{"name": "Tipo", "values": {"NW-750R rosso": "Trapano"}, "required": True}]}
    account = replace(
        ACCOUNT,
        content=Content.model_validate(rules),
        categories=Categories.model_validate({"map": {"644": "9355"}, "aspects": aspects}),
    )
    assert make_listing(account).attributes["Tipo"] == ("Trapano",)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), st.sets(st.sampled_from("abcdef")))
def test_f2_the_nearest_mapped_ancestor_wins_and_there_is_no_default(lineage: list[str], mapped: set[str]) -> None:
    categories = Categories(map={name: f"to-{name}" for name in mapped})
    category = Category(lineage[0], {"it": "Nome"}, tuple(lineage[1:]))
    found = categories.find(category, ("it",))
    nearest = next((name for name in lineage if name in mapped), None)
    if nearest is not None:
        assert found == f"to-{nearest}"
    else:
        assert not isinstance(found, str)
        assert (found.rule, found.value) == ("unmapped", f"{lineage[0]} Nome")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"default": "99"}, "default"),
        ({"map": {"644": ""}}, "at least 1 character"),
        ({"aspects": {"1": [{"name": "A"}, {"name": "A"}]}}, "twice"),
        ({"aspects": {"1": [{"name": "A", "from": "updated_at"}]}}, "kept by the PIM for itself"),
        ({"aspects": {"1": [{"name": ""}]}}, "at least 1 character"),
    ],
)
def test_what_cannot_work_is_refused_when_saved(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Categories.model_validate(data)
    assert words in str(refused.value)
