"""What people are told of many products at once: what is to be mapped, and what is in the way, most products first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.ebay import EbayAccount, EbayAdapter
from adapters.model import Problem
from consumer.listings.findings import Findings
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.selection import Selection
from consumer.listings.unmapped import Missing, Unmapped, count_unmapped
from consumer.listings.validation import examine
from tests.unit.listings.making import ACCOUNT, make_document, make_listing

AT = datetime(2026, 6, 1, tzinfo=UTC)
EBAY = EbayAdapter(client=None, account=EbayAccount(app_id="a", api_secret="s"))  # type: ignore[arg-type]  # no call is made


def product(code: str, **changes: Any) -> Product:
    return read_product(make_document(entity_code=code, sku=code, **changes), code)


def in_category(code: str, category: str) -> Product:
    return product(code, category={"category_id": category, "name": {"it": f"Nome {category}"}, "path": ["root"]})


def colour(code: str, *values: str) -> Product:
    return product(code, attributes={"it": [{"key": "color", "label": "Colore", "value": list(values)}]})


def test_categories_without_a_mapping_come_by_the_number_of_their_products() -> None:
    products = [*(in_category(f"A{n}", "a") for n in range(5)), *(in_category(f"B{n}", "b") for n in range(7))]
    products += [in_category("M", "1245"), product("N", category=None)]
    (first, most), (second, fewer), (third, one) = count_unmapped(products, ACCOUNT)
    assert first == Missing("category", "b", "Nome b (below root)")
    assert (most.products, most.examples) == (7, ("B0", "B1", "B2"))
    assert (second.name, fewer.products) == ("a", 5)
    assert (third.name, one.products, one.examples) == ("(none)", 1, ("N",))


def test_values_that_tables_do_not_know_are_counted_also_where_they_are_kept() -> None:
    for otherwise in ("problem", "keep", "drop"):
        rule = {"target": "attributes.Colore", "convert": {"Rosso": "Red"}, "otherwise": otherwise}
        account = replace(ACCOUNT, content=Content.model_validate({"rules": [rule]}))
        found = count_unmapped([colour("A", "Blu"), colour("B", "Blu", "Rosso"), colour("C", "Verde")], account)
        assert [(missing, count.products) for missing, count in found] == [
            (Missing("value", "attributes.Colore", "Blu"), 2),
            (Missing("value", "attributes.Colore", "Verde"), 1),
        ]


def test_attributes_that_the_channel_requires_and_products_do_not_fill_are_counted() -> None:
    aspects = {"9355": [{"name": "Tipo", "from": "attributes.type", "required": True}]}
    account = replace(ACCOUNT, categories=Categories.model_validate({"map": {"1245": "9355"}, "aspects": aspects}))
    ((missing, count),) = count_unmapped([product("A"), product("B")], account)
    assert missing == Missing("attribute", "attributes.Tipo", "in category 9355")
    assert count.products == 2


def test_products_that_are_not_sold_do_not_count() -> None:
    account = replace(ACCOUNT, selection=Selection.model_validate({"brands": {"exclude": ["Nordwald"]}}))
    unmapped = Unmapped(account)
    unmapped.add(in_category("A", "a"))
    unmapped.add(product("B", status="archived"))
    assert (unmapped.products, unmapped.counts()) == (0, [])


@given(st.lists(st.sampled_from(["a", "b", "1245"]), max_size=30))
def test_what_is_counted_is_what_keeps_products_from_being_listed(categories: list[str]) -> None:
    """By both ways of asking: as many products lack a mapping as are refused for it."""
    products = [in_category(f"P{place}", category) for place, category in enumerate(categories)]
    counted = sum(count.products for _, count in count_unmapped(products, ACCOUNT))
    refused = [examine(each, ACCOUNT, EBAY, AT) for each in products]
    assert counted == sum(isinstance(found, list) for found in refused)


def test_the_same_problem_is_one_group_with_its_cure_and_examples() -> None:
    findings = Findings()
    for number in range(5):
        findings.add(f"P{number}", [Problem("title", "too_long", "Title is too long", f"Shorten by {number}.", "x")])
    findings.add("Q", [Problem("image", "missing", "Missing image", "Add one.")])
    findings.add("R", make_listing())
    findings.add("S", Unwanted("archived in the PIM"))
    first, second = findings.groups()
    assert (first.field, first.products, first.cure) == ("title", 5, "Shorten by 0.")
    assert first.examples == (("P0", "x"), ("P1", "x"), ("P2", "x"))
    assert (second.field, second.products) == ("image", 1)
    assert (findings.fine, findings.refused, findings.unwanted) == (1, 6, {"archived in the PIM": 1})


def test_a_product_with_a_problem_twice_counts_once() -> None:
    findings = Findings()
    twice = [Problem("image", "not_https", "No https", "Serve it by https.", address) for address in ("a", "b")]
    for code in ("P", "Q", "R", "S", "T"):
        findings.add(code, twice)
    (group,) = findings.groups()
    assert group.products == 5
    assert group.examples[0] == ("P", "a")
