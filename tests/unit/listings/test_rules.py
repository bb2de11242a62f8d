"""What an account shows of a product, and what is said when it cannot."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Listing, Money, Problem
from consumer.listings.accounts import Account
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.conditions import WordChoice
from consumer.listings.rules.prices import PriceBasis, PriceRules
from consumer.listings.rules.selection import Selection
from tests.unit.listings.making import ACCOUNT, NOW, make_listing, make_product


def problems_of(account: Account = ACCOUNT, **changes: Any) -> list[Problem]:
    target = wanted(make_product(**changes), account, NOW).target
    assert isinstance(target, list), target
    return target


def test_a_good_product_gives_the_whole_listing() -> None:
    assert make_listing() == Listing(
        sku="TRAP-750-R",
        title="Trapano a percussione 750 W",
        description="<p>Potente.</p>",
        price=Money(Decimal("99.90"), "EUR"),
        quantity=12,
        category="9355",
        condition="NEW",
        images=("https://img.example.test/a.jpg",),
        language="it",
        brand="Nordwald",
        mpn="NW-750R",
        gtins=("4006381333931",),
        attributes={"Colore": ("Rosso",)},
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"isCurrent": False}, "current version"),
        ({"status": "archived"}, "archived"),
        ({"status": "draft"}, "draft"),
        ({"not_visible": True}, "hidden"),
        ({"variants_entity_code": ["A", "B"]}, "2 variants"),
        ({"is_parent": False, "variants_sku": ["A"]}, "1 variants"),
        ({"product_status": "EOL"}, "EOL"),
        ({"status": "archived", "pricing": ..., "quantity": None, "name": 7}, "archived"),
    ],
)
def test_unwanted_says_why_and_comes_before_problems(changes: dict[str, Any], word: str) -> None:
    account = replace(ACCOUNT, selection=Selection(product_statuses=WordChoice(exclude=("EOL",))))
    target = wanted(make_product(**changes), account, NOW).target
    assert isinstance(target, Unwanted)
    assert word in target.reason


def test_a_stand_alone_product_is_sold_although_the_pim_calls_it_a_parent() -> None:
    assert make_listing(is_parent=True, variants_entity_code=[]).quantity == 12


def test_a_missing_status_is_a_problem_and_takes_nothing_down() -> None:
    (problem,) = problems_of(status=None)
    assert (problem.field, problem.rule) == ("status", "missing")


# Prices


@pytest.mark.parametrize(
    ("basis", "pricing", "expected"),
    [
        ("retail", {"list": 58, "retail": 99.9, "sale": 89.9}, "99.90"),
        ("sale", {"list": 58, "retail": 99.9, "sale": 89.9}, "89.90"),
        ("sale", {"list": 58, "retail": 99.9, "sale": None}, "99.90"),
        ("sale", {"list": 58, "retail": 99.9}, "99.90"),
        ("list", {"list": 58, "retail": 99.9, "sale": 89.9}, "58.00"),
        ("retail", {"list": {"$numberDouble": "NaN"}, "retail": 99.9}, "99.90"),
    ],
)
def test_the_account_chooses_the_price(basis: PriceBasis, pricing: dict[str, Any], expected: str) -> None:
    whole = {"currency": "eur", "vat_included": True, **pricing}
    assert make_listing(replace(ACCOUNT, price=PriceRules(basis=basis)), pricing=whole).price == Money(
        Decimal(expected), "EUR"
    )


@pytest.mark.parametrize(
    ("basis", "pricing", "rule"),
    [
        ("retail", {}, "missing"),
        ("retail", {"list": 58, "sale": 9}, "missing"),
        ("list", {"retail": 99.9}, "missing"),
        ("retail", {"retail": None}, "missing"),
        ("retail", {"retail": 0}, "not_positive"),
        ("retail", {"retail": -1}, "not_positive"),
        ("retail", {"retail": 0.004}, "not_positive"),
        ("sale", {"retail": 99.9, "sale": 0}, "not_positive"),
        ("retail", {"retail": {"$numberDouble": "NaN"}}, "not_a_number"),
        ("retail", {"retail": "99,90"}, "not_a_number"),
        ("sale", {"retail": 99.9, "sale": "89,90"}, "not_a_number"),
        ("retail", {"retail": 99.9, "currency": None}, "currency"),
        ("retail", {"retail": 99.9, "currency": "euro"}, "currency"),
        ("retail", {"retail": 99.9, "vat_included": None}, "vat_unknown"),
        ("retail", {"retail": 99.9, "vat_included": False}, "vat_rate"),
        ("retail", {"retail": 99.9, "vat_included": False, "vat_rate": 0.22}, "vat_rate"),
        ("retail", {"retail": 99.9, "vat_included": False, "vat_rate": -4}, "vat_rate"),
        ("retail", {"retail": 99.9, "vat_included": False, "vat_rate": "22"}, "not_a_number"),
    ],
)
def test_no_doubtful_price_leaves(basis: PriceBasis, pricing: dict[str, Any], rule: str) -> None:
    whole = {"currency": "EUR", "vat_included": True, **pricing}
    (problem,) = problems_of(replace(ACCOUNT, price=PriceRules(basis=basis)), pricing=whole)
    assert (problem.field, problem.rule) == ("price", rule)
    assert problem.cure


@pytest.mark.parametrize(
    ("net", "rate", "gross"),
    [("100", 22, "122.00"), ("8.19", 22, "9.99"), ("10.25", 10, "11.28"), ("0.05", 10, "0.06"), ("7", 0, "7.00")],
)
def test_net_prices_are_grossed_up_half_up(net: str, rate: int, gross: str) -> None:
    pricing = {"retail": {"$numberDecimal": net}, "currency": "EUR", "vat_rate": rate, "vat_included": False}
    assert make_listing(pricing=pricing).price.amount == Decimal(gross)


def test_the_account_says_whether_silent_prices_include_vat() -> None:
    pricing = {"retail": 100, "currency": "EUR", "vat_rate": 22}
    assert make_listing(
        replace(ACCOUNT, price=PriceRules(basis="retail", vat_included=False)), pricing=pricing
    ).price.amount == Decimal("122.00")
    assert make_listing(
        replace(ACCOUNT, price=PriceRules(basis="retail", vat_included=True)), pricing=pricing
    ).price.amount == Decimal("100.00")
    product_says_gross = {**pricing, "vat_included": True}
    assert (
        make_listing(
            replace(ACCOUNT, price=PriceRules(basis="retail", vat_included=False)), pricing=product_says_gross
        ).price.amount
        == 100
    )


_FIGURES = (
    st.none()
    | st.just(...)
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=4)
    | st.booleans()
    | st.decimals().map(lambda value: {"$numberDecimal": str(value)})
    | st.sampled_from([{"$numberDouble": "NaN"}, {"$numberDouble": "Infinity"}, [], {}])
)


@given(
    prices=st.fixed_dictionaries(dict.fromkeys(("list", "retail", "sale", "vat_rate"), _FIGURES)),
    vat_included=st.sampled_from([True, False, None]),
    basis=st.sampled_from(["list", "retail", "sale"]),
    quantity=_FIGURES,
)
def test_never_a_zero_blank_or_negative_price_nor_an_invented_stock(
    prices: dict[str, Any], vat_included: bool | None, basis: PriceBasis, quantity: Any
) -> None:
    pricing = {name: value for name, value in prices.items() if value is not ...}
    product = make_product(pricing={**pricing, "currency": "EUR", "vat_included": vat_included}, quantity=quantity)
    target = wanted(product, replace(ACCOUNT, price=PriceRules(basis=basis)), NOW).target
    if isinstance(target, list):
        assert {problem.field for problem in target} <= {"price", "quantity"}
        return
    assert isinstance(target, Listing)
    amount = target.price.amount
    assert amount >= Decimal("0.01")
    assert amount == amount.quantize(Decimal("0.01"))
    assert isinstance(quantity, int | float | dict)
    assert not isinstance(quantity, bool)
    assert target.quantity >= 0


@given(cents=st.integers(1, 10**9), rate=st.sampled_from([0, 4, 5, 10, 22]))
def test_gross_is_net_and_vat_to_the_half_cent(cents: int, rate: int) -> None:
    net = Decimal(cents) / 100
    pricing = {"retail": {"$numberDecimal": str(net)}, "currency": "EUR", "vat_rate": rate, "vat_included": False}
    gross = make_listing(pricing=pricing).price.amount
    exact = net + net * rate / 100
    assert gross == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert abs(gross - exact) <= Decimal("0.005")


# Stock


@pytest.mark.parametrize(("stock", "quantity"), [(12, 12), (0, 0), (-3, 0), (2.9, 2), ({"$numberLong": "7"}, 7)])
def test_stock(stock: Any, quantity: int) -> None:
    assert make_listing(quantity=stock).quantity == quantity


def test_a_missing_stock_is_never_a_zero() -> None:
    (problem,) = problems_of(quantity=...)
    assert (problem.field, problem.rule) == ("quantity", "missing")


# Text


@pytest.mark.parametrize(
    ("names", "languages", "title", "language"),
    [
        ({"it": "Trapano", "en": "Drill"}, ("it", "en"), "Trapano", "it"),
        ({"en": "Drill"}, ("it", "en"), "Drill", "en"),
        ({"it-IT": "Trapano"}, ("it",), "Trapano", "it"),
        ({"it": "Trapano"}, ("it-IT",), "Trapano", "it-IT"),
        ({"it": "Trapano", "it-CH": "Perforatore"}, ("it-CH",), "Perforatore", "it-CH"),
        ("Trapano", ("en", "it"), "Trapano", "it"),
    ],
)
def test_languages(names: Any, languages: tuple[str, ...], title: str, language: str) -> None:
    listing = make_listing(replace(ACCOUNT, languages=languages), name=names)
    assert (listing.title, listing.language) == (title, language)


def test_a_title_in_no_language_of_the_account_is_a_problem_that_names_the_gap() -> None:
    (problem,) = problems_of(replace(ACCOUNT, languages=("it", "en")), name={"fr": "Perceuse", "de": "Bohrer"})
    assert (problem.field, problem.rule, problem.value) == ("title", "no_language", "de, fr")
    (problem,) = problems_of(name=None)
    assert (problem.field, problem.rule) == ("title", "missing")


def test_description_and_attributes_keep_the_title_s_language_where_they_can() -> None:
    english = make_listing(
        name={"en": "Drill"},
        attributes={"it": [{"label": "Colore", "value": "Rosso"}], "en": [{"label": "Colour", "value": "Red"}]},
    )
    assert english.description == "<p>Strong.</p>"
    assert english.attributes == {"Colour": ("Red",)}
    only_italian = make_listing(name={"en": "Drill"}, description={"it": "Potente."})
    assert only_italian.description == "Potente."


# Category


@pytest.mark.parametrize(
    ("mapped", "expected"),
    [
        ({"644": "1", "1244": "2", "1245": "3"}, "1"),
        ({"1244": "2", "1245": "3"}, "2"),
        ({"1245": "3"}, "3"),
    ],
)
def test_the_nearest_mapped_category_counts(mapped: dict[str, str], expected: str) -> None:
    assert make_listing(replace(ACCOUNT, categories=Categories(map=mapped))).category == expected


@given(depth=st.integers(1, 8), data=st.data())
def test_nearest_ancestor_in_any_depth(depth: int, data: st.DataObject) -> None:
    nodes = [f"c{level}" for level in range(depth)]  # the root first
    mapped = data.draw(st.sets(st.sampled_from(nodes)))
    shape = data.draw(st.sampled_from(["path", "hierarchy", "both"]))
    category: dict[str, Any] = {"category_id": nodes[-1], "parent_id": nodes[-2] if depth > 1 else None}
    if shape != "hierarchy":
        category["path"] = nodes[:-1]
    if shape != "path":
        category["hierarchy"] = [{"category_id": node} for node in nodes[:-1]]
    account = replace(ACCOUNT, categories=Categories(map={node: f"to-{node}" for node in mapped}))
    if mapped:
        assert make_listing(account, category=category).category == f"to-{max(mapped, key=nodes.index)}"
    else:
        assert [problem.rule for problem in problems_of(account, category=category)] == ["unmapped"]


def test_an_unmapped_category_is_named_and_never_replaced_by_a_default() -> None:
    (problem,) = problems_of(replace(ACCOUNT, categories=Categories(map={"999": "1"})))
    assert (problem.field, problem.rule, problem.value) == ("category", "unmapped", "644 Trapani")
    assert "644" in problem.cure
    (problem,) = problems_of(category=None)
    assert (problem.field, problem.rule) == ("category", "missing")


def test_every_problem_is_reported_at_once() -> None:
    found = problems_of(name=None, category="Trapani", pricing=None, quantity=None)
    assert [problem.field for problem in found] == ["category", "title", "category", "price", "quantity"]


def test_an_attribute_named_twice_keeps_all_its_values() -> None:
    entries = [{"label": "Colore", "value": "Rosso"}, {"label": "Colore", "value": ["Blu", "Rosso"]}]
    assert make_listing(attributes={"it": entries}).attributes == {"Colore": ("Rosso", "Blu")}
