"""Dead letters: the record as it came, byte for byte, with why it was given up in its headers.

Header names are those of Spring Kafka's dead letter publisher, values are text. Bugs' tracebacks stay in the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.errors import AdapterError
from consumer.delivery.origin import (
    ORIGINAL,
    OWN_PREFIXES,
    Origin,
    foreign_headers,
    milliseconds,
    origin_headers,
    origin_of,
    texts,
)
from consumer.errors import UndecodableEventError
from consumer.events import Headers
from consumer.kafka.records import Record
from consumer.logs import without_secrets

_DLT = "kafka_dlt-"
# Vendors answer with whole pages; a header is for reading.
_LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why a record was given up. reason: "undecodable", "exhausted", "bug" or "too_large". Times: seconds since 1970.

    group: the consumer group that gave up. tenant, account: "" where the record does not tell.
    """

    group: str
    channel: str
    tenant: str
    account: str
    reason: str
    attempts: int
    first_failure: float
    last_failure: float
    error: Exception | None


def dead_letter_headers(record: Record, letter: GivenUp) -> Headers:
    """The headers of a dead letter for `record`; key and value are the record's own."""
    return [
        *foreign_headers(record.headers),
        *origin_headers(_origin(record), _DLT + "original-"),
        (_DLT + "original-consumer-group", letter.group.encode()),
        (_DLT + "exception-fqcn", _class_name(letter.error).encode()),
        (_DLT + "exception-message", _message(letter.error).encode("utf-8", "replace")),
        ("marketsync-channel", letter.channel.encode()),
        ("marketsync-tenant", letter.tenant.encode()),
        ("marketsync-account", letter.account.encode()),
        ("marketsync-reason", letter.reason.encode()),
        ("marketsync-attempts", str(letter.attempts).encode()),
        ("marketsync-first-failure", milliseconds(letter.first_failure)),
        ("marketsync-last-failure", milliseconds(letter.last_failure)),
    ]


def original_state(record: Record) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers of the record that was given up as this dead letter, with where it first came from."""
    found = texts(record.headers)
    start = _DLT + "original-"
    foreign = [(name, value) for name, value in record.headers if not name.startswith(OWN_PREFIXES)]
    kept = [
        (ORIGINAL + part, found[start + part].encode())
        for part in ("topic", "partition", "offset", "timestamp")
        if start + part in found
    ]
    return record.key, record.value, foreign + kept


def _message(error: Exception | None) -> str:
    """What an error says, without what it may have picked up on its way: dead letters are read by many."""
    return without_secrets(str(error or ""))[:_LONGEST_MESSAGE]


def error_kind(error: Exception | None) -> str:
    """A bounded word for metrics and headers."""
    if error is None:
        return "none"
    if isinstance(error, AdapterError):
        return error.kind
    return "undecodable" if isinstance(error, UndecodableEventError) else "bug"


def _origin(record: Record) -> Origin:
    try:
        return origin_of(record)
    except UndecodableEventError:
        return Origin(record.topic, record.partition, record.offset, record.timestamp)


def _class_name(error: Exception | None) -> str:
    kind = type(error)
    return "" if error is None else f"{kind.__module__}.{kind.__qualname__}"
