"""Amazon's dialect of JSON Schema: 2019-09 with a vocabulary of its own, and how a broken rule is told to a person.

Source: "Product Type Definition Meta-Schema (v1)". Its validating keywords are `selectors`, `minUniqueItems`,
`maxUniqueItems`, `minUtf8ByteLength` and `maxUtf8ByteLength`; `editable`, `enumNames`, `hidden`, `replaces`,
`$lifecycle` and `enumDeprecated` inform only. `$schema` names a meta-schema that cannot be fetched, so it is not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft201909Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from adapters.model import Problem

# The listing's own fields behind Amazon's attributes; any other attribute is named as it is.
FIELDS: Mapping[str, str] = {
    "item_name": "title",
    "title_differentiation": "title",
    "product_description": "description",
    "purchasable_offer": "price",
    "fulfillment_availability": "quantity",
    "condition_type": "condition",
    "externally_assigned_product_identifier": "gtin",
    "main_product_image_locator": "image",
    "brand": "brand",
    "part_number": "mpn",
}
_SHOWN = 80
_DEEPEST = 8  # of errors inside alternatives, how far down the one that says most is looked for


def make_validator(schema: Mapping[str, Any]) -> Validator:
    """A validator of documents of one product type. Fetches nothing."""
    validator: Validator = _AmazonValidator({name: value for name, value in schema.items() if name != "$schema"})
    return validator


def problems_of(validator: Validator, attributes: Mapping[str, Any]) -> list[Problem]:
    """Every rule that these attributes break, each once, in order of the attribute."""
    found: dict[tuple[str, str, str], Problem] = {}
    for error in validator.iter_errors(attributes):
        problem = _problem(_telling(error))
        found.setdefault((problem.field, problem.rule, problem.message), problem)
    return sorted(found.values(), key=lambda problem: (problem.field, problem.rule))


def _size(text: str) -> int:
    return len(text.encode())


def _max_bytes(_: Validator, limit: int, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and _size(value) > limit:
        yield ValidationError(f"has {_size(value)} bytes in UTF-8, at most {limit} are allowed")


def _min_bytes(_: Validator, limit: int, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and _size(value) < limit:
        yield ValidationError(f"has {_size(value)} bytes in UTF-8, at least {limit} are needed")


def _groups(items: list[Any], schema: Mapping[str, Any]) -> Counter[tuple[str, ...]]:
    """How many items there are of each combination of the selectors: of each language and marketplace, say."""
    selectors = schema.get("selectors") or ()
    return Counter(
        tuple(str(item.get(name)) if isinstance(item, Mapping) else "" for name in selectors) for item in items
    )


def _max_unique(_: Validator, limit: int, value: object, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(value, list) and value and (most := max(_groups(value, schema).values())) > limit:
        yield ValidationError(f"has {most} values, at most {limit} are allowed")


def _min_unique(_: Validator, limit: int, value: object, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(value, list) and (least := min(_groups(value, schema).values(), default=0)) < limit:
        yield ValidationError(f"has {least} values, at least {limit} are needed")


_AmazonValidator: Any = extend(  # type: ignore[no-untyped-call]  # its stubs leave the keywords' types out
    Draft201909Validator,
    {
        "maxUtf8ByteLength": _max_bytes,
        "minUtf8ByteLength": _min_bytes,
        "maxUniqueItems": _max_unique,
        "minUniqueItems": _min_unique,
    },
)


def _telling(error: ValidationError) -> ValidationError:
    """Of a broken alternative, the error in it that came closest: "none of these" says nothing to a person."""
    for _ in range(_DEEPEST):
        if error.validator not in ("anyOf", "oneOf", "allOf", "if", "then") or not error.context:
            break
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error


def _problem(error: ValidationError) -> Problem:
    path = [part for part in error.absolute_path if isinstance(part, str)]
    if error.validator == "required":
        missing = error.message.split("'")[1]
        return _missing([*path, missing])
    name = ".".join(part for part in path if part != "value") or "attributes"
    value = error.instance if isinstance(error.instance, str | int | float | bool) else ""
    words = f"Amazon's product type says of {name}: {_words(error)}"
    return Problem(_field(path), _rule(error), words, _cure(name, error), _cut(str(value)))


def _missing(path: list[str]) -> Problem:
    name = ".".join(part for part in path if part != "value")
    words = f"Amazon's product type requires {name}"
    cure = f"Give the product the attribute {name}, or set it for the whole account under attributes."
    return Problem(_field(path), "missing", words, cure)


def _field(path: list[str]) -> str:
    return FIELDS.get(path[0], "attributes") if path else "attributes"


def _rule(error: ValidationError) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in str(error.validator)).lstrip("_")


def _words(error: ValidationError) -> str:
    limit = error.validator_value
    told: Mapping[object, str] = {
        "maxLength": f"at most {limit} characters",
        "minLength": f"at least {limit} characters",
        "maxItems": f"at most {limit} values",
        "minItems": f"at least {limit} values",
        "maximum": f"at most {limit}",
        "minimum": f"at least {limit}",
        "type": f"it must be of the type {limit}",
        "pattern": f"it must look like {limit}",
        "additionalProperties": "it has no such part",
    }
    if error.validator in ("enum", "const"):
        choices = limit if isinstance(limit, list) else [limit]
        return f"it must be one of {_cut(', '.join(str(choice) for choice in choices), 200)}"
    return told.get(error.validator, _cut(error.message, 200))


def _cure(name: str, error: ValidationError) -> str:
    if error.validator in ("maxLength", "maxUtf8ByteLength"):
        return f"Shorten {name} in the PIM, or by a rule of the account."
    if error.validator in ("maxUniqueItems", "maxItems"):
        return f"Leave some values of {name} out."
    return f"Correct {name} in the PIM, or map it by a rule of the account."


def _cut(text: str, longest: int = _SHOWN) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
