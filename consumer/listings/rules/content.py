"""What a listing says: what the product says by itself, then the seller's rules one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from pydantic import Field

from adapters.model import Problem
from consumer.listings.product import Product, Texts
from consumer.listings.rules.actions import AnyRule, Step
from consumer.listings.rules.draft import Draft, first_draft
from consumer.listings.rules.languages import language_of
from consumer.listings.rules.section import Section

OtherLanguage = Literal["allow", "remark", "problem"]


class Content(Section):
    """What a listing says beside what the product says."""

    condition: str = Field("NEW", min_length=1, description="The channel's condition name for every item.")
    other_language: OtherLanguage = Field(
        "remark",
        description="For a title or description of the product that is not in the account's first language but in a"
        " later one: allow it, send it with a remark, or refuse it as a problem.",
    )
    rules: tuple[AnyRule, ...] = Field((), description="Done in this order; each sees what the ones before it did.")

    def draft(self, product: Product, languages: tuple[str, ...]) -> Draft:
        """What the product's listing would say. languages: of the account, the wanted one first; at least one."""
        draft = first_draft(product, languages, self.condition)
        by_itself = {name: draft.text(name) for name, _ in _TEXTS}
        for step in self._steps:
            step(draft)
        if self.other_language != "allow":
            for name, texts_of in _TEXTS:
                if by_itself[name] and draft.text(name) == by_itself[name]:
                    _look_at_language(draft, name, texts_of(product), languages, self.other_language)
        if not draft.text("title"):
            draft.problems.append(_no_title(product, languages))
        return draft

    def sources(self) -> Iterator[str]:
        """The names of all sources that the rules read."""
        for rule in self.rules:
            yield from rule.names()

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        """The rules as functions, made once."""
        return tuple(rule.compile(place) for place, rule in enumerate(self.rules) if not rule.paused)


def _names(product: Product) -> Texts:
    return product.names


def _descriptions(product: Product) -> Texts:
    return product.descriptions


_TEXTS = (("title", _names), ("description", _descriptions))
"""Fields that are in a language by themselves, and where from."""


def _look_at_language(
    draft: Draft, name: str, texts: Texts, languages: Sequence[str], other_language: OtherLanguage
) -> None:
    """Tells of a text that is not in the account's first language."""
    found = language_of(texts, draft.languages)
    if found is None or found == languages[0]:
        return
    words = f"the {name} is in {found}: the product has none in {languages[0]}"
    if other_language == "remark":
        draft.remarks.append(words)
        return
    cure = "Translate it in the PIM, or set other_language of the account's content to allow or remark."
    draft.problems.append(Problem(name, "other_language", words, cure, draft.text(name)[:80]))


def _no_title(product: Product, languages: Sequence[str]) -> Problem:
    accepted = ", ".join(languages)
    if not product.names:
        return Problem("title", "missing", "the product has no name", f"Fill name in the PIM, in {accepted}.")
    return Problem(
        field="title",
        rule="no_language",
        message=f"the name is in none of the account's languages ({accepted})",
        cure="Translate name in the PIM, or add one of its languages to the account.",
        value=", ".join(sorted(product.names)),
    )
