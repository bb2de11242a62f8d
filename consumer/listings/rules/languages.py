"""Texts of a product in the languages of an account: the first language that has one wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from consumer.listings.product import Attribute, Texts

Value = TypeVar("Value")


def language_of(texts: Mapping[str, Value], languages: Iterable[str]) -> str | None:
    """The first of these languages there is something in; it matches it-it, and it-IT matches it."""
    return next((language for language in languages if find(texts, language) is not None), None)


def text_in(texts: Texts, languages: Iterable[str]) -> str:
    """The text in the first of these languages that has one, else ""."""
    for language in languages:
        found = find(texts, language)
        if found:
            return found
    return ""


def find(by_language: Mapping[str, Value], language: str) -> Value | None:
    """What there is in this language, in the nearest spelling of it."""
    if not by_language:
        return None
    key, primary = _spellings(language)
    if key in by_language:
        return by_language[key]
    if primary in by_language:
        return by_language[primary]
    return next((by_language[known] for known in sorted(by_language) if known.split("-", 1)[0] == primary), None)


def attributes_in(attributes: Mapping[str, tuple[Attribute, ...]], languages: Iterable[str]) -> tuple[Attribute, ...]:
    """The attributes in the first of these languages that has any, else those without a language."""
    for language in languages:
        for key in _spellings(language):
            if key in attributes:
                return attributes[key]
    return attributes.get("", ())


@lru_cache(maxsize=256)
def _spellings(language: str) -> tuple[str, str]:
    """The language as products write it, and without its country."""
    key = language.lower().replace("_", "-")
    return key, key.split("-", 1)[0]
