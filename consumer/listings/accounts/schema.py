"""What MongoDB itself refuses in the collection of accounts: the models' own shape as $jsonSchema.

It is the second door. Pydantic checks more, and in words; this one stops whoever writes past it. MongoDB knows draft 4
of JSON Schema without references and formats, so the models' schema is written out and cut down to that.
Source: MongoDB's manual, $jsonSchema, "Available keywords" and "Omissions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consumer.listings.accounts.document import AccountDocument
from consumer.listings.credentials.sealed import SEALED_SCHEMA

_NUMBER = ["int", "long", "double"]
_TYPES: Mapping[str, str | Sequence[str]] = {
    "string": "string",
    # Shells write whole numbers as doubles.
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": "bool",
    "object": "object",
    "array": "array",
    "null": "null",
}
_KEPT = ("enum", "minItems", "minLength", "maxLength", "required", "description")


def account_schema() -> dict[str, Any]:
    """Of a whole document: the account, and what the store keeps beside it."""
    account = AccountDocument.model_json_schema(by_alias=True)
    schema = _translated(account, account.get("$defs", {}))
    schema["properties"] |= {
        "_id": {"bsonType": "string", "pattern": "^[^/]+/[^/]+/[^/]+$", "description": "tenant/channel/account"},
        "credentials": {
            "bsonType": "object",
            "additionalProperties": dict(SEALED_SCHEMA),
            "description": "set with `marketsync credentials set`",
        },
        "revision": {"bsonType": _NUMBER, "minimum": 1, "description": "counts the changes"},
        "created_at": {"bsonType": "date"},
        "updated_at": {"bsonType": "date"},
    }
    schema["required"] += ["_id", "mode", "credentials", "revision", "created_at", "updated_at"]
    return schema


def _translated(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], inside: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One schema in MongoDB's words. inside: what is being written out; a definition within itself may be anything."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {} if name in inside else _translated(definitions[name], definitions, (*inside, name))
    found: dict[str, Any] = {key: schema[key] for key in _KEPT if schema.get(key)}
    if "type" in schema:
        found["bsonType"] = _TYPES[schema["type"]]
    if "const" in schema:
        found["enum"] = [schema["const"]]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            found["anyOf"] = [_translated(one, definitions, inside) for one in schema[key]]
    if "properties" in schema:
        found["properties"] = {
            name: _translated(one, definitions, inside) for name, one in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if key in schema:
            inner = schema[key]
            found[key] = inner if isinstance(inner, bool) else _translated(inner, definitions, inside)
    return found
