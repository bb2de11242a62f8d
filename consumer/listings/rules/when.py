"""When a content rule holds: tests on what a product says, and the categories it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from consumer.listings.rules.draft import Draft
from consumer.listings.rules.section import Section
from consumer.listings.rules.sources import SourceName, find_source
from consumer.listings.rules.templates import text_reader

Holds = Callable[[Draft, tuple[str, ...]], bool]

Words = tuple[str, ...]


class Test(Section):
    """Questions to one field, all to be answered yes. Of several values one is enough; capitals do not matter."""

    __test__ = False  # pytest would take it for a test
    model_config = ConfigDict(serialize_by_alias=True, coerce_numbers_to_str=True)

    field: SourceName = Field(description="The product field, attributes.NAME or listing.FIELD that is looked at.")
    is_: Words | None = Field(None, alias="is", description="One of these texts.")
    is_not: Words | None = Field(None, description="None of these texts; an empty field passes.")
    contains: Words | None = Field(None, description="Has one of these texts in it.")
    filled: bool | None = Field(None, description="true: has a value; false: has none.")
    above: Decimal | None = Field(None, description="A number, with or without unit, above this one.")
    below: Decimal | None = Field(None, description="A number, with or without unit, below this one.")

    @field_validator("is_", "is_not", "contains", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        if value is None or (isinstance(value, list | tuple) and value):
            return value
        if isinstance(value, list | tuple):
            raise ValueError("name at least one text")
        return (value,)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        asked = (self.is_, self.is_not, self.contains, self.filled, self.above, self.below)
        if all(answer is None for answer in asked):
            raise ValueError(f"the test of {self.field} asks nothing: add is, is_not, contains, filled, above or below")
        return self

    def compile(self) -> Holds:
        """All that it asks, at once."""
        read = text_reader(find_source(self.field), markup=False)
        checks = list(self._checks())

        def holds(draft: Draft, languages: tuple[str, ...]) -> bool:
            values = [_bare(value) for value in read(draft, languages)]
            return all(check(values) for check in checks)

        return holds

    def _checks(self) -> Iterator[Callable[[list[str]], bool]]:
        if self.is_ is not None:
            yield _is_one_of(self.is_)
        if self.is_not is not None:
            is_one = _is_one_of(self.is_not)
            yield lambda values: not is_one(values)
        if self.contains is not None:
            parts = [_bare(part) for part in self.contains]
            yield lambda values: any(part in value for value in values for part in parts)
        if self.filled is not None:
            filled = self.filled
            yield lambda values: bool(values) is filled
        if self.above is not None:
            lowest = self.above
            yield lambda values: any(number > lowest for number in _numbers(values))
        if self.below is not None:
            highest = self.below
            yield lambda values: any(number < highest for number in _numbers(values))


class When(Section):
    """Tests in groups; every group that is there has to hold."""

    all: tuple[Test, ...] = Field((), description="Every one of these.")
    any: tuple[Test, ...] = Field((), description="At least one of these.")
    none: tuple[Test, ...] = Field((), description="Not one of these.")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.all or self.any or self.none):
            raise ValueError("when is empty: list tests under all, any or none, or leave it out")
        return self

    def names(self) -> Iterator[str]:
        """The fields it looks at."""
        return (test.field for test in (*self.all, *self.any, *self.none))

    def compile(self) -> Holds:
        """The whole condition as one function."""
        every = [test.compile() for test in self.all]
        some = [test.compile() for test in self.any]
        never = [test.compile() for test in self.none]

        def holds(draft: Draft, languages: tuple[str, ...]) -> bool:
            return (
                all(test(draft, languages) for test in every)
                and (not some or any(test(draft, languages) for test in some))
                and not any(test(draft, languages) for test in never)
            )

        return holds


def in_categories(categories: Iterable[str]) -> Holds:
    """Whether the product is in one of these PIM categories, or below one."""
    wanted = frozenset(categories)

    def holds(draft: Draft, _: tuple[str, ...]) -> bool:
        category = draft.product.category
        return category is not None and not wanted.isdisjoint(category.lineage)

    return holds


def _is_one_of(texts: Iterable[str]) -> Callable[[list[str]], bool]:
    wanted = {_bare(text) for text in texts}
    return lambda values: not wanted.isdisjoint(values)


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()


def _numbers(values: Iterable[str]) -> Iterator[Decimal]:
    """The numbers among the values, with or without a unit behind them: 750 W."""
    for value in values:
        try:
            number = Decimal(value.partition(" ")[0])
        except InvalidOperation:
            continue
        if number.is_finite():
            yield number
