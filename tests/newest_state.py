"""A reader of the product topics, written from docs/events.md alone: it imports nothing of the program.

It stands for readers in other languages: what it needs and the page does not say is missing from the page.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_TYPE = re.compile(r"marketsync\.product\.(created|updated|deleted|read)\.v1")
_OPERATIONS = {"created", "updated", "deleted", "read"}


class RefusedError(Exception):
    """A record that has to be set aside for a person."""


class NewestState:
    """The newest state of each product, whatever the order in which events come."""

    def __init__(self) -> None:
        self.sequences: dict[tuple[str, str], str] = {}
        self.products: dict[tuple[str, str], dict[str, Any]] = {}

    def take(self, headers: Iterable[tuple[str, bytes]], value: bytes | None) -> None:
        """One record. Raises RefusedError."""
        found = dict(headers)
        if "marketsync-channel" in found:
            return
        kind = found.get("ce_type", b"").decode("utf-8", "replace")
        if kind == "marketsync.snapshot.completed.v1":
            return
        if not _TYPE.fullmatch(kind):
            raise RefusedError(f"unknown type {kind!r}")
        event = _parse(value)
        product = event["tenant"], event["entity_code"]
        if event["sequence"] < self.sequences.get(product, ""):
            return
        self.sequences[product] = event["sequence"]
        if event["operation"] == "deleted":
            self.products.pop(product, None)
        else:
            self.products[product] = read_document(event["product"])


def _parse(value: bytes | None) -> dict[str, Any]:
    try:
        event = json.loads(value or b"")
    except ValueError as error:
        raise RefusedError("the value is not JSON") from error
    if not (
        isinstance(event, dict)
        and event.get("operation") in _OPERATIONS
        and all(isinstance(event.get(name), str) and event[name] for name in ("tenant", "entity_code"))
        and isinstance(event.get("sequence"), str)
        and re.fullmatch(r"[0-9a-f]{24}", event["sequence"])
        and isinstance(event.get("product"), type(None) if event["operation"] == "deleted" else dict)
    ):
        raise RefusedError("the value does not keep the schema")
    return event


def read_document(document: dict[str, Any]) -> dict[str, Any]:
    """Extended JSON as Python values; ids, timestamps and the like as tagged tuples."""
    return {name: _read(value) for name, value in document.items()}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$numberDecimal": str(digits), **more} if not more:
            return Decimal(digits)
        case {"$numberDouble": ("NaN" | "Infinity" | "-Infinity") as word, **more} if not more:
            return float(word)
        case {"$date": str(text), **more} if not more:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        case {"$date": {"$numberLong": milliseconds}, **more} if not more:
            return ("milliseconds", int(milliseconds))
        case {"$oid": str(digits), **more} if not more:
            return ("id", digits)
        case {"$binary": {"base64": text, "subType": kind}, **more} if not more:
            return ("bytes", base64.b64decode(text), int(kind, 16))
        case {"$timestamp": {"t": seconds, "i": count}, **more} if not more:
            return ("timestamp", seconds, count)
    return read_document(value)


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner puts a record with this key."""
    return murmur2(key) % partitions


def murmur2(key: bytes) -> int:
    """Kafka's hash of a key, made positive."""
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    digest = 0x9747B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        digest = digest * factor & mask ^ word
    if key[whole:]:
        digest = (digest ^ int.from_bytes(key[whole:], "little")) * factor & mask
    digest = (digest ^ digest >> 13) * factor & mask
    return (digest ^ digest >> 15) & 0x7FFFFFFF
