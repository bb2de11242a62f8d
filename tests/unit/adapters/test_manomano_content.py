"""Records of ManoMano's content feed: columns, units, lists, and the file."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.manomano.columns import OFFER_COLUMNS, Columns, read_columns, template
from adapters.manomano.content import feed_item, record
from adapters.manomano.feed import ContentFormat
from adapters.manomano.versions import measure, versions_of
from adapters.model import Listing, Money, Variant
from adapters.sandbox.manomano.world import fields
from tests.unit.adapters.manomano_listings import make_mug

LIVE = read_columns(fields())


def cells(listing: Listing, columns: Columns = LIVE) -> dict[str, str]:
    (version,) = versions_of(listing)
    return record(listing, version, columns).cells


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2,5 kg", (Decimal("2.5"), "kg")),
        ("1200W", (Decimal(1200), "W")),
        ("12", (Decimal(12), "")),
        ("about 3", None),
        ("", None),
    ],
)
def test_a_measure_is_a_number_and_its_unit(text: str, found: tuple[Decimal, str] | None) -> None:
    assert measure(text) == found


def test_values_of_another_language_are_paired_by_position() -> None:
    values = LIVE.by_name["colour"].values
    assert {values[word] for word in ("blu", "blue")} == {"blue"}
    assert values["verde"] == "green"
    column = {"id": 1, "name": "c", "accepted_values": ["a", "b"], "localized_accepted_values": {"it_IT": ["uno"]}}
    assert read_columns([column]).by_name["c"].values == {"a": "a", "b": "b", "uno": "a"}


def test_a_column_is_found_by_its_name_and_by_its_label_in_any_language() -> None:
    for name in ("power", "POTENZA", " Power "):
        found = LIVE.find(name)
        assert found is not None
        assert (found.name, found.unit) == ("power", "power_unit")


def test_several_values_and_codes_share_a_cell_and_no_value_is_split() -> None:
    listing = make_mug(gtins=("4006381333931", "2000000000015"), attributes={"note_1": ("a#b", "c")})
    assert (cells(listing)["ean"], cells(listing)["note_1"]) == ("4006381333931#2000000000015", "a b#c")


def test_attributes_overwrite_nothing_of_ours_and_never_name_price_or_stock() -> None:
    assert OFFER_COLUMNS.isdisjoint(template().by_name)
    listing = make_mug(attributes={"title": ("X",), "quantity": ("99",), "product_price_vat_inc": ("1",)})
    found = cells(listing)
    assert found["title"] == "Tazza"
    assert OFFER_COLUMNS.isdisjoint(found)


def test_an_account_s_rule_may_say_the_weight() -> None:
    (version,) = versions_of(make_mug(weight=None, attributes={"weight": ("750 g",)}))
    assert version.weight == Decimal("0.75")
    (version,) = versions_of(make_mug(attributes={"weight": ("3 stone",)}))
    assert version.weight == Decimal("0.35")


def test_without_a_list_the_template_stands_in_for_it() -> None:
    found = cells(make_mug(attributes={"power": ("1200 W",), "colour": ("qualunque",)}), template())
    assert (found["power"], found["power_unit"], found["colour"]) == ("1200", "W", "qualunque")
    assert template().digest() == ""


def the_file(*listings: Listing) -> bytes:
    items = [
        feed_item(listing, version, record(listing, version, LIVE))
        for listing in listings
        for version in versions_of(listing)
    ]
    writer = ContentFormat().writer(sorted({column for item in items for column in item.columns}))
    return writer.header + b"".join(writer.item(item.body) for item in items) + writer.footer


def test_the_file_has_the_template_s_order_and_only_columns_that_are_used() -> None:
    file = the_file(make_mug(), make_mug(sku="A;2", gtins=("2000000000015",), attributes={"Colore": ("Blu",)}))
    lines = file.decode().splitlines()
    assert lines[0] == (
        "sku;ean;brand;mm_category_id;merchant_category;title;description;image_1;weight;weight_unit;colour"
    )
    assert lines[1].startswith("A-1;4006381333931;Rossi;20696;20696;Tazza;")
    assert lines[1].endswith(";0.35;kg;")
    assert lines[2].startswith('"A;2";2000000000015;')
    assert list(ContentFormat().check(io.BytesIO(file))) == []


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        (b"", "column"),
        (the_file(make_mug()).splitlines(keepends=True)[0], "empty"),
        (the_file(make_mug(), make_mug()), "sku_twice"),
        (the_file(make_mug(mpn="1"), make_mug(sku="B", mpn="1")), "maker_twice"),
        (the_file(make_mug(gtins=())), "identity"),
        (the_file(make_mug(brand=None)), "missing"),
        (the_file(make_mug(images=("http://x.test/1.jpg",))), "image"),
        (the_file(make_mug()).replace(b"weight_unit", b"quantity"), "offer_column"),
        (the_file(make_mug()) + b"B;short\r\n", "cells"),
        (the_file(make_mug()) + b"\xff\r\n", "csv"),
    ],
)
def test_a_wrong_file_is_found(file: bytes, rule: str) -> None:
    assert rule in [finding.rule for finding in ContentFormat().check(io.BytesIO(file))]


def test_versions_have_a_title_and_attributes_of_their_own() -> None:
    price = Money(Decimal(5), "EUR")
    blue = Variant("G-1", price, 1, {"Colore": ("Blu",)}, title="Tazza azzurra")
    red = Variant("G-2", price, 2, {"Colore": ("Rosso",)}, images=("https://img.example.test/2.jpg",))
    group = replace(make_mug(sku="G"), variants=(blue, red), axes=("Colore",))
    first, second = versions_of(group)
    assert (first.title, first.images, first.parent) == ("Tazza azzurra", group.images, "G")
    assert (second.title, second.images) == ("Tazza Rosso", red.images)
