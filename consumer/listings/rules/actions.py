"""What a content rule can do to a field of a listing. One class each, read from YAML by the word that names it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from consumer.listings.rules.cutting import cut_at_words, cut_markup_at_words
from consumer.listings.rules.draft import MANY, SINGLE, Draft, Values
from consumer.listings.rules.section import Section
from consumer.listings.rules.sources import SourceName, TargetName, find_source
from consumer.listings.rules.tables import OtherwiseField, Table, compile_table
from consumer.listings.rules.templates import Template, text_reader
from consumer.listings.rules.when import Holds, When, in_categories

Step = Callable[[Draft], None]
Act = Callable[[Draft, tuple[str, ...]], None]
"""Changes the draft; reads texts in these languages."""

Languages = tuple[Annotated[str, Field(pattern=r"^[a-zA-Z]{2}([-_][A-Za-z]{2,4})?$")], ...]


class Rule(Section, ABC):
    """One rule: what it does to its target, and when."""

    model_config = ConfigDict(serialize_by_alias=True, coerce_numbers_to_str=True)

    target: TargetName = Field(description="The listing's field, or attributes.NAME as the channel calls it.")
    when: When | None = Field(None, description="Only for products of which this is true; unset = for all.")
    categories: frozenset[str] = Field(
        frozenset(), description="Only for products in these PIM categories or below them; empty = in all."
    )
    languages: Languages = Field(
        (), description="Languages of the texts it reads, the first that has one; empty = as the whole listing."
    )
    paused: bool = Field(False, description="true: the rule stays here and does nothing.")
    note: str = Field("", description="For people.")

    def compile(self, place: int) -> Step:
        """The rule as a function. place: its index among the rules."""
        act = self._act(f"content.rules.{place}")
        guards: list[Holds] = []
        if self.categories:
            guards.append(in_categories(self.categories))
        if self.when is not None:
            guards.append(self.when.compile())
        own = self.languages

        def step(draft: Draft) -> None:
            languages = own or draft.languages
            if all(holds(draft, languages) for holds in guards):
                act(draft, languages)

        return step

    def names(self) -> Iterator[str]:
        """The sources it reads."""
        if self.when is not None:
            yield from self.when.names()
        yield from self._sources()

    @property
    def _markup(self) -> bool:
        return self.target == "description"

    @abstractmethod
    def _act(self, where: str) -> Act:
        """The action without its conditions. where: the rule in words."""

    def _sources(self) -> Iterator[str]:
        return iter(())


class Set(Rule):
    """A fixed value."""

    set: tuple[str, ...] = Field(description="The value, or a list of values.")

    @field_validator("set", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return _listed(value)

    def _act(self, where: str) -> Act:
        values = tuple(filter(None, (value.strip() for value in self.set)))
        return lambda draft, _: draft.put(self.target, values)


class Copy(Rule):
    """The first of these sources that has a value. Where none has, the target stays as it is."""

    copy_: tuple[SourceName, ...] = Field(alias="copy", description="A source, or a list of them.")

    @field_validator("copy_", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return _listed(value)

    def _act(self, where: str) -> Act:
        readers = [text_reader(find_source(name), markup=self._markup) for name in self.copy_]

        def act(draft: Draft, languages: tuple[str, ...]) -> None:
            values = next((found for read in readers if (found := read(draft, languages))), ())
            if values:
                draft.put(self.target, values)

        return act

    def _sources(self) -> Iterator[str]:
        return iter(self.copy_)


def _parsed(text: str) -> str:
    Template.parse(text)
    return text


class Combine(Rule):
    """A template. Where none of its fields has a value, the target stays as it is."""

    combine: Annotated[str, AfterValidator(_parsed)] = Field(description="Such as {brand} {name}[ - {model}].")

    def _act(self, where: str) -> Act:
        fill = Template.parse(self.combine).compile(markup=self._markup)

        def act(draft: Draft, languages: tuple[str, ...]) -> None:
            text = fill(draft, languages)
            if text:
                draft.put(self.target, (text,))

        return act

    def _sources(self) -> Iterator[str]:
        return Template.parse(self.combine).names()


class Truncate(Rule):
    """At most so many characters, cut between words. A description that is too long loses its tags."""

    truncate: int = Field(ge=1, description="The most characters.")
    ending: str = Field("", max_length=10, description="What a cut text ends with, such as ….")

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.target in MANY:
            raise ValueError(f"{self.target} are no texts: use arrange and most for fewer of them")
        if len(self.ending) >= self.truncate:
            raise ValueError("the ending is as long as the whole text may be: shorten it")
        return self

    def _act(self, where: str) -> Act:
        cut = cut_markup_at_words if self._markup else cut_at_words
        longest, ending = self.truncate, self.ending

        def act(draft: Draft, _: tuple[str, ...]) -> None:
            values = draft.get(self.target)
            if values:
                draft.put(self.target, tuple(filter(None, (cut(value, longest, ending) for value in values))))

        return act


class Convert(Rule):
    """Values by a table, of the target itself or of a source."""

    convert: Table = Field(min_length=1, description="The PIM's value -> the channel's; empty = leave it out.")
    from_: SourceName | None = Field(None, alias="from", description="What is converted; unset = the target.")
    otherwise: OtherwiseField = "problem"

    def _act(self, where: str) -> Act:
        turn = compile_table(self.convert, self.otherwise, self.target, where)
        read = text_reader(find_source(self.from_), markup=self._markup) if self.from_ else None

        def act(draft: Draft, languages: tuple[str, ...]) -> None:
            values: Values = read(draft, languages) if read else draft.get(self.target)
            if values:
                draft.put(self.target, turn(draft, values))

        return act

    def _sources(self) -> Iterator[str]:
        return iter((self.from_,) if self.from_ else ())


class Arrangement(Section):
    """Order and number of values: images, barcodes, values of an attribute."""

    without: tuple[str, ...] = Field((), description="Values that have one of these texts in them are left out.")
    first: int | None = Field(None, ge=1, description="The place, from 1, of the value that comes first.")
    most: int | None = Field(None, ge=1, description="How many are kept.")

    def apply(self, values: Values) -> Values:
        """First what is left out, then the order, then the number."""
        kept = [value for value in values if not any(text in value for text in self.without)]
        if self.first is not None and self.first <= len(kept):
            kept.insert(0, kept.pop(self.first - 1))
        return tuple(kept[: self.most])


class Arrange(Rule):
    """Another order of values, or fewer of them."""

    arrange: Arrangement

    @model_validator(mode="after")
    def _has_many(self) -> Self:
        if self.target in SINGLE:
            raise ValueError(f"{self.target} has one value: only images, gtins and attributes can be arranged")
        return self

    def _act(self, where: str) -> Act:
        return lambda draft, _: draft.put(self.target, self.arrange.apply(draft.get(self.target)))


class Drop(Rule):
    """The target is left out of the listing."""

    drop: Literal[True]

    def _act(self, where: str) -> Act:
        return lambda draft, _: draft.put(self.target, ())


_KINDS = ("set", "copy", "combine", "truncate", "convert", "arrange", "drop")


def _kind(rule: Any) -> str | None:
    """Which action a rule names; None for none and for several."""
    if isinstance(rule, dict):
        named = [kind for kind in _KINDS if kind in rule]
        return named[0] if len(named) == 1 else None
    return type(rule).__name__.lower()


AnyRule = Annotated[
    Annotated[Set, Tag("set")]
    | Annotated[Copy, Tag("copy")]
    | Annotated[Combine, Tag("combine")]
    | Annotated[Truncate, Tag("truncate")]
    | Annotated[Convert, Tag("convert")]
    | Annotated[Arrange, Tag("arrange")]
    | Annotated[Drop, Tag("drop")],
    Discriminator(
        _kind,
        custom_error_type="action",
        custom_error_message=f"a rule says one thing to do, which is one of: {', '.join(_KINDS)}",
    ),
]
"""Any of the rules above."""


def _listed(value: object) -> object:
    """One value is a list of one. Raises ValueError for a list of none."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("name at least one")
        return value
    return (value,)
