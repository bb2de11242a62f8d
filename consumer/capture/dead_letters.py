"""The record of a change that could not become an event: what happened, to which document, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from consumer.capture.classify import Unidentified
from consumer.events import Headers
from consumer.mongo.documents import to_json_document

# The document itself is left out: it may be what was too large, and it stands in the PIM.
_CUT = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Which change or read a dead letter is about. document_key: `_id`, and the shard key where there is one."""

    tenant: str
    database: str
    operation: str
    document_key: Mapping[str, Any]
    entity_code: str | None
    sequence: str
    time: str


def encode_dead_letter(origin: Origin, problem: Unidentified) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the record."""
    document_key = to_json_document(origin.document_key)
    name = origin.entity_code[:_CUT] if origin.entity_code else orjson.dumps(document_key).decode()[:_CUT]
    value = {
        "reason": problem.reason,
        "message": problem.words,
        "tenant": origin.tenant,
        "database": origin.database,
        "operation": origin.operation,
        "document_key": document_key,
        "entity_code": origin.entity_code[:_CUT] if origin.entity_code else None,
        "sequence": origin.sequence,
        "time": origin.time,
    }
    headers: Headers = [
        ("tenant", origin.tenant.encode()),
        ("reason", problem.reason.encode()),
        ("message", _one_line(problem.words).encode()),
        ("content-type", b"application/json"),
    ]
    return f"{origin.tenant}/{name}".encode(), orjson.dumps(value), headers


def _one_line(words: str) -> str:
    return re.sub(r"\s+", " ", words)
