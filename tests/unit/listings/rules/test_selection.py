"""Which products an account sells, why it does not sell the others, and what becomes of their listings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.model import Listing, Problem
from consumer.listings.accounts import Account
from consumer.listings.rules import Unwanted, Why, wanted
from consumer.listings.rules.selection import Delisting, Selection
from consumer.listings.rules.stock import StockRules
from tests.unit.listings.making import ACCOUNT, CODE, NOW, make_document, make_product

POLICIED = sorted(Delisting.model_fields)


def account_with(**selection: Any) -> Account:
    return replace(ACCOUNT, selection=Selection(**selection))


def target_of(account: Account, **changes: Any) -> Listing | Unwanted | list[Problem]:
    return wanted(make_product(**changes), account, NOW).target


def unwanted(account: Account, **changes: Any) -> Unwanted:
    target = target_of(account, **changes)
    assert isinstance(target, Unwanted), target
    return target


SELECTED: list[dict[str, Any]] = [
    {},
    {"channels": ["ebay", "amazon"]},
    {"codes": {"include": [CODE]}},
    {"codes": {"exclude": ["OTHER", CODE.lower()]}},
    {"categories": {"include": ["1245"]}},
    {"categories": {"include": ["644"], "exclude": ["9"]}},
    {"brands": {"include": ["NORDWALD"]}},
    {"brands": {"exclude": ["Altura"]}},
    {"attributes": {"color": {"include": ["rosso", "blu"]}}},
    {"attributes": {"Colore": {"exclude": ["verde"]}}},
    {"attributes": {"power": {"include": ["750 W"]}}},
    {"product_statuses": {"exclude": ["EOL"]}},
    {"price": {"at_least": "99.90"}},
    {"price": {"at_least": 10, "below": 100}},
    {"in_stock": True},
    {"also": [CODE], "brands": {"include": ["Altura"]}, "categories": {"exclude": ["644"]}},
]
LEFT_OUT: list[tuple[dict[str, Any], Why, str]] = [
    ({"channels": ["amazon"]}, Why.CHANNEL_REMOVED, "not in the PIM's sales channel amazon (it is in default, ebay)"),
    ({"codes": {"include": [CODE.lower()]}}, Why.DESELECTED, f"entity code {CODE} is not included"),
    ({"codes": {"include": ["OTHER"]}}, Why.DESELECTED, f"entity code {CODE} is not included"),
    ({"codes": {"exclude": [CODE]}, "also": [CODE]}, Why.DESELECTED, f"entity code {CODE} is excluded"),
    ({"categories": {"include": ["7"]}}, Why.DESELECTED, "category: 644, 1244, 1245 is not included"),
    ({"categories": {"include": ["644"], "exclude": ["1245"]}}, Why.DESELECTED, "category: 1245 is excluded"),
    ({"brands": {"include": ["Altura"]}}, Why.DESELECTED, "brand: Nordwald is not included"),
    ({"brands": {"exclude": ["nordwald"]}}, Why.DESELECTED, "brand: Nordwald is excluded"),
    ({"attributes": {"color": {"include": ["Blu"]}}}, Why.DESELECTED, "attribute color: rosso is not included"),
    ({"attributes": {"size": {"include": ["L"]}}}, Why.DESELECTED, "attribute size: it has none, and only some"),
    ({"product_statuses": {"include": ["ACTIVE"]}}, Why.DESELECTED, "product_status: it has none, and only some"),
    ({"price": {"below": "99.90"}}, Why.DESELECTED, "its price 99.90 is not below 99.90"),
    ({"price": {"at_least": 100, "below": 200}}, Why.DESELECTED, "its price 99.90 is not from 100 and below 200"),
]
DOCUMENT = {
    "channels": ["default", "ebay"],
    "technical_specifications": {"it": [{"key": "power", "label": "Potenza", "value": 750, "uom": "W"}]},
}


@pytest.mark.parametrize("selection", SELECTED)
def test_selected(selection: dict[str, Any]) -> None:
    assert isinstance(target_of(account_with(**selection), **DOCUMENT), Listing)


@pytest.mark.parametrize(("selection", "why", "words"), LEFT_OUT)
def test_left_out_with_the_reason_in_words(selection: dict[str, Any], why: Why, words: str) -> None:
    found = unwanted(account_with(**selection), **DOCUMENT)
    assert (found.why, found.policy) == (why, "end")
    assert words in found.reason


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"isCurrent": False}, Why.OLD_VERSION),
        ({"status": "archived"}, Why.ARCHIVED),
        ({"status": "draft"}, Why.UNPUBLISHED),
        ({"not_visible": True}, Why.HIDDEN),
        ({"variants_entity_code": ["A"]}, Why.GROUP),
        ({"channels": []}, Why.CHANNEL_REMOVED),
        ({"channels": ...}, Why.CHANNEL_REMOVED),
        ({"brand": ...}, Why.DESELECTED),
        ({"quantity": 0}, Why.OUT_OF_STOCK),
    ],
)
def test_each_reason_has_the_policy_the_account_gives_it(changes: dict[str, Any], why: Why) -> None:
    selection: dict[str, Any] = {"channels": ["ebay"], "brands": {"include": ["Nordwald"]}, "in_stock": True}
    fixed = {Why.OLD_VERSION: "end", Why.GROUP: "end"}
    for policy in ("end", "zero"):
        delisting = {} if why in fixed else {why.value: policy}
        found = unwanted(account_with(**selection, delisting=delisting), **{**DOCUMENT, **changes})
        assert (found.why, found.policy) == (why, fixed.get(why, policy))


def test_every_reason_has_a_policy() -> None:
    assert {why.value for why in Why} - {"group", "variant", "old_version", "withheld"} == set(POLICIED)


def test_sold_out_is_never_kept_on_sale() -> None:
    with pytest.raises(ValidationError, match="out_of_stock"):
        Delisting(out_of_stock="keep")


def test_out_of_stock_stays_listed_with_zero_unless_the_account_says_otherwise() -> None:
    listing = target_of(ACCOUNT, quantity=0)
    assert isinstance(listing, Listing)
    assert listing.quantity == 0
    assert unwanted(account_with(delisting={"out_of_stock": "end"}), quantity=0).policy == "end"
    assert unwanted(account_with(in_stock=True), quantity=0).policy == "zero"


def test_whether_there_is_stock_goes_by_what_the_account_may_sell() -> None:
    account = replace(account_with(in_stock=True), stock=StockRules(buffer=2))
    assert unwanted(account, quantity=2).why is Why.OUT_OF_STOCK
    assert isinstance(target_of(account, quantity=3), Listing)


@pytest.mark.parametrize(
    ("selection", "changes", "field"),
    [
        ({"channels": ["ebay"]}, {"channels": {"ebay": True}}, "channels"),
        ({"categories": {"include": ["1245"]}}, {"category": "Trapani"}, "category"),
        ({"categories": {"include": ["1245"]}}, {"category": None}, "category"),
        ({"brands": {"include": ["Nordwald"]}}, {"brand": 7}, "brand"),
        ({"attributes": {"color": {"include": ["Rosso"]}}}, {"attributes": "rosso"}, "attributes"),
        ({"product_statuses": {"include": ["ACTIVE"]}}, {"product_status": {"it": "EOL"}}, "product_status"),
        (
            {"price": {"at_least": 10}},
            {"pricing": {"retail": "9,90", "currency": "EUR", "vat_included": True}},
            "price",
        ),
        ({"in_stock": True}, {"quantity": None}, "quantity"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_takes_nothing_down(
    selection: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    target = target_of(account_with(**selection), **{**DOCUMENT, **changes})
    assert isinstance(target, list), target
    assert field in {problem.field for problem in target}


def test_the_price_range_is_what_the_buyer_would_pay() -> None:
    net = {"retail": 95, "currency": "EUR", "vat_rate": 22, "vat_included": False}
    account = account_with(price={"at_least": 100})
    assert isinstance(target_of(account, pricing=net), Listing)
    assert unwanted(account, pricing={**net, "vat_included": True}).why is Why.DESELECTED


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"chanels": ["ebay"]}, "chanels"),
        ({"brands": {"only": ["A"]}}, "only"),
        ({"brands": {"include": [" "]}}, "blank"),
        ({"price": {}}, "at_least"),
        ({"price": {"at_least": 20, "below": 10}}, "no price is at least 20 and below 10"),
        ({"delisting": {"archived": "delete"}}, "archived"),
        ({"delisting": {"gone": "end"}}, "gone"),
    ],
)
def test_a_selection_that_means_nothing_is_refused_by_name(selection: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Selection(**selection)


@given(st.sampled_from([*SELECTED, *(selection for selection, _, _ in LEFT_OUT)]))
def test_a_selection_is_the_same_after_it_was_written_down(selection: dict[str, Any]) -> None:
    made = Selection(**selection)
    assert Selection.model_validate(made.model_dump(mode="json")) == made
    assert Selection.model_validate_json(made.model_dump_json()) == made


def test_an_orphaned_variant_is_the_same_listing_as_before() -> None:
    child = make_document(parent_entity_code="TRAP-750", parent_sku="TRAP-750")
    orphan = make_document(parent_entity_code=None, is_parent=True)
    assert target_of(ACCOUNT, **child) == target_of(ACCOUNT, **orphan)
