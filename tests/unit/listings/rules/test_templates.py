"""Templates: they read what rules may read, do nothing else, and leave no traces of empty fields."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.listings.rules.content import Content
from consumer.listings.rules.draft import first_draft
from consumer.listings.rules.templates import Template
from tests.unit.listings.making import make_product

LANGUAGES = ("it", "en")


def filled(template: str, *, markup: bool = False, **changes: Any) -> str:
    draft = first_draft(make_product(**changes), LANGUAGES, "NEW")
    return Template.parse(template).compile(markup=markup)(draft, LANGUAGES)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{brand} {name}", "Nordwald Trapano a percussione 750 W"),
        ("{name}[ - {attributes.color}]", "Trapano a percussione 750 W - Rosso"),
        ("{name}[ - {attributes.Colore}]", "Trapano a percussione 750 W - Rosso"),
        ("{name}[ - {attributes.size}]", "Trapano a percussione 750 W"),
        ("{name}[ - {brand} {attributes.size}]", "Trapano a percussione 750 W"),
        ("[{attributes.size} ]{name}[, {brand}]", "Trapano a percussione 750 W, Nordwald"),
        ("{attributes.size} {brand}   {attributes.size}", "Nordwald"),
        ("{{{brand}}} [[{model}]]", "{Nordwald} [NW-750R]"),
        ("{prices.retail} EUR, {quantity} pz", "99.9 EUR, 12 pz"),
        ("{description}", "Potente."),
        ("{listing.title} {listing.attributes.Colore}", "Trapano a percussione 750 W Rosso"),
        ("Codice {attributes.size}", ""),
        ("{barcodes}", "4006381333931"),
    ],
)
def test_what_a_template_gives(template: str, text: str) -> None:
    assert filled(template) == text


def test_in_a_description_fields_are_escaped_unless_they_are_html_themselves() -> None:
    found = filled("<h1>{name}</h1>{description}", markup=True, name={"it": "Vite <8 mm & dado"})
    assert found == "<h1>Vite &lt;8 mm &amp; dado</h1><p>Potente.</p>"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{brnad}", "did you mean brand?"),
        ("{brand.__class__}", "no product field"),
        ("{name!r}", "nothing else"),
        ("{quantity:>10}", "nothing else"),
        ("{}", "nothing else"),
        ("{0}", "no product field"),
        ("{name", "for a brace"),
        ("name}", "for a brace"),
        ("[{name}", "not closed"),
        ("{name}]", "do not match"),
        ("[[{name} [{brand}", "not closed"),
        ("[a] {name}", "without a field"),
        ("[{name} [{brand}]]", "do not match"),
        ("fixed", "has no field"),
        ("{completeness_score}", "kept by the PIM for itself"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Template.parse(template)
    with pytest.raises(ValueError, match="rules"):
        Content.model_validate({"rules": [{"target": "title", "combine": template}]})


FIELDS = st.sampled_from(["{brand}", "{name}", "{model}", "{attributes.color}", "{attributes.none}", "{sku}"])
LITERALS = st.text("ab -,.()<>&é", max_size=6)


@given(st.lists(FIELDS | LITERALS, min_size=1, max_size=8).filter(lambda parts: any("{" in part for part in parts)))
def test_a_template_gives_its_texts_and_fields_in_order(parts: list[str]) -> None:
    """Against the plainest reading of it: every part by its value, blanks fallen together."""
    values = {
        "{brand}": "Nordwald",
        "{name}": "Trapano a percussione 750 W",
        "{model}": "NW-750R",
        "{attributes.color}": "Rosso",
        "{attributes.none}": "",
        "{sku}": "TRAP-750-R",
    }
    found = filled("".join(parts))
    if any(values.get(part) for part in parts):
        assert found == " ".join("".join(values.get(part, part) for part in parts).split())
    else:
        assert found == ""


@given(st.text(max_size=40) | st.text("{}[]abc.!:_ ", max_size=30) | st.lists(FIELDS | LITERALS).map("".join))
def test_any_text_is_a_template_or_refused_and_a_template_always_fills(text: str) -> None:
    template = None
    with suppress(ValueError):
        template = Template.parse(text)
    if template is not None:
        assert set(template.names())
        draft = first_draft(make_product(), LANGUAGES, "NEW")
        assert "\n" not in template.compile(markup=False)(draft, LANGUAGES)
