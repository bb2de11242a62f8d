"""From the PIM's categories to those of the channel, and to the attributes that each of those asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from adapters.model import Problem
from consumer.listings.product import Category
from consumer.listings.rules.draft import ATTRIBUTE, Draft
from consumer.listings.rules.languages import text_in
from consumer.listings.rules.section import Section
from consumer.listings.rules.sources import SourceName, find_source
from consumer.listings.rules.tables import OtherwiseField, Table, compile_table
from consumer.listings.rules.templates import text_reader

EVERY = "*"
"""Instead of a channel category: attributes of all of them."""

_Fill = Callable[[Draft], None]


class Aspect(Section):
    """One attribute that the channel knows in a category, also called aspect or item specific."""

    model_config = ConfigDict(serialize_by_alias=True, coerce_numbers_to_str=True)

    name: str = Field(min_length=1, description="As the channel calls it.")
    from_: SourceName | None = Field(
        None,
        alias="from",
        description="The source of its values; unset = what the listing has under this name after the content rules.",
    )
    values: Table = Field(default_factory=dict, description="The PIM's value -> the channel's; empty = no table.")
    otherwise: OtherwiseField = "problem"
    missing: str = Field("", description="What is sent where the product has no value; unset = nothing.")
    required: bool = Field(False, description="true: without a value the product is not listed.")

    def compile(self, category: str) -> _Fill:
        """A function that fills this attribute of a draft. category: the channel's, for words."""
        target = f"{ATTRIBUTE}{self.name}"
        read = text_reader(find_source(self.from_), markup=False) if self.from_ else None
        turn = compile_table(self.values, self.otherwise, target, f"{self.name} in category {category}")

        def fill(draft: Draft) -> None:
            values = read(draft, draft.languages) if read else draft.get(target)
            had_one = bool(values)
            if values and self.values:
                values = turn(draft, values)
            if not values and self.missing:
                values = (self.missing,)
            draft.put(target, values)
            if not values and self.required and not (had_one and self.otherwise == "problem"):
                draft.problems.append(self._is_missing(category, target))

        return fill

    def _is_missing(self, category: str, target: str) -> Problem:
        return Problem(
            field=target,
            rule="required",
            message=f"the channel's category {category} requires {self.name}, and the product has no value for it",
            cure=f"Fill {self.from_ or self.name} in the PIM, or say what is sent instead with missing: in the aspect.",
        )


class Categories(Section):
    """PIM category → channel category, and its attributes. There is no default category."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    map: Mapping[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict, description="PIM category id -> channel category id; the nearest mapped ancestor counts."
    )
    aspects: Mapping[str, tuple[Aspect, ...]] = Field(
        default_factory=dict,
        description=f'Channel category id -> its attributes; "{EVERY}" = of all, before those of the category.',
    )
    other_attributes: Literal["keep", "drop"] = Field(
        "keep", description="Attributes of the product that are not among the aspects: send them too, or not."
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for category, aspects in self.aspects.items():
            names = [aspect.name for aspect in aspects]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"aspects of category {category} name {', '.join(twice)} twice: keep one of them")
        return self

    def find(self, category: Category | None, languages: Sequence[str]) -> str | Problem:
        """The channel's category of the nearest mapped ancestor. languages: for the name in words."""
        if category is None:
            return Problem(
                field="category",
                rule="missing",
                message="the product has no category",
                cure="Give the product a category in the PIM.",
            )
        mapped = self.map
        for candidate in category.lineage:
            if candidate in mapped:
                return mapped[candidate]
        return Problem(
            field="category",
            rule="unmapped",
            message="neither the PIM's category nor one above it is mapped to a category of the channel",
            cure=f"Map {category.id} or one of the categories above it in the account's categories.",
            value=f"{category.id} {name_of(category, languages)}".strip(),
        )

    def fill(self, draft: Draft, category: str) -> None:
        """Fill the attributes that this channel category asks for."""
        fills, kept = self._compiled.get(category) or self._compiled[EVERY]
        for fill in fills:
            fill(draft)
        if self.other_attributes == "drop":
            draft.attributes = {name: values for name, values in draft.attributes.items() if name in kept}

    def sources(self) -> Iterator[str]:
        """The names of all sources that the aspects read."""
        return (aspect.from_ for aspects in self.aspects.values() for aspect in aspects if aspect.from_)

    @cached_property
    def _compiled(self) -> Mapping[str, tuple[tuple[_Fill, ...], frozenset[str]]]:
        """Channel category → its aspects as functions, and their names. Made once."""
        return {category: self._compile(category) for category in {EVERY, *self.aspects}}

    def _compile(self, category: str) -> tuple[tuple[_Fill, ...], frozenset[str]]:
        own = self.aspects.get(category, ())
        named = {aspect.name for aspect in own}
        common = [] if category == EVERY else [a for a in self.aspects.get(EVERY, ()) if a.name not in named]
        aspects = (*common, *own)
        return tuple(aspect.compile(category) for aspect in aspects), frozenset(aspect.name for aspect in aspects)


def name_of(category: Category, languages: Sequence[str]) -> str:
    """Its name for people, "" where it has none."""
    return text_in(category.names, languages) or next(iter(category.names.values()), "")
