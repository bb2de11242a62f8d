"""Of which products a rule speaks: by code, category, brand, attribute, price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from consumer.listings.product import Attribute, Product
from consumer.listings.rules.section import Section


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(value.strip() for value in values))
    if "" in names:
        raise ValueError("a name is blank: take the line out, or fill it")
    return names


Names = Annotated[tuple[str, ...], AfterValidator(_names)]
"""Names as a seller writes them: each once, none blank, in the order given."""


class Choice(Section):
    """Some of many codes or ids, as they are written. An empty list asks for nothing; exclude beats include."""

    include: Names = Field((), description="Only these.")
    exclude: Names = Field((), description="Never these, even where one of them is included.")

    def refuses(self, found: Iterable[str]) -> str | None:
        """Why these names will not do, as the end of a sentence; None if they will."""
        names = {self.key(name): name for name in found}
        barred = next((names[key] for key in names if key in self._excluded), None)
        if barred is not None:
            return f"{barred} is excluded"
        if self._included and self._included.isdisjoint(names):
            return (
                f"{', '.join(names.values())} is not included" if names else "it has none, and only some are included"
            )
        return None

    @staticmethod
    def key(name: str) -> str:
        """What two spellings of one name have in common."""
        return name

    @cached_property
    def _included(self) -> frozenset[str]:
        return frozenset(map(self.key, self.include))

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset(map(self.key, self.exclude))


class WordChoice(Choice):
    """The same of words that people write: capitals do not count."""

    @staticmethod
    def key(name: str) -> str:
        """What two spellings of one word have in common."""
        return name.casefold()


class Band(Section):
    """Prices from one figure up to another, VAT included, in the account's currency. Bands side by side share none."""

    at_least: Decimal | None = Field(None, ge=0, description="This price and those above it.")
    below: Decimal | None = Field(None, gt=0, description="Only prices under this one, not this one itself.")

    @model_validator(mode="after")
    def _holds_something(self) -> Band:
        if self.at_least is None and self.below is None:
            raise ValueError("give at_least, below, or both")
        if self.at_least is not None and self.below is not None and self.at_least >= self.below:
            raise ValueError(f"no price is at least {self.at_least} and below {self.below}")
        return self

    def holds(self, price: Decimal) -> bool:
        """Whether this price is one of them."""
        return (self.at_least is None or price >= self.at_least) and (self.below is None or price < self.below)

    def __str__(self) -> str:
        parts = [
            f"from {self.at_least}" if self.at_least is not None else "",
            f"below {self.below}" if self.below else "",
        ]
        return " and ".join(filter(None, parts))


class Conditions(Section):
    """What a product has to be for a rule to speak of it: all of what is given. Nothing given = every product."""

    codes: Names = Field((), description="Entity codes.")
    categories: Names = Field((), description="PIM category ids; what is below them counts too.")
    brands: Names = Field((), description="Brands as the PIM writes them; capitals do not count.")
    attributes: Mapping[str, Names] = Field(
        default_factory=dict, description="Attribute of the PIM (its key or label) -> at least one of these values."
    )

    @property
    def empty(self) -> bool:
        """Whether it speaks of every product."""
        return not (self.codes or self.categories or self.brands or self.attributes)

    def hold(self, product: Product) -> bool:
        """Whether the rule speaks of this product."""
        if self.codes and product.entity_code not in self._codes:
            return False
        if self.categories and (product.category is None or self._categories.isdisjoint(product.category.lineage)):
            return False
        if self.brands and (product.brand is None or product.brand.casefold() not in self._brands):
            return False
        return all(not values.isdisjoint(attribute_values(product, name)) for name, values in self._attributes.items())

    @cached_property
    def _codes(self) -> frozenset[str]:
        return frozenset(self.codes)

    @cached_property
    def _categories(self) -> frozenset[str]:
        return frozenset(self.categories)

    @cached_property
    def _brands(self) -> frozenset[str]:
        return frozenset(map(str.casefold, self.brands))

    @cached_property
    def _attributes(self) -> Mapping[str, frozenset[str]]:
        return {name: frozenset(map(str.casefold, values)) for name, values in self.attributes.items()}


def attribute_values(product: Product, name: str) -> set[str]:
    """The values of this attribute or specification in any language, in lower case. name: its key or a label."""
    wanted = name.casefold()
    return {
        value.casefold()
        for entries in (*product.attributes.values(), *product.specifications.values())
        for attribute in entries
        if _is_named(attribute, wanted)
        for value in attribute.values
    }


def _is_named(attribute: Attribute, name: str) -> bool:
    return attribute.key.casefold() == name or attribute.label.casefold() == name
