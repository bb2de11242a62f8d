"""The traps of the PIM's shape that only some accounts ask about: what they do not use must not block the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Listing, Problem
from consumer.listings.product import Attribute, Category, Measure, Promotion, Size
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from tests.unit.listings.making import ACCOUNT, CODE, NOW, make_document, make_product


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["default", " ebay "], {"default", "ebay"}),
        ("ebay", {"ebay"}),
        ([], set()),
        (None, None),
        (..., None),
        ([{"code": "ebay"}], "wrong_shape"),
        (7, "wrong_shape"),
    ],
)
def test_sales_channels(value: Any, expected: Any) -> None:
    product = make_product(channels=value)
    found = product.channels.rule if isinstance(product.channels, Problem) else product.channels
    assert found == expected
    assert product.problems == ()


def test_two_price_bases_each_with_its_own_vat() -> None:
    packagings = [
        {"code": "CT", "qty": 6, "pricing": {"list": 300, "retail": 500, "vat_included": False, "vat_rate": 10}}
    ]
    product = make_product(packaging_options=packagings)
    assert (product.prices.list, product.prices.retail, product.prices.vat_included) == (
        Decimal(58),
        Decimal("99.9"),
        True,
    )
    assert isinstance(product.packagings, tuple)
    (box,) = product.packagings
    assert (box.code, box.pieces, box.sellable, box.prices.retail) == ("CT", Decimal(6), True, Decimal(500))
    assert (box.prices.vat_included, box.prices.vat_rate) == (False, Decimal(10))


def test_opening_a_product_in_the_pim_changes_nothing_of_its_packagings() -> None:
    def read(pkg_id: Any) -> Any:
        return make_product(packaging_options=[{"pkg_id": pkg_id, "code": "PZ", "qty": 1}])

    assert read("1") == read("2") == read({"a": [1]})


def test_promotions_are_read_with_their_dates_and_those_switched_off_are_not() -> None:
    entry = {
        "promo_code": "016",
        "is_active": True,
        "promo_price": 84.9,
        "start_date": {"$date": "2026-11-20T00:00:00Z"},
    }
    product = make_product(promotions=[entry, {**entry, "is_active": False}, {**entry, "promo_price": None}])
    start = datetime(2026, 11, 20, tzinfo=UTC)
    assert product.promotions == (Promotion("016", Decimal("84.9"), start, None),)
    text = make_product(promotions=[{**entry, "start_date": "2026-11-20T01:00:00+01:00"}])
    assert text.promotions == product.promotions


@pytest.mark.parametrize(
    ("changes", "sold"),
    [
        ({}, True),
        ({"isCurrentPublished": False}, True),
        ({"status": "draft", "isCurrentPublished": True}, False),
        ({"isCurrent": False, "isCurrentPublished": True}, False),
    ],
)
def test_of_several_versions_the_current_one_is_seen_if_it_is_published(changes: dict[str, Any], sold: bool) -> None:
    assert isinstance(wanted(make_product(**changes), ACCOUNT, NOW).target, Listing) is sold


def test_a_variant_knows_its_parent() -> None:
    assert make_product(parent_entity_code="TRAP-750").parent == "TRAP-750"
    assert make_product(parent_entity_code=None, parent_sku=750).parent == "750"
    assert make_product().parent is None


def test_categories_per_sales_channel() -> None:
    entries = [
        {"channel_code": "ebay", "category": {"category_id": "C-12", "name": {"it": "Trapani"}, "parent_id": "C-1"}},
        {"channel_code": "amazon"},
        {"category": {"category_id": "C-13"}},
    ]
    product = make_product(channel_categories=entries)
    assert product.channel_categories == {"ebay": Category("C-12", {"it": "Trapani"}, ("C-1",))}
    assert product.remarks == ("channel_categories[2] is left out: it does not name a sales channel and a category_id",)


def test_what_only_descriptions_use_is_read_where_it_can_be_and_blocks_nobody() -> None:
    product = make_product(
        short_description={"it": "Breve"},
        technical_specifications={"it": [{"key": "power", "label": "Potenza", "value": 750, "uom": "W"}]},
        marketing_features={"it": ["Mandrino autoserrante", " ", 7]},
        product_type={"product_type_id": "pt-9", "code": "037"},
        weight=1.9,
        weight_uom="kg",
        dimension_length=31,
        dimension_uom="CM",
    )
    assert product.short_descriptions == {"it": "Breve"}
    assert product.specifications == {"it": (Attribute("Potenza", ("750 W",), "power"),)}
    assert product.features == {"it": ("Mandrino autoserrante",)}
    assert product.product_type == "037"
    assert product.size == Size(weight=Measure(Decimal("1.9"), "KG"), length=Measure(Decimal(31), "CM"))
    broken = make_product(technical_specifications="750 W", marketing_features=3, weight="heavy", product_type=[1])
    assert broken.problems == ()
    assert len(broken.remarks) == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_EXTENDED = st.sampled_from(
    [{"$numberDecimal": "NaN"}, {"$numberDouble": "x"}, {"$date": 1}, {"$numberLong": None}, {"$oid": "1"}, {"$x": {}}]
)
_FIELDS = [
    "name",
    "description",
    "brand",
    "category",
    "attributes",
    "images",
    "gallery",
    "image",
    "ean",
    "pricing",
    "price",
    "currency",
    "quantity",
    "status",
    "sku",
    "isCurrent",
    "not_visible",
    "variants_entity_code",
    "product_status",
    "product_model",
    "channels",
    "channel_categories",
    "packaging_options",
    "promotions",
    "parent_entity_code",
    "product_type",
    "short_description",
    "technical_specifications",
    "marketing_features",
    "weight",
    "weight_uom",
    "dimension_height",
    "stock_by_location",
    "inventory",
]
_PACKAGING = st.dictionaries(
    st.sampled_from(["code", "qty", "is_default", "is_sellable", "label", "ean", "pricing", "pkg_id"]),
    _JSON | _EXTENDED,
)
_PROMOTION = st.dictionaries(
    st.sampled_from(["promo_code", "is_active", "promo_price", "start_date", "end_date"]),
    _JSON | _EXTENDED | st.just(True),
)
# All that an account can ask of a product at once.
_ASKING = replace(
    ACCOUNT,
    price=PriceRules.model_validate(
        {
            "basis": "sale",
            "promotions": True,
            "rules": [{"attributes": {"color": ["rosso"]}, "percent": 5}],
            "rounding": {"ending": "0.99"},
            "floor": {"basis": "list"},
        }
    ),
    selection=Selection.model_validate(
        {
            "channels": ["ebay"],
            "categories": {"include": ["1245"]},
            "brands": {"exclude": ["Altura"]},
            "attributes": {"size": {"exclude": ["L"]}},
            "price": {"below": 1000},
            "unit": {"packaging": "CT", "missing": "piece"},
        }
    ),
    stock=StockRules(locations=("MI",), buffer=1),
)


@given(
    st.dictionaries(st.sampled_from(_FIELDS), _JSON | _EXTENDED),
    st.lists(_PACKAGING, max_size=2),
    st.lists(_PROMOTION, max_size=2),
)
def test_no_document_makes_reader_or_rules_raise(
    changes: dict[str, Any], packagings: list[dict[str, Any]], promotions: list[dict[str, Any]]
) -> None:
    start = {"channels": ["ebay"], "packaging_options": packagings, "promotions": promotions, "inventory": {"MI": 4}}
    product = read_product({**make_document(), **start, **changes}, CODE)
    found = wanted(product, _ASKING, NOW).target
    assert isinstance(found, list | Unwanted | Listing)
    assert product.entity_code == CODE
    for problem in product.problems:
        assert problem.message
        assert problem.cure
        assert len(problem.value) <= 80
