"""Amazon's dialect of JSON Schema, product types in the cache, and what is checked before sending."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.amazon.definitions import ASKED_AGAIN, FRESH_FOR
from adapters.amazon.schema import make_validator, problems_of
from adapters.model import Money
from tests.unit.adapters.amazon_wire import (
    TYPES,
    Amazon,
    Json,
    failed,
    make_amazon_adapter,
    make_amazon_listing,
    make_group,
    not_found,
)

GET_TYPE = f"GET {TYPES}/DRINKING_CUP"


def values(*texts: str, **more: Any) -> list[Json]:
    return [{"value": text, "marketplace_id": "X", "language_tag": "it_IT", **more} for text in texts]


def array(value: Json, **rules: Any) -> Json:
    item = {"type": "object", "properties": {"value": value}, "required": ["value"]}
    return {"type": "array", "selectors": ["marketplace_id", "language_tag"], "items": item, **rules}


def broken(schema: Json, **attributes: Any) -> list[tuple[str, str]]:
    found = problems_of(make_validator(schema), attributes)
    assert all(problem.message and problem.cure for problem in found)
    return [(problem.field, problem.rule) for problem in found]


def one(name: str, rules: Json) -> Json:
    return {"$schema": "https://schemas.amazon.com/nowhere", "type": "object", "properties": {name: rules}}


@pytest.mark.parametrize(("text", "fits"), [("èèèè", False), ("eeee", True), ("e", False)])
def test_bytes_are_counted_and_not_letters(text: str, fits: bool) -> None:
    schema = one("item_name", array({"type": "string", "maxUtf8ByteLength": 7, "minUtf8ByteLength": 2}))
    assert (broken(schema, item_name=values(text)) == []) is fits


def test_values_are_counted_for_each_combination_of_selectors() -> None:
    schema = one("bullet_point", array({"type": "string"}, maxUniqueItems=2, minUniqueItems=1))
    two_languages = values("a", "b") + values("c", "d", language_tag="de_DE")
    assert broken(schema, bullet_point=two_languages) == []
    assert broken(schema, bullet_point=values("a", "b", "c")) == [("attributes", "max_unique_items")]
    assert broken(schema, bullet_point=[]) == [("attributes", "min_unique_items")]


def test_references_open_choices_and_conditions_are_understood() -> None:
    schema = {
        "$defs": {"yes": {"type": "boolean"}},
        "type": "object",
        "properties": {
            "batteries": array({"$ref": "#/$defs/yes"}),
            "material": array({"anyOf": [{"type": "string"}, {"type": "string", "enum": ["wood"]}]}),
        },
        "allOf": [{"if": {"required": ["batteries"]}, "then": {"required": ["battery_type"]}}],
        "additionalProperties": False,
    }
    assert broken(schema, material=values("Legno")) == []
    assert broken(schema, batteries=[{"value": True}]) == [("attributes", "missing")]
    assert broken(schema, batteries=[{"value": "sì"}], material=[]) == [
        ("attributes", "missing"),
        ("attributes", "type"),
    ]
    assert broken(schema, colour=values("x")) == [("attributes", "additional_properties")]


def test_the_listings_own_fields_are_named_as_its_fields() -> None:
    schema = one("item_name", array({"type": "string", "maxLength": 3})) | {"required": ["purchasable_offer"]}
    assert broken(schema, item_name=values("lungo")) == [("price", "missing"), ("title", "max_length")]


CUP: Json = {
    "type": "object",
    "required": ["item_name", "color"],
    "properties": {
        "item_name": array({"type": "string", "maxLength": 200}),
        "color": array({"type": "string"}) | {"title": "Colore"},
        "purchasable_offer": {"type": "array"},
        "fulfillment_availability": {"type": "array"},
    },
}


async def test_a_listing_is_held_against_its_product_type() -> None:
    adapter, listing = make_amazon_adapter(Amazon(CUP)), make_amazon_listing()
    assert not adapter.knows(listing)
    assert adapter.validate(replace(listing, attributes={})) == []
    await adapter.learn([listing])
    assert adapter.knows(listing)
    assert adapter.validate(listing) == []
    (problem,) = adapter.validate(replace(listing, attributes={}))
    assert (problem.field, problem.rule) == ("attributes", "missing")
    assert "color" in problem.message
    assert adapter.schema_print(listing)


async def test_a_known_product_type_is_asked_for_once_a_day_and_fetched_when_it_changed() -> None:
    amazon, now, listing = Amazon(CUP), [0.0], make_amazon_listing()
    adapter = make_amazon_adapter(amazon, lambda: now[0])
    for _ in range(3):
        await adapter.learn([listing, listing])
    assert amazon.calls() == [GET_TYPE, "GET /schema"]
    before = adapter.schema_print(listing)
    now[0] = FRESH_FOR
    await adapter.learn([listing])
    assert amazon.calls()[2:] == [GET_TYPE]
    amazon.schema = CUP | {"required": ["item_name", "color", "size"]}
    now[0] = 2 * FRESH_FOR
    await adapter.learn([listing])
    assert amazon.calls()[3:] == [GET_TYPE, "GET /schema"]
    assert adapter.schema_print(listing) != before
    assert [problem.rule for problem in adapter.validate(listing)] == ["missing"]


@pytest.mark.parametrize(
    "answer", [failed(503, "ServiceUnavailable"), httpx.Response(200, json={}), httpx.Response(200, content=b"x")]
)
async def test_what_cannot_be_learned_is_no_error_and_is_asked_for_later(answer: httpx.Response) -> None:
    amazon, now, listing = Amazon(CUP), [0.0], make_amazon_listing()
    amazon.said[GET_TYPE] = answer
    adapter = make_amazon_adapter(amazon, lambda: now[0])
    await adapter.learn([listing])
    assert adapter.validate(replace(listing, attributes={})) == []
    assert adapter.knows(listing)
    now[0] = ASKED_AGAIN
    assert not adapter.knows(listing)
    del amazon.said[GET_TYPE]
    await adapter.learn([listing])
    assert adapter.schema_print(listing)


async def test_a_damaged_schema_is_not_used() -> None:
    amazon = Amazon(CUP)
    amazon.said["GET /schema"] = httpx.Response(200, content=b"{}")
    adapter = make_amazon_adapter(amazon)
    await adapter.learn([make_amazon_listing()])
    assert adapter.schema_print(make_amazon_listing()) == ""


async def test_a_product_type_that_amazon_does_not_have_is_a_problem_of_the_category() -> None:
    amazon = Amazon()
    amazon.said[GET_TYPE] = not_found()
    adapter = make_amazon_adapter(amazon)
    await adapter.learn([make_amazon_listing()])
    (problem,) = adapter.validate(make_amazon_listing())
    assert (problem.field, problem.rule, problem.value) == ("category", "unknown", "DRINKING_CUP")


def test_a_group_is_checked_version_by_version() -> None:
    group = make_group("Rosso", "Blu")
    dear = replace(group.variants[0], price=Money(Decimal(0), "EUR"), sku=" x")
    problems = make_amazon_adapter(Amazon()).validate(replace(group, variants=(dear, group.variants[1])))
    assert {(problem.field, problem.rule) for problem in problems} == {
        ("price", "not_positive"),
        ("variants.sku", "blanks"),
    }


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"sku": "x" * 41}, "sku", "too_long"),
        ({"title": "x" * 201}, "title", "too_long"),
        ({"title": ""}, "title", "missing"),
        ({"category": None}, "category", "missing"),
        ({"category": "20696x"}, "category", "malformed"),
        ({"images": ()}, "image", "missing"),
        ({"images": ("http://img.example.test/a.jpg",)}, "image", "not_https"),
        ({"images": tuple(f"https://img.example.test/{n}.jpg" for n in range(10))}, "image", "too_many"),
        ({"quantity": -1}, "quantity", "negative"),
        ({"price": Money(Decimal("0.004"), "EUR")}, "price", "not_positive"),
        ({"price": Money(Decimal("NaN"), "EUR")}, "price", "not_positive"),
        ({"price": Money(Decimal(5), "USD")}, "price", "currency"),
        ({"gtins": ("8001234567890",)}, "gtin", "malformed"),
    ],
)
def test_what_amazon_would_refuse_is_found_before(changes: dict[str, Any], field: str, rule: str) -> None:
    (problem,) = make_amazon_adapter(Amazon()).validate(make_amazon_listing(**changes))
    assert (problem.field, problem.rule) == (field, rule)


def test_markup_becomes_text_and_says_so() -> None:
    adapter = make_amazon_adapter(Amazon())
    listing = make_amazon_listing(description="<p>Una <b>tazza</b>.</p><script>x()</script><p>Blu &amp; bella</p>")
    fitted = adapter.fit(listing)
    assert fitted.description == "Una tazza. Blu & bella"
    assert "script" in fitted.remarks[0]
    assert adapter.fit(fitted) == fitted


async def test_an_attribute_without_a_place_is_told_once() -> None:
    adapter, listing = make_amazon_adapter(Amazon(CUP)), make_amazon_listing(attributes={"Stile": ("Moderno",)})
    await adapter.learn([listing])
    fitted = adapter.fit(listing)
    assert fitted.remarks == ("DRINKING_CUP has no attribute Stile at Amazon: left out",)
    assert adapter.fit(fitted) == fitted
