"""The PIM's shapes and traps: what is read, what becomes a problem in words, what is ignored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.model import Problem
from consumer.listings.product import Attribute
from consumer.listings.reader import read_product
from tests.unit.listings.making import CODE, make_product


def test_a_product_of_the_schema_is_read_whole() -> None:
    product = make_product()
    assert product.problems == ()
    assert product.names == {"it": "Trapano a percussione 750 W", "en": "Impact drill 750 W"}
    assert product.brand == "Nordwald"
    assert product.model == "NW-750R"
    assert product.barcodes == ("4006381333931",)
    assert product.images == ("https://img.example.test/a.jpg",)
    assert product.prices.retail == Decimal("99.9")
    assert product.quantity == 12
    assert product.category is not None
    assert product.category.ancestors == ("1244", "1245")
    assert product.attributes == {"it": (Attribute("Colore", ("Rosso",), "color"),)}


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        pytest.param({"name": ..., "title": {"it": "Trapano"}}, "names", {"it": "Trapano"}, id="title for name"),
        pytest.param({"name": {}, "title": "Trapano"}, "names", {"it": "Trapano"}, id="an empty name does not count"),
        pytest.param({"quantity": ..., "stock_quantity": 4}, "quantity", 4, id="stock_quantity for quantity"),
        pytest.param({"quantity": 0, "stock_quantity": 4}, "quantity", 0, id="zero is a figure"),
        pytest.param({"brand": {"name": "Altura"}}, "brand", "Altura", id="brand.name for brand.label"),
        pytest.param({"brand": "Altura"}, "brand", "Altura", id="brand as text"),
        pytest.param({"brand": ...}, "brand", None, id="no brand"),
        pytest.param({"images": ..., "gallery": ["https://a/1.jpg"]}, "images", ("https://a/1.jpg",), id="gallery"),
        pytest.param(
            {"images": ..., "image": {"original": "https://a/0.jpg"}, "gallery": [{"original": "https://a/1.jpg"}]},
            "images",
            ("https://a/0.jpg", "https://a/1.jpg"),
            id="one cover beside the gallery",
        ),
        pytest.param({"variants_entity_code": ..., "variations_sku": ["a", "b"]}, "variants", 2, id="variations_sku"),
        pytest.param({"variants_entity_code": [], "variants_sku": ["a"]}, "variants", 1, id="variants_sku"),
        pytest.param({"sku": ...}, "sku", CODE, id="sku falls back to the entity code"),
        pytest.param({"sku": 4711}, "sku", "4711", id="sku as a number"),
        pytest.param({"isCurrent": ...}, "current", False, id="not marked as current"),
        pytest.param({"isCurrent": None}, "current", False, id="no longer marked as current"),
        pytest.param({"not_visible": None}, "hidden", False, id="visibility not said"),
    ],
)
def test_aliases(changes: dict[str, Any], field: str, expected: object) -> None:
    product = make_product(**changes)
    assert getattr(product, field) == expected
    assert product.problems == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Trapano", {"it": "Trapano"}, id="plain text is in the tenant's language"),
        pytest.param({"it": " Trapano ", "en": "", "de": None}, {"it": "Trapano"}, id="blank texts do not count"),
        pytest.param({"it_IT": "Trapano"}, {"it-it": "Trapano"}, id="underscore and capitals"),
        pytest.param("   ", {}, id="blank"),
        pytest.param(None, {}, id="null"),
    ],
)
def test_texts(value: object, expected: dict[str, str]) -> None:
    product = make_product(name=value)
    assert product.names == expected
    assert product.problems == ()


def test_the_description_falls_back_to_the_long_and_the_short_one_per_language() -> None:
    product = make_product(description={"it": "A"}, long_description={"it": "B", "en": "C"}, short_description="D")
    assert product.descriptions == {"it": "A", "en": "C"}


def test_a_description_of_three_megabytes_is_read() -> None:
    assert len(make_product(description="x" * 3_000_000).descriptions["it"]) == 3_000_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"it": [{"key": "k", "label": "Colore", "value": "Rosso"}]}, {"it": (Attribute("Colore", ("Rosso",), "k"),)}),
        ({"it": [{"key": "k", "value": "Rosso"}]}, {"it": (Attribute("k", ("Rosso",), "k"),)}),
        (
            {"it": {"colore": {"label": "Colore", "value": "Rosso"}}},
            {"it": (Attribute("Colore", ("Rosso",), "colore"),)},
        ),
        ({"it": {"colore": "Rosso"}}, {"it": (Attribute("colore", ("Rosso",), "colore"),)}),
        ({"colore": {"label": "Colore", "value": "Rosso"}}, {"": (Attribute("Colore", ("Rosso",), "colore"),)}),
        (
            [{"label": "Colore", "value": ["Rosso", "Blu", None, ""]}],
            {"": (Attribute("Colore", ("Rosso", "Blu"), "Colore"),)},
        ),
        ({"it": [{"label": "Peso", "value": 1.90, "uom": "kg"}]}, {"it": (Attribute("Peso", ("1.9 kg",), "Peso"),)}),
        (
            {"it": [{"label": "Watt", "value": {"$numberDecimal": "750"}}]},
            {"it": (Attribute("Watt", ("750",), "Watt"),)},
        ),
        ({"it": [{"label": "Cordless", "value": True}]}, {"it": (Attribute("Cordless", ("Sì",), "Cordless"),)}),
        ({"en": [{"label": "Cordless", "value": False}]}, {"en": (Attribute("Cordless", ("No",), "Cordless"),)}),
        (
            {"it": [{"label": "Uscita", "value": {"$date": "2026-06-01T08:00:00Z"}}]},
            {"it": (Attribute("Uscita", ("2026-06-01",), "Uscita"),)},
        ),
        (
            {"it": [{"label": {"it": "Colore"}, "value": {"it": "Rosso"}}]},
            {"it": (Attribute("Colore", ("Rosso",), "Colore"),)},
        ),
        ({"it": [{"label": "Colore", "value": None}], "en": None}, {}),
        ({}, {}),
    ],
)
def test_attributes_in_every_shape(value: object, expected: object) -> None:
    product = make_product(attributes=value)
    assert product.attributes == expected
    assert product.problems == ()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"url": "https://a/placeholder-product.jpg"}, (), id="the import's placeholder"),
        pytest.param({"url": "/images/placeholder-product.jpg?v=2"}, (), id="the same with a query"),
        pytest.param({"url": f"https://a/placeholder-{CODE}.png"}, (), id="a placeholder per product"),
        pytest.param({"url": "https://a/placeholder-lamp.jpg"}, ("https://a/placeholder-lamp.jpg",), id="a real name"),
        pytest.param("https://a/1.jpg", ("https://a/1.jpg",), id="an address instead of a map"),
        pytest.param({"url": ""}, (), id="no address"),
    ],
)
def test_images(document: object, expected: tuple[str, ...]) -> None:
    product = make_product(images=[document])
    assert product.images == expected
    assert product.problems == ()


def test_images_are_in_order_of_position_and_each_once() -> None:
    product = make_product(
        images=[
            {"url": "https://a/2.jpg", "position": 2},
            {"url": "https://a/0.jpg", "position": 0},
            {"url": "https://a/2.jpg", "position": 1},
        ]
    )
    assert product.images == ("https://a/0.jpg", "https://a/2.jpg")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["4006381333931"], ("4006381333931",)),
        (" 4006381333931 ", ("4006381333931",)),
        (4006381333931, ("4006381333931",)),
        (["4006381333932"], ()),  # wrong check digit
        (["2000000000015"], ()),  # for use inside the shop
        (["036000291452", "40170725", "10012345678902"], ("036000291452", "40170725", "10012345678902")),
        (["212345678992", "412345678903", "20123451"], ()),  # in-store UPC-A and GTIN-8
        (["", "abc", "4006381333931", "4006381333931", "٤٠٠٦٣٨١٣٣٣٩٣١"], ("4006381333931",)),
        ([], ()),
        (None, ()),
    ],
)
def test_only_barcodes_other_sellers_understand_leave(codes: object, expected: tuple[str, ...]) -> None:
    product = make_product(ean=codes)
    assert product.barcodes == expected
    assert product.problems == ()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (9.9, "9.9"),
        (10, "10"),
        (89.9, "89.9"),
        ({"$numberDecimal": "9.90"}, "9.90"),
        ({"$numberDouble": "9.9"}, "9.9"),
        ({"$numberLong": "12"}, "12"),
    ],
)
def test_figures_are_exact(raw: object, expected: str) -> None:
    assert make_product(pricing={"retail": raw}).prices.retail == Decimal(expected)


@pytest.mark.parametrize(
    "raw",
    ["9.90", True, [], [9.9], {}, {"amount": 9}, {"$numberDouble": "NaN"}, {"$numberDecimal": "-Infinity"}, 1e300],
)
@pytest.mark.parametrize("name", ["retail", "quantity"])
def test_what_is_no_number_is_a_problem_and_never_zero(name: str, raw: object) -> None:
    product = make_product(pricing={"retail": raw}) if name == "retail" else make_product(quantity=raw)
    figure = product.prices.retail if name == "retail" else product.quantity
    if name == "quantity" and raw in ([], {}):
        assert isinstance(figure, Problem)
        assert figure.rule == "missing"
        return
    assert isinstance(figure, Problem)
    assert (figure.rule, figure.field) == ("not_a_number", "price" if name == "retail" else "quantity")
    assert figure.cure


@pytest.mark.parametrize("raw", [..., None, "", {"$numberDouble": "NaN"}])
def test_a_missing_stock_is_a_problem_and_never_zero(raw: object) -> None:
    assert isinstance(make_product(quantity=raw).quantity, Problem)


def test_stock_counts_whole_pieces() -> None:
    assert make_product(quantity=2.9).quantity == 2
    assert make_product(quantity=-0.5).quantity == -1


def test_one_number_as_price_is_the_price_it_is_sold_at() -> None:
    prices = make_product(pricing=..., price={"$numberDecimal": "9.90"}, currency="EUR").prices
    assert (prices.retail, prices.list, prices.currency) == (Decimal("9.90"), None, "EUR")


@pytest.mark.parametrize(
    ("changes", "field", "found"),
    [
        ({"name": 7}, "title", "7"),
        ({"name": {"it": ["Trapano"]}}, "title", '["Trapano"]'),
        ({"brand": 7}, "brand", "7"),
        ({"brand": {"label": {"it": "x"}}}, "brand", '{"it":"x"}'),
        ({"category": "Trapani"}, "category", "Trapani"),
        ({"category": {"name": {"it": "Trapani"}}}, "category", '{"name":{"it":"Trapani"}}'),
        ({"attributes": "rosso"}, "attributes", "rosso"),
        ({"attributes": {"it": ["rosso"]}}, "attributes", "rosso"),
        ({"attributes": {"it": [{"label": "Colore", "value": {"r": 1}}]}}, "attributes", '{"r":1}'),
        ({"attributes": {"it": [{"value": "Rosso"}]}}, "attributes", "null"),
        ({"images": "https://a/1.jpg"}, "images", "https://a/1.jpg"),
        ({"images": [{"url": 7}]}, "images", "7"),
        ({"ean": {"code": "4006381333931"}}, "gtins", '{"code":"4006381333931"}'),
        ({"status": {"it": "published"}}, "status", '{"it":"published"}'),
        ({"isCurrent": "yes"}, "isCurrent", "yes"),
        ({"not_visible": 1}, "not_visible", "1"),
        ({"variants_entity_code": "A,B"}, "variants", "A,B"),
        ({"sku": {"it": "x"}}, "sku", '{"it":"x"}'),
        ({"pricing": {"retail": 9, "currency": 978}}, "price", "978"),
        ({"pricing": {"retail": 9, "vat_included": "yes"}}, "price", "yes"),
    ],
)
def test_another_shape_is_a_problem_that_says_where_what_and_cure(
    changes: dict[str, Any], field: str, found: str
) -> None:
    (problem,) = make_product(**changes).problems
    assert (problem.field, problem.rule, problem.value) == (field, "wrong_shape", found)
    assert problem.cure.startswith("Correct ")


def test_a_string_where_the_price_map_belongs_is_a_problem() -> None:
    retail = make_product(pricing="9,90").prices.retail
    assert isinstance(retail, Problem)
    assert retail.value == "9,90"


def test_an_empty_document_and_unknown_fields_do_no_harm() -> None:
    product = read_product({"solr_indexed_at": {"$date": "x"}, "$weird": [{}]}, CODE)
    assert (product.sku, product.entity_code) == (CODE, CODE)
    assert product.problems == ()
