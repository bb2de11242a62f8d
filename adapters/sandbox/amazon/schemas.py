"""JSON Schema 2019-09 with Amazon's vocabulary, compiled to functions: a stand-in that checks every submission must be
quick. It knows the keywords that the stand-in's own definitions use and refuses to compile others.

Vocabulary (facts page, section 7): `selectors`, `minUniqueItems`, `maxUniqueItems` (items with equal selector values
are one group, which has so many items), `minUtf8ByteLength`, `maxUtf8ByteLength`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

Json = dict[str, Any]


class Violation(NamedTuple):
    """Where a document breaks the schema. path: from the root, names and indexes."""

    path: tuple[str | int, ...]
    keyword: str
    message: str


Path = tuple[str | int, ...]
Check = Callable[[Any, Path, list[Violation]], None]

_ANNOTATIONS = frozenset(
    {
        "$schema", "$id", "$comment", "$defs", "title", "description", "examples", "default", "editable", "hidden",
        "enumNames", "selectors", "then", "else", "format",
    }
)  # fmt: skip
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def compile_schema(schema: Json, root: Json) -> Check:
    """A check for this schema. root: the document whose `$defs` its references mean.

    Raises ValueError for a keyword that is not known here.
    """
    checks = []
    for keyword in schema:
        if keyword in _MAKERS:
            checks.append(_MAKERS[keyword](schema[keyword], schema, root))
        elif keyword not in _ANNOTATIONS:
            raise ValueError(f"{keyword} is no keyword that the stand-in can check")

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        for one in checks:
            one(value, path, found)

    return checks[0] if len(checks) == 1 else check


def violations(check: Check, value: Any) -> list[Violation]:
    """Everything the check finds."""
    found: list[Violation] = []
    check(value, (), found)
    return found


def _ref(reference: str, schema: Json, root: Json) -> Check:
    name = reference.removeprefix("#/$defs/")
    return compile_schema(root["$defs"][name], root)


def _type(name: str, schema: Json, root: Json) -> Check:
    fits = _TYPES[name]

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if not fits(value):
            found.append(Violation(path, "type", f"is not of type {name}"))

    return check


def _enum(values: list[Any], schema: Json, root: Json) -> Check:
    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if value not in values or (isinstance(value, bool) and not any(value is one for one in values)):
            shown = ", ".join(map(str, values[:8]))
            found.append(Violation(path, "enum", f"is not one of: {shown}"))

    return check


def _const(wanted: Any, schema: Json, root: Json) -> Check:
    return _enum([wanted], schema, root)


def _properties(parts: Mapping[str, Json], schema: Json, root: Json) -> Check:
    checks = {name: compile_schema(part, root) for name, part in parts.items()}

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if isinstance(value, dict):
            for name, one in value.items():
                if name in checks:
                    checks[name](one, (*path, name), found)

    return check


def _additional(allowed: bool, schema: Json, root: Json) -> Check:
    known = schema.get("properties", {})

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if not allowed and isinstance(value, dict):
            found += [Violation((*path, name), "additionalProperties", "is not known") for name in value.keys() - known]

    return check


def _required(names: list[str], schema: Json, root: Json) -> Check:
    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if isinstance(value, dict):
            found += [Violation((*path, name), "required", "is required") for name in names if name not in value]

    return check


def _items(part: Json, schema: Json, root: Json) -> Check:
    inner = compile_schema(part, root)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if isinstance(value, list):
            for place, one in enumerate(value):
                inner(one, (*path, place), found)

    return check


def _bound(keyword: str, kind: str, measure: Callable[[Any], float], low: bool) -> Callable[..., Check]:
    """A keyword that bounds a number taken from values of one type."""
    fits = _TYPES[kind]

    def make(limit: float, schema: Json, root: Json) -> Check:
        def check(value: Any, path: Path, found: list[Violation]) -> None:
            if fits(value) and (measure(value) < limit if low else measure(value) > limit):
                found.append(Violation(path, keyword, f"is {'less' if low else 'more'} than {limit} allows"))

        return check

    return make


def _exclusive_minimum(limit: float, schema: Json, root: Json) -> Check:
    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if _TYPES["number"](value) and value <= limit:
            found.append(Violation(path, "exclusiveMinimum", f"is not more than {limit}"))

    return check


def _groups(keyword: str, low: bool) -> Callable[..., Check]:
    """Bounds the number of items that share their selector values."""

    def make(limit: int, schema: Json, root: Json) -> Check:
        selectors = schema.get("selectors", [])

        def check(value: Any, path: Path, found: list[Violation]) -> None:
            if not isinstance(value, list):
                return
            sizes = Counter(selection(one, selectors) for one in value).values()
            if any(size < limit if low else size > limit for size in sizes):
                words = f"has {'fewer' if low else 'more'} than {limit} values for one {', '.join(selectors) or 'item'}"
                found.append(Violation(path, keyword, words))

        return check

    return make


def selection(item: Any, selectors: list[str]) -> bytes:
    """What tells an item from the others: its values of the selectors."""
    return orjson.dumps([item.get(name) for name in selectors] if isinstance(item, dict) else item)


def _holds(check: Check, value: Any) -> bool:
    return not violations(check, value)


def _all_of(parts: list[Json], schema: Json, root: Json) -> Check:
    checks = [compile_schema(part, root) for part in parts]

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        for one in checks:
            one(value, path, found)

    return check


def _any_of(parts: list[Json], schema: Json, root: Json) -> Check:
    checks = [compile_schema(part, root) for part in parts]

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if any(_holds(one, value) for one in checks):
            return
        checks[0](value, path, found)

    return check


def _not(part: Json, schema: Json, root: Json) -> Check:
    inner = compile_schema(part, root)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if _holds(inner, value):
            found.append(Violation(path, "not", "is what it must not be"))

    return check


def _if(part: Json, schema: Json, root: Json) -> Check:
    condition = compile_schema(part, root)
    then, other = (compile_schema(schema.get(name, {}), root) for name in ("then", "else"))

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        (then if _holds(condition, value) else other)(value, path, found)

    return check


def _contains(part: Json, schema: Json, root: Json) -> Check:
    inner = compile_schema(part, root)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if isinstance(value, list) and not any(_holds(inner, one) for one in value):
            found.append(Violation(path, "contains", "lacks an item that is wanted"))

    return check


def _utf8(text: str) -> float:
    return len(text.encode())


_MAKERS: Mapping[str, Callable[[Any, Json, Json], Check]] = {
    "$ref": _ref,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "minItems": _bound("minItems", "array", len, low=True),
    "maxItems": _bound("maxItems", "array", len, low=False),
    "minLength": _bound("minLength", "string", len, low=True),
    "maxLength": _bound("maxLength", "string", len, low=False),
    "minimum": _bound("minimum", "number", float, low=True),
    "maximum": _bound("maximum", "number", float, low=False),
    "exclusiveMinimum": _exclusive_minimum,
    "minUtf8ByteLength": _bound("minUtf8ByteLength", "string", _utf8, low=True),
    "maxUtf8ByteLength": _bound("maxUtf8ByteLength", "string", _utf8, low=False),
    "minUniqueItems": _groups("minUniqueItems", low=True),
    "maxUniqueItems": _groups("maxUniqueItems", low=False),
    "allOf": _all_of,
    "anyOf": _any_of,
    "not": _not,
    "if": _if,
    "contains": _contains,
}
