"""Which products a requested snapshot reads: a filter in MongoDB's query language, and entity codes.

A filter that cannot mean what its author wants is refused in words, before anything is read. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consumer.errors import SettingsError
from consumer.mongo.filters import read_filter

Condition = dict[str, Any]

_JOINING = frozenset(("$and", "$or", "$nor"))
_OPERATORS = frozenset(
    (
        *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$regex", "$options"),
        *("$not", "$all", "$elemMatch", "$size", "$mod"),
    )
)
MOST_CODES = 10_000
"""Products that one request may name."""

_EXAMPLE = '{"category.category_id": "644"}'


def understand_filter(text: str) -> Condition:
    """The condition in this text. Raises SettingsError naming the field that is wrong, and the cure."""
    try:
        body = read_filter(text)
    except ValueError as error:
        raise SettingsError(f"--filter is not JSON ({error}): write it as {_EXAMPLE}.") from error
    if not isinstance(body, dict):
        raise SettingsError(f"--filter is no object: write it as {_EXAMPLE}.")
    _check(body)
    return body


def fields_of(condition: Mapping[str, Any]) -> set[str]:
    """The top-level fields that a condition asks for."""
    found: set[str] = set()
    for name, value in condition.items():
        if name in _JOINING:
            found |= {field for part in value for field in fields_of(part)}
        else:
            found.add(name.partition(".")[0])
    return found


def condition_of(text: str, codes: Sequence[str]) -> Condition:
    """What a document has to keep: an understood filter (empty = none) and codes (none = all)."""
    parts: list[Condition] = [read_filter(text)] if text else []
    if codes:
        parts.append({"entity_code": {"$in": list(codes)}})
    return {"$and": parts} if len(parts) > 1 else (parts or [{}])[0]


def _check(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name in _JOINING:
            if not (isinstance(value, list) and value and all(isinstance(part, dict) and part for part in value)):
                raise SettingsError(f"--filter: {name} needs a list of filters that is not empty.")
            for part in value:
                _check(part)
        elif name.startswith("$"):
            raise SettingsError(
                f"--filter: {name} stands where a field is expected. Begin with the name of a field, as in {_EXAMPLE},"
                " or with $and, $or or $nor."
            )
        elif name == "isCurrent":
            raise SettingsError("--filter: isCurrent is always true: only current versions are products. Leave it out.")
        elif not name or name.startswith(".") or name.endswith("."):
            raise SettingsError(f"--filter: {name!r} is no field. Name it with dots, as in {_EXAMPLE}.")
        else:
            _check_operators(name, value)


def _check_operators(field: str, value: Any) -> None:
    """What a field is compared with: a value, or operators."""
    if not isinstance(value, dict):
        return
    operators = [name for name in value if name.startswith("$")]
    unknown = sorted(set(operators) - _OPERATORS)
    if unknown:
        known = ", ".join(sorted(_OPERATORS))
        raise SettingsError(f"--filter: {field} uses {unknown[0]}, which is not known here. Use one of {known}.")
    if operators and len(operators) < len(value):
        raise SettingsError(f"--filter: {field} mixes operators and fields: give it either.")
    _check_operators(field, value.get("$not"))
