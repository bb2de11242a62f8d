"""From a parent and its variants to one listing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.memory import MemoryAdapter
from adapters.model import Listing, Money
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted
from consumer.listings.rules.groups import Family, WantedGroup, wanted_group
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.variations import Variations, choose_axes
from consumer.listings.validation import ready
from tests.unit.listings.making import ACCOUNT, NOW, make_document

GROUPS = replace(ACCOUNT, variations=Variations(sell="group"))


def product(code: str, **changes: Any) -> Product:
    return read_product(make_document(entity_code=code, sku=code, **changes), code)


def child(code: str, colour: str, size: str = "M", **changes: Any) -> Product:
    attributes = [
        {"key": "code", "label": "Codice", "value": code},
        {"key": "size", "label": "Taglia", "value": size},
        {"key": "color", "label": "Colore", "value": colour},
        {"key": "made", "label": "Origine", "value": "Italia"},
    ]
    given = {"name": ..., "description": ..., "category": ..., "ean": ..., **changes}
    return product(code, parent_entity_code="P", attributes={"it": attributes}, **given)


def judged(*children: Product, account: Any = GROUPS, shown: set[str] | None = None, **parent: Any) -> WantedGroup:
    return wanted_group(Family(product("P", **parent), children), account, NOW, shown=frozenset(shown or ()))


def listed(*children: Product, **given: Any) -> Listing:
    target = judged(*children, **given).found.target
    assert isinstance(target, Listing), target
    return target


def test_variants_have_their_own_figures_and_their_parents_words() -> None:
    red = child("R", "Rosso", quantity=3, pricing={"retail": 20, "currency": "EUR", "vat_included": True})
    blue = child("B", "Blu", quantity=4, ean=["4006381333931"])
    group = listed(red, blue, quantity=900, pricing={"retail": 1})
    assert (group.sku, group.title, group.category) == ("P", "Trapano a percussione 750 W", "9355")
    assert (group.price, group.quantity, group.gtins) == (Money(Decimal("20.00"), "EUR"), 7, ())
    assert [(each.sku, each.price.amount, each.quantity, each.gtins) for each in group.variants] == [
        ("B", Decimal("99.90"), 4, ("4006381333931",)),
        ("R", Decimal("20.00"), 3, ()),
    ]
    assert (group.axes, [each.choice(group.axes) for each in group.variants]) == (("Colore",), [("Blu",), ("Rosso",)])
    assert group.attributes == {"Taglia": ("M",), "Origine": ("Italia",)}, "what all have in common is the group's"
    assert group.variants[0].attributes == {"Codice": ("B",), "Colore": ("Blu",)}
    assert listed(blue, red, quantity=900, pricing={"retail": 1}) == group, "the order of reading is nothing"


def test_buyers_choose_by_as_few_attributes_as_tell_variants_apart() -> None:
    sizes = [child("A", "Rosso", "S"), child("B", "Rosso", "L"), child("C", "Blu", "S")]
    assert listed(*sizes).axes == ("Colore", "Taglia")
    named = replace(GROUPS, variations=Variations(sell="group", axes={"Taglia": "Size", "Colore": "Color"}))
    group = listed(*sizes, account=named)
    assert (group.axes, group.variants[2].choice(group.axes)) == (("Size", "Color"), ("S", "Blu"))
    assert choose_axes([{"Codice": ("1",)}, {"Codice": ("2",)}], {}) == {"Codice": "Codice"}, "better than nothing"
    assert listed(child("A", "Rosso")).axes == ("Colore", "Taglia"), "a lone variant says what it is"


def test_the_same_choice_twice_is_a_problem_in_words() -> None:
    axes = replace(GROUPS, variations=Variations(sell="group", axes={"Colore": "Colore"}))
    target = judged(child("A", "Rosso"), child("B", "Rosso"), account=axes).found.target
    assert isinstance(target, list)
    assert [(problem.field, problem.rule) for problem in target] == [("variations", "same_choice")]
    assert target[0].value == "variants A and B: Colore Rosso"


def test_a_variant_that_is_not_selected_or_has_a_problem_is_left_out_and_told() -> None:
    red, hidden = child("R", "Rosso"), child("H", "Nero", not_visible=True)
    broken = child("X", "Blu", pricing=...)
    group = listed(red, hidden, broken)
    assert [each.sku for each in group.variants] == ["R"]
    assert [remark.split(":")[0] for remark in group.remarks[-2:]] == [
        "variant H is left out",
        "variant X is left out",
    ]


def test_a_variant_that_buyers_see_does_not_go_because_a_figure_is_missing() -> None:
    found = judged(child("R", "Rosso", quantity=2), child("X", "Blu", pricing=..., quantity=1), shown={"R", "X"})
    assert isinstance(found.found.target, list)
    assert {problem.value for problem in found.found.target} == {"variant X"}
    assert found.stocks == {"R": 2, "X": 1}, "what can be sold of each is known all the same"


def test_rules_count_for_each_variant_by_itself() -> None:
    account = replace(GROUPS, stock=StockRules(buffer=2), selection=Selection(codes={"include": ["P"]}))
    group = listed(child("R", "Rosso", quantity=3), child("B", "Blu", quantity=2), account=account)
    assert [(each.sku, each.quantity) for each in group.variants] == [("B", 0), ("R", 1)]
    one = replace(GROUPS, selection=Selection(codes={"exclude": ["B"]}))
    assert [each.sku for each in listed(child("R", "Rosso"), child("B", "Blu"), account=one).variants] == ["R"]


def test_a_group_goes_with_its_parent_and_with_its_last_variant() -> None:
    archived = judged(child("R", "Rosso"), status="archived").found.target
    assert isinstance(archived, Unwanted)
    assert archived.reason == "archived in the PIM"
    none = judged(child("R", "Rosso", status="draft"), child("B", "Blu", status="draft")).found.target
    assert isinstance(none, Unwanted)
    assert none.why == "unpublished"
    assert none.reason.startswith("none of its variants is sold: not published")


def test_each_variant_is_checked() -> None:
    same = ["4006381333931"]
    found = ready(listed(child("R", "Rosso", ean=same), child("B", "Blu", ean=same)), MemoryAdapter())
    assert isinstance(found, list)
    assert [(each.rule, each.value) for each in found] == [("same_barcode", "variants B and R: 4006381333931")]
