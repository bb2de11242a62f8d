"""The small parts every PIM document is made of: words, flags, texts by language. What cannot be read is told, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.model import Problem
from consumer.listings.figures import plain, shown
from consumer.listings.product import Texts

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""What counts as nothing; zero and false do not."""


def wrong_shape(field: str, path: str, expected: str, value: Any) -> Problem:
    """There is something else than expected at this path of the document. field: the listing's."""
    return Problem(
        field=field,
        rule="wrong_shape",
        message=f"{path} is not {expected}",
        cure=f"Correct {path} in the PIM or in the import that writes it.",
        value=shown(value),
    )


def first(document: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of these members that holds anything, or None."""
    for name in names:
        value = document.get(name)
        if value not in EMPTY:
            return value
    return None


def identifier(value: Any) -> str | None:
    """A code as text; numbers are taken as written. None if there is none."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def read_word(document: Mapping[str, Any], path: str, problems: list[Problem]) -> str:
    """A short text without language, "" where there is none."""
    value = document.get(path)
    found = identifier(value)
    if found is None and value not in EMPTY and not isinstance(value, str):
        problems.append(wrong_shape(path, path, "a text", value))
    return found or ""


def read_flag(document: Mapping[str, Any], path: str, problems: list[Problem]) -> bool:
    """True or false; a missing one is false."""
    value = document.get(path)
    if isinstance(value, bool):
        return value
    if value is not None:
        problems.append(wrong_shape(path, path, "true or false", value))
    return False


def read_texts(value: Any, field: str, path: str, language: str, problems: list[Problem]) -> Texts:
    """A text, or a map from language to text. language: what a text that stands alone is written in."""
    if isinstance(value, str):
        return {language: value.strip()} if value.strip() else {}
    if not isinstance(value, dict):
        if value is not None:
            problems.append(wrong_shape(field, path, "a text or a map from language to text", value))
        return {}
    texts = {}
    for key, text in value.items():
        if isinstance(text, str):
            if text.strip():
                texts[language_tag(key)] = text.strip()
        elif text is not None:
            problems.append(wrong_shape(field, f"{path}.{key}", "a text", text))
    return texts


def language_tag(key: str) -> str:
    """it_IT and it-IT are the same language."""
    return key.lower().replace("_", "-")


def read_moment(value: Any, field: str, path: str) -> datetime | Problem | None:
    """A date with its time in UTC; None where there is none. Naive ones are UTC, as MongoDB keeps them."""
    value = plain(value)
    if value in EMPTY:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return wrong_shape(field, path, "a date", value)
    if not isinstance(value, datetime):
        return wrong_shape(field, path, "a date", value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
