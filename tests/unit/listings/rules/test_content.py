"""Content rules as a seller writes them: what each does, in which order, for which products, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.exchange import AccountFile, read_files, write_files
from consumer.listings.rules.content import Content
from consumer.listings.rules.draft import Draft
from consumer.listings.rules.sources import behind_bookkeeping
from consumer.settings import CaptureSettings
from tests.unit.listings.making import ACCOUNT, make_listing, make_product

LANGUAGES = ("it", "en")


def content(*rules: dict[str, Any], **more: Any) -> Content:
    return Content.model_validate({"rules": list(rules), **more})


def drafted(*rules: dict[str, Any], languages: tuple[str, ...] = LANGUAGES, **changes: Any) -> Draft:
    return content(*rules).draft(make_product(**changes), languages)


def values(target: str, *rules: dict[str, Any], **changes: Any) -> tuple[str, ...]:
    return drafted(*rules, **changes).get(target)


PICTURES = [{"url": f"https://img.example.test/{name}.jpg"} for name in ("logo", "front", "back", "side")]


@pytest.mark.parametrize(
    ("rule", "changes", "result"),
    [
        ({"target": "brand", "set": "Acme"}, {}, ("Acme",)),
        ({"target": "attributes.Tipo", "set": ["A", "B"]}, {}, ("A", "B")),
        ({"target": "brand", "set": "  "}, {}, ()),
        ({"target": "brand", "set": ["A", "B"]}, {}, ("A, B",)),
        ({"target": "mpn", "copy": "sku"}, {}, ("TRAP-750-R",)),
        ({"target": "mpn", "copy": ["attributes.none", "model"]}, {}, ("NW-750R",)),
        ({"target": "mpn", "copy": "attributes.none"}, {}, ("NW-750R",)),
        ({"target": "title", "copy": "description"}, {}, ("Potente.",)),
        ({"target": "description", "copy": "name"}, {"name": {"it": "A & B"}}, ("A &amp; B",)),
        ({"target": "attributes.Farbe", "copy": "attributes.color"}, {}, ("Rosso",)),
        ({"target": "attributes.Farbe", "copy": "attributes.COLORE"}, {}, ("Rosso",)),
        ({"target": "gtins", "copy": "attributes.color"}, {}, ("Rosso",)),
        ({"target": "attributes.Peso", "copy": "weight"}, {"weight": 1.9, "weight_uom": "KG"}, ("1.9 KG",)),
        ({"target": "attributes.P", "copy": "specifications.power"},
         {"technical_specifications": {"it": [{"key": "power", "value": 750, "uom": "W"}]}}, ("750 W",)),
        ({"target": "title", "combine": "{brand} {name}"}, {}, ("Nordwald Trapano a percussione 750 W",)),
        ({"target": "title", "truncate": 20}, {}, ("Trapano a",)),
        ({"target": "title", "truncate": 20, "ending": "…"}, {}, ("Trapano a…",)),
        ({"target": "attributes.Colore", "convert": {"rosso": "Red"}}, {}, ("Red",)),
        ({"target": "attributes.Colour", "convert": {"rosso": "Red"}, "from": "attributes.color"}, {}, ("Red",)),
        ({"target": "condition", "convert": {"usato": "USED_GOOD"}, "from": "product_status"},
         {"product_status": "Usato"}, ("USED_GOOD",)),
        ({"target": "condition", "convert": {"usato": "USED_GOOD"}, "from": "product_status"}, {}, ("NEW",)),
        ({"target": "images", "arrange": {"first": 2, "without": ["logo"], "most": 2}}, {"images": PICTURES},
         ("https://img.example.test/back.jpg", "https://img.example.test/front.jpg")),
        ({"target": "images", "arrange": {"first": 9}}, {}, ("https://img.example.test/a.jpg",)),
        ({"target": "mpn", "drop": True}, {}, ()),
        ({"target": "attributes.Colore", "drop": True}, {}, ()),
        ({"target": "brand", "set": "Acme", "paused": True}, {}, ("Nordwald",)),
        ({"target": "brand", "set": "Acme", "categories": ["1245"]}, {}, ("Acme",)),
        ({"target": "brand", "set": "Acme", "categories": ["644"]}, {}, ("Acme",)),
        ({"target": "brand", "set": "Acme", "categories": ["645"]}, {}, ("Nordwald",)),
        ({"target": "brand", "set": "Acme", "categories": ["644"]}, {"category": None}, ("Nordwald",)),
        ({"target": "title", "copy": "name", "languages": ["en"]}, {}, ("Impact drill 750 W",)),
        ({"target": "title", "copy": "name", "languages": ["fr", "en"]}, {}, ("Impact drill 750 W",)),
        ({"target": "title", "copy": "name", "languages": ["fr"]}, {}, ("Trapano a percussione 750 W",)),
    ],
)  # fmt: skip
def test_what_each_rule_does(rule: dict[str, Any], changes: dict[str, Any], result: tuple[str, ...]) -> None:
    assert values(rule["target"], rule, **changes) == result


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ({"field": "brand", "is": "nordwald "}, True),
        ({"field": "brand", "is": ["Acme", "Nordwald"]}, True),
        ({"field": "brand", "is": "Acme"}, False),
        ({"field": "brand", "is_not": "Acme"}, True),
        ({"field": "brand", "is_not": ["Nordwald"]}, False),
        ({"field": "attributes.none", "is_not": "x"}, True),
        ({"field": "name", "contains": "PERCUSSIONE"}, True),
        ({"field": "description", "contains": "<p>"}, False),
        ({"field": "description", "contains": "potente"}, True),
        ({"field": "attributes.none", "filled": False}, True),
        ({"field": "attributes.color", "filled": False}, False),
        ({"field": "prices.retail", "above": "99.89", "below": "99.91"}, True),
        ({"field": "prices.retail", "above": "99.9"}, False),
        ({"field": "quantity", "below": 12}, False),
        ({"field": "attributes.none", "above": 0}, False),
        ({"field": "name", "above": 0}, False),
        ({"field": "attributes.power", "above": 700}, True),
        ({"field": "listing.title", "contains": "trapano"}, True),
    ],
)
def test_conditions(test: dict[str, Any], holds: bool) -> None:
    attributes = {"it": [{"key": "color", "value": "Rosso"}, {"key": "power", "value": 750, "uom": "W"}]}

    def brand(**when: Any) -> tuple[str, ...]:
        return values("brand", {"target": "brand", "set": "Acme", "when": when}, attributes=attributes)

    held, not_held = ("Acme",), ("Nordwald",)
    other = {"field": "sku", "filled": True}
    assert brand(all=[other, test]) == (held if holds else not_held)
    assert brand(any=[test]) == (held if holds else not_held)
    assert brand(any=[test, other]) == held
    assert brand(none=[test]) == (not_held if holds else held)
    assert brand(all=[other], none=[test]) == (not_held if holds else held)


def test_rules_are_done_in_order_and_see_what_those_before_them_did() -> None:
    lengthen = {"target": "title", "combine": "{listing.title} {brand}"}
    shorten = {"target": "title", "truncate": 20}
    assert values("title", lengthen, shorten) == ("Trapano a",)
    assert values("title", shorten, lengthen) == ("Trapano a Nordwald",)


def test_a_listing_is_what_the_rules_made() -> None:
    rules = content(
        {"target": "title", "combine": "{brand} {model}"},
        {"target": "gtins", "drop": True},
        {"target": "brand", "drop": True},
        {"target": "attributes.Modello", "copy": "model"},
        condition="USED_GOOD",
    )
    listing = make_listing(replace(ACCOUNT, content=rules))
    assert (listing.title, listing.condition, listing.brand, listing.gtins) == (
        "Nordwald NW-750R",
        "USED_GOOD",
        None,
        (),
    )
    assert listing.attributes == {"Colore": ("Rosso",), "Modello": ("NW-750R",)}


def test_a_rule_may_name_a_product_without_a_name() -> None:
    draft = drafted({"target": "title", "combine": "{brand} {model}"}, name=None)
    assert (draft.text("title"), draft.problems) == ("Nordwald NW-750R", [])
    assert [problem.rule for problem in drafted(name=None).problems] == ["missing"]


def test_a_figure_that_cannot_be_read_is_a_problem_of_the_rule_that_uses_it() -> None:
    rule = {"target": "attributes.UVP", "copy": "prices.retail"}
    (problem,) = drafted(rule, pricing={"retail": "99,90"}).problems
    assert problem.rule == "not_a_number"


# Languages


@pytest.mark.parametrize(
    ("other_language", "remarks", "problems"), [("allow", 0, 0), ("remark", 2, 0), ("problem", 0, 2)]
)
def test_text_in_another_language_than_wanted_is_what_the_account_says(
    other_language: str, remarks: int, problems: int
) -> None:
    product = make_product(name={"en": "Impact drill"}, description={"en": "Strong."})
    draft = content(other_language=other_language).draft(product, LANGUAGES)
    assert draft.text("title") == "Impact drill"
    assert (len(draft.remarks), len(draft.problems)) == (remarks, problems)
    assert all("is in en: the product has none in it" in remark for remark in draft.remarks)
    assert all(problem.rule == "other_language" for problem in draft.problems)


def test_a_rule_that_writes_the_text_answers_for_its_language() -> None:
    product = make_product(name={"en": "Impact drill"}, description={"it": "Potente."})
    draft = content({"target": "title", "set": "Trapano a percussione"}).draft(product, LANGUAGES)
    assert (draft.remarks, draft.problems) == ([], [])


def test_the_wanted_language_needs_no_remark() -> None:
    assert drafted().remarks == []
    assert drafted(languages=("it-IT", "en")).remarks == []


# Saving


def refusal(rule: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        content(rule)
    return str(refused.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"target": "title"}, "a rule says one thing to do"),
        ({"target": "title", "set": "x", "copy": "name"}, "a rule says one thing to do"),
        ({"target": "titel", "set": "x"}, "there is no listing field 'titel'"),
        ({"target": "price", "set": "1"}, "there is no listing field 'price'"),
        ({"target": "attributes.", "set": "1"}, "there is no listing field"),
        ({"target": "title", "copy": "nome"}, "there is no product field 'nome': did you mean name?"),
        ({"target": "title", "copy": "attributes."}, "there is no product field"),
        ({"target": "title", "copy": []}, "at least one"),
        ({"target": "title", "set": []}, "at least one"),
        ({"target": "title", "set": "x", "when": {"all": [{"field": "brand", "is": []}]}}, "at least one"),
        ({"target": "title", "copy": "name", "form": "x"}, "form"),
        ({"target": "title", "truncate": 0}, "greater than or equal to 1"),
        ({"target": "title", "truncate": 3, "ending": "..."}, "shorten it"),
        ({"target": "images", "truncate": 12}, "use arrange"),
        ({"target": "brand", "convert": {}}, "at least 1"),
        ({"target": "brand", "convert": {"a": "x", "A ": "y"}}, "the same value"),
        ({"target": "brand", "convert": {"a": "x"}, "otherwise": "guess"}, "'problem', 'keep' or 'drop'"),
        ({"target": "title", "arrange": {"most": 1}}, "has one value"),
        ({"target": "mpn", "drop": False}, "True"),
        ({"target": "brand", "set": "x", "when": {}}, "when is empty"),
        ({"target": "brand", "set": "x", "when": {"all": [{"field": "brand"}]}}, "asks nothing"),
        ({"target": "brand", "set": "x", "when": {"all": [{"field": "prices.cost", "above": 1}]}}, "no product field"),
        ({"target": "brand", "set": "x", "languages": ["italiano"]}, "pattern"),
    ],
)
def test_what_cannot_work_is_refused_when_saved(rule: dict[str, Any], words: str) -> None:
    assert words in refusal(rule)


def test_a_refusal_names_the_place_as_the_seller_wrote_it() -> None:
    rules = [{"target": "title", "set": "x"}, {"target": "brand", "convert": {"a": "b"}, "otherwize": "keep"}]
    with pytest.raises(AccountError, match=r"^content\.rules\.1\.otherwize is not known: did you mean otherwise\?$"):
        read_account({**read_files(PAGE)[0].document.data(), "content": {"rules": rules}})


@pytest.mark.parametrize("field", CaptureSettings.model_fields["bookkeeping"].default)
def test_f1_a_field_that_the_pim_keeps_for_itself_is_no_source(field: str) -> None:
    """Capture passes over its writes, so a rule on it would never hear of a change."""
    for rule in (
        {"target": "brand", "copy": field},
        {"target": "brand", "convert": {"a": "b"}, "from": field},
        {"target": "brand", "combine": f"{{{field}}}"},
        {"target": "brand", "set": "x", "when": {"any": [{"field": field, "filled": True}]}},
    ):
        assert "no product field" in refusal(rule) or "kept by the PIM for itself" in refusal(rule)


def test_f1_sources_behind_bookkeeping_that_is_set_are_found_wherever_they_are_used() -> None:
    rules = content(
        {"target": "title", "combine": "{brand} {model}"},
        {"target": "attributes.A", "copy": "attributes.color"},
        {"target": "brand", "convert": {"a": "b"}, "from": "product_status"},
        {"target": "mpn", "set": "x", "when": {"none": [{"field": "weight", "filled": True}]}},
    )
    ignored = ("product_model", "attributes.*.erp", "weight_uom", "quantity", "product_status")
    assert behind_bookkeeping(rules.sources(), ignored) == ["model", "attributes.color", "product_status", "weight"]
    assert behind_bookkeeping(rules.sources(), CaptureSettings.model_fields["bookkeeping"].default) == []


# As a seller's file

PAGE = """
tenant: shop
channel: ebay
account: main
price: {basis: retail}
content:
  condition: NEW
  rules:
    - target: title
      combine: "{brand} {name}[ - {attributes.color}]"
      note: brand first
    - target: title
      truncate: 80
    - target: attributes.Farbe
      convert: {Rosso: Rot, Blu: Blau}
      from: attributes.color
      otherwise: keep
      when:
        all:
          - {field: brand, is: [Nordwald, 3M]}
          - {field: prices.retail, above: 10.50}
categories:
  map: {644: 9355}
  aspects:
    "*":
      - {name: Marke, from: brand, required: true}
    9355:
      - name: Produktart
        missing: Bohrmaschine
"""


def test_rules_stay_the_same_through_files_and_stores() -> None:
    (file,) = read_files(PAGE)
    document = file.document
    assert document.categories.map == {"644": "9355"}
    assert AccountDocument.model_validate(document.data()) == document
    (again,) = read_files(write_files([AccountFile(document)]))
    assert again.document == document
    draft = again.document.content.draft(make_product(), ("it",))
    again.document.categories.fill(draft, "9355")
    assert draft.text("title") == "Nordwald Trapano a percussione 750 W - Rosso"
    assert draft.attributes == {
        "Colore": ("Rosso",),
        "Farbe": ("Rot",),
        "Marke": ("Nordwald",),
        "Produktart": ("Bohrmaschine",),
    }


TARGETS = st.sampled_from(["title", "description", "brand", "mpn", "gtins", "images", "attributes.Colore"])
SOURCES = st.sampled_from(["name", "description", "brand", "model", "barcodes", "attributes.color", "listing.title"])
RULES = st.one_of(
    st.fixed_dictionaries({"target": TARGETS, "set": st.text(max_size=5)}),
    st.fixed_dictionaries({"target": TARGETS, "copy": SOURCES}),
    st.fixed_dictionaries({"target": TARGETS, "combine": SOURCES.map(lambda name: f"{{{name}}}!")}),
    st.fixed_dictionaries({"target": st.sampled_from(["title", "description"]), "truncate": st.integers(1, 30)}),
    st.fixed_dictionaries({"target": TARGETS, "convert": st.just({"Rosso": "Red"}), "otherwise": st.just("keep")}),
    st.fixed_dictionaries({"target": TARGETS, "drop": st.just(True)}),
)


@given(st.lists(RULES, max_size=6))
def test_any_rules_give_fields_without_blanks_and_one_value_where_there_is_one(rules: list[dict[str, Any]]) -> None:
    draft = drafted(*rules)
    for name, found in draft.fields.items():
        assert found
        assert all(found)
        assert len(found) == 1 or name in ("gtins", "images")
    assert all(all(found) and found for found in draft.attributes.values())
    assert all(problem.field == "title" for problem in draft.problems)
