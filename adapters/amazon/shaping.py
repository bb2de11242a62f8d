"""Attributes of a product, which are names with texts, written as a product type of Amazon's wants them.

The schema of the product type says how: which attribute a name means (its own, or its title in the marketplace's
language, such as "Colore" for `color`), whether a value is a number, one of a list (by its key or the words shown to
people), has a unit or a language. A name with dots means a part of an attribute: `item_dimensions.length`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

_OWN_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_MEASURE = re.compile(r"\s*(-?\d[\d.,]*)\s*(\D.*?)\s*")
_TRUE = frozenset({"true", "yes", "si", "sì", "ja", "oui", "sí", "1"})
_FALSE = frozenset({"false", "no", "nein", "non", "0"})
# Amazon writes units as whole words.
_UNITS: Mapping[str, str] = {
    "mm": "millimeters", "cm": "centimeters", "m": "meters", "km": "kilometers", "in": "inches", '"': "inches",
    "mg": "milligrams", "g": "grams", "gr": "grams", "kg": "kilograms", "lb": "pounds", "oz": "ounces",
    "ml": "milliliters", "cl": "centiliters", "l": "liters", "w": "watts", "kw": "kilowatts", "v": "volts",
    "a": "amps", "mah": "milliamp_hours", "hz": "hertz", "°c": "degrees_celsius", "%": "percent",
}  # fmt: skip


class Shapes:
    """How the attributes of one product type are written.

    schema: of the product type, None = not known: then every attribute is text, and only Amazon's own names are taken.
    context: what belongs into every value that has a place for it: marketplace_id, language_tag, currency, audience.
    """

    def __init__(self, schema: Mapping[str, Any] | None, context: Mapping[str, str]) -> None:
        self._schema = schema
        self._context = context

    def takes(self, attribute: str) -> bool:
        """Whether the product type has this attribute, as far as is known."""
        return self._schema is None or attribute in self._properties

    def name_of(self, name: str) -> str | None:
        """Amazon's name for an attribute of the product; None where it has none."""
        if self._schema is None:
            return name if _OWN_NAME.fullmatch(name) else None
        if name.partition(".")[0] in self._properties:
            return name
        return self._titles.get(_plain(name))

    def text(self, value: str) -> list[dict[str, Any]]:
        """A text in the account's language."""
        return [{"value": value, **_only(self._context, ("language_tag", "marketplace_id"))}]

    def value(self, value: object) -> list[dict[str, Any]]:
        """A value without language."""
        return [{"value": value, **_only(self._context, ("marketplace_id",))}]

    def parts(self, **parts: object) -> list[dict[str, Any]]:
        """A value of several parts."""
        return [{**parts, **_only(self._context, ("marketplace_id",))}]

    def standard(self, attribute: str, value: str) -> list[dict[str, Any]]:
        """A text of an attribute that may, or may not, have a language."""
        if self._schema is None:
            return self.text(value)
        return [self._item(attribute, value)]

    def shaped(self, given: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, Any]]]:
        """Attributes of a product, in order of Amazon's names, without empty ones and those that it does not take."""
        shaped: dict[str, list[dict[str, Any]]] = {}
        for name in sorted(given):
            values = [value for value in given[name] if value.strip()]
            known = self.name_of(name)
            if known is None or not values:
                continue
            attribute, _, path = known.partition(".")
            if path:
                first = shaped.setdefault(attribute, [{}])[0]
                self._put_part(first, attribute, path.split("."), values[0])
            else:
                shaped[attribute] = [self._item(attribute, value) for value in values]
        return {name: shaped[name] for name in sorted(shaped)}

    def left_out(self, names: Iterable[str]) -> list[str]:
        """Those that the product type has no attribute for; none where it is not known."""
        return [] if self._schema is None else [name for name in names if self.name_of(name) is None]

    def themes(self) -> list[str]:
        """The variation themes that the product type has."""
        name = _schema_of(self._parts_of("variation_theme").get("name"))
        return [str(theme) for theme in _choices(name)]

    @cached_property
    def _properties(self) -> Mapping[str, Any]:
        return _mapping((self._schema or {}).get("properties"))

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        """Title, as people write it -> attribute; of two with one title the first by name."""
        titles: dict[str, str] = {}
        for name in sorted(self._properties):
            for text in (str(_mapping(self._properties[name]).get("title") or ""), name.replace("_", " ")):
                if text:
                    titles.setdefault(_plain(text), name)
        return titles

    def _parts_of(self, attribute: str) -> Mapping[str, Any]:
        return _mapping(_schema_of(self._properties.get(attribute)).get("properties"))

    def _item(self, attribute: str, value: str) -> dict[str, Any]:
        if self._schema is None:
            return self.text(value)[0]
        parts = self._parts_of(attribute)
        return {**_leaf(parts, value), **_only(self._context, parts)}

    def _put_part(self, item: dict[str, Any], attribute: str, path: list[str], value: str) -> None:
        """Put a value to its place inside an attribute; what is on the way there is made."""
        parts = self._parts_of(attribute)
        item.update(_only(self._context, parts) if parts else self.parts()[0])
        for step in path[:-1]:
            inner = item.setdefault(step, [{}] if _mapping(parts.get(step)).get("type") == "array" else {})
            item = inner[0] if isinstance(inner, list) else inner
            parts = _mapping(_schema_of(parts.get(step)).get("properties"))
        declared = _mapping(parts.get(path[-1]))
        below = _mapping(_schema_of(declared).get("properties"))
        if "value" not in below:
            item[path[-1]] = _converted(value, declared)
        else:
            leaf = {**_leaf(below, value), **_only(self._context, below)}
            item[path[-1]] = [leaf] if declared.get("type") == "array" else leaf


def _leaf(parts: Mapping[str, Any], value: str) -> dict[str, Any]:
    """One value, apart from its unit where it has one."""
    declared = _mapping(parts.get("value"))
    measure = _MEASURE.fullmatch(value) if "unit" in parts else None
    if measure is None:
        return {"value": _converted(value, declared)}
    unit = _mapping(parts.get("unit"))
    word = measure[2].casefold()
    return {"value": _converted(measure[1], declared), "unit": _converted(_UNITS.get(word, measure[2]), unit)}


def _converted(text: str, declared: Mapping[str, Any]) -> object:
    """The text as the type that is declared; as it is where it is none such, for the check to tell."""
    kind = declared.get("type")
    word = text.strip()
    if kind == "boolean" and word.casefold() in _TRUE | _FALSE:
        return word.casefold() in _TRUE
    if kind in ("integer", "number"):
        return _number(word, whole=kind == "integer")
    return _choice(word, declared)


def _number(word: str, *, whole: bool) -> object:
    bare = word.replace(".", "").replace(",", ".") if "," in word else word
    try:
        number = float(bare)
    except ValueError:
        return word
    return int(number) if whole and number.is_integer() else number


def _choice(word: str, declared: Mapping[str, Any]) -> str:
    """The key of a choice, whether the key was given or the words that are shown for it."""
    for option in (declared, *(_mapping(one) for one in declared.get("anyOf") or ())):
        keys = option.get("enum") or ()
        names = option.get("enumNames") or keys
        for key, name in zip(keys, names, strict=False):
            if _plain(word) in (_plain(str(key)), _plain(str(name))):
                return str(key)
    return word


def _choices(declared: Mapping[str, Any]) -> list[Any]:
    options = [declared, *(_mapping(one) for one in declared.get("anyOf") or ())]
    return [key for option in options for key in option.get("enum") or ()]


def _schema_of(declared: object) -> Mapping[str, Any]:
    """Of an array its items' schema, of anything else its own."""
    schema = _mapping(declared)
    return _mapping(schema.get("items")) if schema.get("type") == "array" else schema


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _only(context: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: context[name] for name in names if name in context}


@lru_cache(maxsize=8192)  # the choices of an attribute are hundreds, and the same for every listing
def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())
