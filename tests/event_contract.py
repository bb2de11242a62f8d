"""The contract of the events as anybody has it who installed the package: its files, and whether something keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]

EVENT = "product-event.v1.schema.json"
EVENT_HEADERS = "product-event-headers.v1.schema.json"
SNAPSHOT_COMPLETED = "snapshot-completed.v1.schema.json"
SNAPSHOT_COMPLETED_HEADERS = "snapshot-completed-headers.v1.schema.json"
EXTENDED_JSON = "extended-json.schema.json"
POSITION = "capture-positions.schema.json#/$defs/position"
PROGRESS = "capture-positions.schema.json#/$defs/snapshotProgress"
WAITING = "capture-positions.schema.json#/$defs/waiting"
CAPTURE_DEAD_LETTER = "capture-dead-letter.schema.json"
CAPTURE_DEAD_LETTER_HEADERS = "capture-dead-letter-headers.schema.json"
GAP = "capture-gap.v1.schema.json"
GAP_HEADERS = "capture-gap-headers.v1.schema.json"
RETRY_HEADERS = "retry-headers.schema.json"
DEAD_LETTER_HEADERS = "dead-letter-headers.schema.json"


@cache
def contract_files() -> dict[str, Json]:
    """Every file of the contract by its name."""
    folder = files("consumer") / "contract"
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()}


@cache
def validator(schema: str) -> Draft202012Validator:
    """schema: a file of the contract, or a place in one: `file.json#/$defs/name`."""
    schemas = {name: DRAFT202012.create_resource(document) for name, document in contract_files().items()}
    registry: Registry[Any] = Registry().with_resources(schemas.items())
    return Draft202012Validator({"$ref": schema}, registry=registry)


def violations(schema: str, instance: object) -> list[str]:
    """What is wrong, in words; empty if nothing is."""
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(schema).iter_errors(instance)]


def keeps(schema: str, instance: object) -> bool:
    """Whether nothing is wrong."""
    return validator(schema).is_valid(instance)


def header_texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Headers as the schemas see them. No header of ours is written twice."""
    pairs = [(name, value.decode()) for name, value in headers]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
