"""How an account sells a product that comes in variants, and by which properties a buyer chooses among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from consumer.listings.rules.draft import Values
from consumer.listings.rules.section import Section

Attributes = Mapping[str, Values]

# Names that buyers choose by, in the order they do it, in the languages of the marketplaces; capitals do not count.
_USUAL = (
    ("colore", "color", "colour", "farbe", "couleur"),
    ("taglia", "size", "größe", "taille", "talla", "misura", "numero"),
    ("materiale", "material", "matériau", "matière"),
    ("capacità", "capacity", "kapazität", "capacité", "capacidad", "volume", "formato"),
    ("lunghezza", "length", "länge", "longueur", "longitud", "diametro", "diameter"),
)
_PLACES = {name: place for place, names in enumerate(_USUAL) for name in names}


class Variations(Section):
    """How variants are sold, and by what they are told apart. `variations: group` is short for {sell: group}."""

    sell: Literal["group", "single"] | None = Field(
        None,
        description="group: a product's variants are one listing; single: each is a listing of its own. Left out: group"
        " where the channel can.",
    )
    axes: Mapping[str, str] = Field(
        default_factory=dict,
        description="What buyers choose by, in this order: an attribute as the listing has it -> its name there. Empty:"
        " found from the attributes in which the variants differ.",
    )


def _from_word(value: Any) -> Any:
    return {"sell": value} if isinstance(value, str) else value


AnyVariations = Annotated[Variations, BeforeValidator(_from_word)]


def choose_axes(variants: Sequence[Attributes], given: Mapping[str, str]) -> dict[str, str]:
    """Attribute -> axis, in the order in which a buyer chooses. given: of the account; those that no variant has fall.

    Without given ones, as few as tell all variants apart: the usual ones first, then those with the fewest values,
    so that an article number, which every variant has for itself, comes last. Empty for a single variant without any.
    """
    if given:
        return {source: name for source, name in given.items() if any(source in each for each in variants)}
    shared = [name for name in variants[0] if all(len(each.get(name, ())) == 1 for each in variants)]
    counts = {name: len({each[name] for each in variants}) for name in shared}
    usual = [name for name in shared if name.casefold() in _PLACES]
    if len(variants) == 1:
        return {name: name for name in sorted(usual, key=_place)}
    chosen: list[str] = []
    told_apart = 1
    for name in sorted((each for each in shared if counts[each] > 1), key=lambda each: (_place(each), counts[each])):
        apart = len({tuple(each[axis] for axis in (*chosen, name)) for each in variants})
        if apart > told_apart:
            chosen.append(name)
            told_apart = apart
        if told_apart == len(variants):
            break
    return {name: name for name in chosen}


def _place(name: str) -> int:
    return _PLACES.get(name.casefold(), len(_USUAL))
