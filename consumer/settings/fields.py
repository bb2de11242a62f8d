"""How a variable is read that holds more than one value."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _parse_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a map in JSON, such as {"cat-1": "9355"}') from None


def _parse_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"must be JSON: {error}") from None


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Delays = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]
# Not decoded by pydantic-settings, whose error for bad JSON names neither the variable nor a cure.
Map = Annotated[dict[str, str], NoDecode, BeforeValidator(_parse_map)]
# Lists and maps whose shape only their channel knows, and checks.
JsonList = Annotated[tuple[dict[str, Any], ...], NoDecode, BeforeValidator(_parse_json)]
JsonMap = Annotated[dict[str, Any], NoDecode, BeforeValidator(_parse_json)]
