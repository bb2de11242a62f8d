"""Listing -> Amazon's attributes: shapes by schema, selectors, titles, groups."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.amazon import mapping
from adapters.amazon.shaping import Shapes
from adapters.amazon.titles import joined, split_title
from adapters.model import Money
from tests.unit.adapters.amazon_wire import ITALY, Json, make_amazon_account, make_amazon_listing, make_group

CONTEXT = {"marketplace_id": ITALY, "language_tag": "it_IT", "currency": "EUR", "audience": "ALL"}
UNKNOWN = Shapes(None, CONTEXT)


def attribute(title: str, value: Json, **more: Json) -> Json:
    parts = {"value": value, **more, "marketplace_id": {"type": "string"}}
    return {"title": title, "type": "array", "items": {"type": "object", "properties": parts}}


SCHEMA: Json = {
    "properties": {
        "item_name": attribute("Titolo", {"type": "string"}, language_tag={"type": "string"}),
        "color": attribute("Colore", {"type": "string"}, language_tag={"type": "string"}),
        "size": attribute("Taglia", {"type": "string"}),
        "number_of_items": attribute("Numero di articoli", {"type": "integer"}),
        "is_fragile": attribute("Fragile", {"type": "boolean"}),
        "material": attribute(
            "Materiale",
            {"anyOf": [{"type": "string"}, {"type": "string", "enum": ["ceramic"], "enumNames": ["Ceramica"]}]},
        ),
        "item_weight": attribute(
            "Peso", {"type": "number"}, unit={"type": "string", "enum": ["grams"], "enumNames": ["Grammi"]}
        ),
        "item_dimensions": {
            "title": "Dimensioni",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "length": {
                        "type": "object",
                        "properties": {"value": {"type": "number"}, "unit": {"type": "string"}},
                    },
                    "marketplace_id": {"type": "string"},
                },
            },
        },
        "variation_theme": {
            "type": "array",
            "items": {"properties": {"name": {"type": "string", "enum": ["SIZE_NAME", "COLOR_NAME/SIZE_NAME"]}}},
        },
    }
}
SHAPES = Shapes(SCHEMA, CONTEXT)


def shaped(**given: tuple[str, ...]) -> dict[str, Any]:
    return SHAPES.shaped({name.replace("__", ".").replace("_of_", " di "): values for name, values in given.items()})


def test_a_name_in_the_marketplaces_language_means_amazons_attribute() -> None:
    assert shaped(Colore=("Blu",)) == {"color": [{"value": "Blu", "marketplace_id": ITALY, "language_tag": "it_IT"}]}
    assert shaped(color=("Blu",)) == shaped(Colore=("Blu",))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("number_of_items", "6", 6),
        ("number_of_items", "six", "six"),
        ("is_fragile", "Sì", True),
        ("is_fragile", "no", False),
        ("material", "Ceramica", "ceramic"),
        ("material", "Vetro", "Vetro"),
    ],
)
def test_a_text_becomes_what_the_schema_declares(name: str, text: str, expected: object) -> None:
    assert SHAPES.shaped({name: (text,)})[name][0]["value"] == expected


@pytest.mark.parametrize("text", ["350 g", "350 Grammi", "350 grams"])
def test_a_measure_is_a_number_and_a_unit(text: str) -> None:
    assert shaped(Peso=(text,)) == {"item_weight": [{"value": 350.0, "unit": "grams", "marketplace_id": ITALY}]}


def test_a_decimal_comma_is_one() -> None:
    assert shaped(Peso=("1.234,5 g",))["item_weight"][0]["value"] == 1234.5


def test_a_name_with_dots_means_a_part() -> None:
    found = shaped(item_dimensions__length=("10 cm",))
    assert found == {
        "item_dimensions": [{"length": {"value": 10.0, "unit": "centimeters"}, "marketplace_id": ITALY}],
    }


def test_what_the_product_type_does_not_have_is_left_out_and_told() -> None:
    assert shaped(Stile=("Moderno",)) == {}
    assert SHAPES.left_out(["Stile", "Colore"]) == ["Stile"]


def test_without_a_schema_only_amazons_own_names_are_sent() -> None:
    found = UNKNOWN.shaped({"Colore": ("Blu",), "color": ("Blu",)})
    assert list(found) == ["color"]


def test_a_price_stands_with_all_its_selectors() -> None:
    assert mapping.offer(Money(Decimal("19.905"), "EUR"), make_amazon_account()) == [
        {
            "marketplace_id": ITALY,
            "currency": "EUR",
            "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": 19.91}]}],
        }
    ]


def test_yen_have_no_decimals() -> None:
    assert mapping.figure(Money(Decimal("1990.50"), "JPY")) == 1991.0


def test_stock_in_amazons_warehouses_is_never_sent() -> None:
    account = make_amazon_account()
    assert mapping.stock(9, account, "AMAZON_EU") == [{"fulfillment_channel_code": "AMAZON_EU"}]
    assert mapping.stock_patches(9, account, "AMAZON_EU") == []
    patches = mapping.offer_patches(make_amazon_listing(quantity=9), account, "AMAZON_EU")
    assert [patch["path"] for patch in patches] == ["/attributes/purchasable_offer"]


def test_price_and_stock_go_in_one_patch() -> None:
    stock, price = mapping.offer_patches(make_amazon_listing(quantity=0), make_amazon_account(lead_time=2), "DEFAULT")
    expected = {"fulfillment_channel_code": "DEFAULT", "quantity": 0, "lead_time_to_ship_max_days": 2}
    assert (stock["op"], stock["value"]) == ("merge", [expected])
    assert price["op"] == "replace"


def test_the_content_says_who_made_it_and_what_it_is() -> None:
    account = make_amazon_account(gpsr_manufacturer="ce@maker.example", gpsr_responsible="eu@maker.example")
    found = mapping.content(make_amazon_listing(mpn="CR-35"), account, UNKNOWN)
    assert found["gpsr_manufacturer_reference"] == [
        {"gpsr_manufacturer_email_address": "ce@maker.example", "marketplace_id": ITALY}
    ]
    assert found["dsa_responsible_party_address"] == [{"value": "eu@maker.example", "marketplace_id": ITALY}]
    assert found["externally_assigned_product_identifier"] == [
        {"type": "ean", "value": "8001234567897", "marketplace_id": ITALY}
    ]
    assert found["condition_type"] == [{"value": "new_new", "marketplace_id": ITALY}]
    assert found["main_product_image_locator"][0]["media_location"] == "https://img.example.test/tazza.jpg"
    assert "gpsr_safety_attestation" not in found


def test_attributes_of_the_account_are_in_every_listing_unless_the_product_says_otherwise() -> None:
    account = make_amazon_account(attributes={"color": ("Nero",), "country_of_origin": ("IT",)})
    found = mapping.content(make_amazon_listing(attributes={"color": ("Blu",)}), account, UNKNOWN)
    assert (found["color"][0]["value"], found["country_of_origin"][0]["value"]) == ("Blu", "IT")


def test_what_has_no_barcode_may_be_exempt() -> None:
    listing = make_amazon_listing(gtins=())
    name = "supplier_declared_has_product_identifier_exemption"
    assert name not in mapping.content(listing, make_amazon_account(), UNKNOWN)
    assert mapping.content(listing, make_amazon_account(without_gtin=True), UNKNOWN)[name][0]["value"] is True


def test_a_long_title_is_split_and_reads_the_same() -> None:
    title = "Casco integrale Shark Spartan RS Stingrey nero opaco con visiera anti graffio, taglia M, doppia D"
    found = mapping.content(make_amazon_listing(title=title), make_amazon_account(), UNKNOWN)
    name, rest = found["item_name"][0]["value"], found["title_differentiation"][0]["value"]
    assert len(name) <= 75
    assert joined(name, rest) == title
    whole = mapping.content(make_amazon_listing(title=title), make_amazon_account(modular_titles=False), UNKNOWN)
    assert whole["item_name"][0]["value"] == title
    assert "title_differentiation" not in whole


@given(st.text(alphabet="ab -,|ò", max_size=230).map(lambda text: " ".join(text.split())))
def test_parts_of_a_title_make_the_title_again(title: str) -> None:
    name, rest = split_title(title)
    assert joined(name, rest) == title
    if rest:
        assert len(name) <= 75
        assert len(rest) <= 125
        assert not name.endswith((",", "-", "|"))


def test_a_group_has_a_parent_that_cannot_be_bought_and_children_that_name_it() -> None:
    group, account = make_group("Rosso", "Blu"), make_amazon_account()
    parent = mapping.content(group, account, UNKNOWN)
    assert parent["parentage_level"] == [{"value": "parent", "marketplace_id": ITALY}]
    assert "condition_type" not in parent
    child = mapping.child_content(group, group.variants[0], account, UNKNOWN)
    relation = {"child_relationship_type": "variation", "parent_sku": "G-1", "marketplace_id": ITALY}
    assert child["child_parent_sku_relationship"] == [relation]
    assert child["parentage_level"][0]["value"] == "child"
    assert child["item_name"][0]["value"].endswith("(Rosso)")
    assert child["variation_theme"] == parent["variation_theme"]


def test_the_variation_theme_is_the_product_types_own_for_these_axes() -> None:
    group = replace(make_group("Rosso"), axes=("Taglia", "Colore"))
    account = make_amazon_account()
    assert mapping.theme_of(group, account, SHAPES) == "COLOR_NAME/SIZE_NAME"
    assert mapping.theme_of(replace(group, axes=("Taglia",)), account, SHAPES) == "SIZE_NAME"
    chosen = make_amazon_account(variation_themes={"DRINKING_CUP": "STYLE_NAME"})
    assert mapping.theme_of(group, chosen, SHAPES) == "STYLE_NAME"


def test_a_parent_is_put_first_without_terms_of_sale() -> None:
    bodies = list(mapping.put_bodies(make_group("Rosso", "Blu"), make_amazon_account(), UNKNOWN, "DEFAULT"))
    assert [sku for sku, _ in bodies] == ["G-1", "G-1-Rosso", "G-1-Blu"]
    assert [body["requirements"] for _, body in bodies] == ["LISTING_PRODUCT_ONLY", "LISTING", "LISTING"]
    assert "purchasable_offer" not in bodies[0][1]["attributes"]


def test_a_change_of_one_version_changes_what_is_rendered_of_the_offer_only() -> None:
    group, account = make_group("Rosso", "Blu"), make_amazon_account()
    sold = replace(group, variants=(replace(group.variants[0], quantity=0), group.variants[1]))
    before, after = mapping.render(group, account, UNKNOWN), mapping.render(sold, account, UNKNOWN)
    assert before.content == after.content
    assert before.offer != after.offer
