"""Reads `attributes` of a PIM document, and `technical_specifications`, which have the same shapes.

That is a list of entries or a map by slug, per language or without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from adapters.model import Problem
from consumer.listings.figures import number, plain, plain_number
from consumer.listings.leaves import identifier, language_tag, wrong_shape
from consumer.listings.product import Attribute

_LANGUAGE = re.compile(r"[a-z]{2}([-_][A-Za-z]{2,4})?", re.ASCII)
_LABELS = ("label", "name", "key")
_YES_NO = {"it": ("Sì", "No"), "de": ("Ja", "Nein"), "fr": ("Oui", "Non"), "es": ("Sí", "No"), "en": ("Yes", "No")}

Attributes = Mapping[str, tuple[Attribute, ...]]


def read_attributes(value: Any, root: str = "attributes") -> tuple[Attributes, list[Problem]]:
    """Language -> attributes ("" where the PIM says none), and what could not be read. Empty values are left out.

    root: where the value stands in the document.
    """
    problems: list[Problem] = []
    found: dict[str, tuple[Attribute, ...]] = {}
    for language, entries in _by_language(value, root, problems):
        read = tuple(_attributes(language, entries, root, problems))
        if read:
            found[language_tag(language)] = read
    return found, problems


def _by_language(value: Any, root: str, problems: list[Problem]) -> Iterable[tuple[str, Any]]:
    if value is None or value == "":
        return ()
    if isinstance(value, dict) and value and all(_is_language(key, entries) for key, entries in value.items()):
        return value.items()
    if isinstance(value, dict | list):
        return (("", value),)
    problems.append(_wrong(root, "a list or a map", value))
    return ()


def _is_language(key: str, entries: Any) -> bool:
    """Whether a member is "it": [...] and not an attribute whose slug has two letters."""
    holds_entries = isinstance(entries, list) or (isinstance(entries, dict) and "value" not in entries)
    return _LANGUAGE.fullmatch(key) is not None and (holds_entries or entries is None)


def _attributes(language: str, entries: Any, root: str, problems: list[Problem]) -> Iterator[Attribute]:
    if isinstance(entries, dict):
        members = [(slug, entry if _is_entry(entry) else {"value": entry}) for slug, entry in entries.items()]
    else:
        members = [(str(place), entry) for place, entry in enumerate(entries or ())]
    for name, entry in members:
        path = ".".join(part for part in (root, language, name) if part)
        if not isinstance(entry, dict):
            problems.append(_wrong(path, "a map with label and value", entry))
            continue
        label = next((text for text in (_label(entry.get(key), language) for key in _LABELS) if text), "")
        values = tuple(_values(entry.get("value"), language, path, problems))
        slug = name if isinstance(entries, dict) else ""
        if values and (label or slug):
            key = identifier(entry.get("key")) or slug
            yield Attribute(label or slug, _with_unit(values, entry.get("uom")), key or label)
        elif values:
            problems.append(_wrong(f"{path}.label", "a text", entry.get("label")))


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and "value" in entry


def _label(value: Any, language: str) -> str:
    if isinstance(value, dict):
        value = value.get(language)
    return value.strip() if isinstance(value, str) else ""


def _values(value: Any, language: str, path: str, problems: list[Problem]) -> Iterator[str]:
    value = plain(value)
    if isinstance(value, dict) and language in value:
        value = value[language]
    for item in value if isinstance(value, list) else [value]:
        text = _text(plain(item), language)
        if text is None:
            problems.append(_wrong(f"{path}.value", "a text, a number, true or false, or a list of them", item))
        elif text:
            yield text


def _text(value: Any, language: str) -> str | None:
    """The value as a person reads it, "" for nothing, None if it cannot be told."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        yes, no = _YES_NO.get(language[:2].lower(), _YES_NO["en"])
        return yes if value else no
    if isinstance(value, datetime):
        return value.date().isoformat()
    figure = number(value)
    return None if figure is None else plain_number(figure)


def _with_unit(values: tuple[str, ...], unit: Any) -> tuple[str, ...]:
    if not isinstance(unit, str) or not unit.strip():
        return values
    return tuple(f"{value} {unit.strip()}" for value in values)


def _wrong(path: str, expected: str, value: Any) -> Problem:
    return wrong_shape("attributes", path, expected, value)
