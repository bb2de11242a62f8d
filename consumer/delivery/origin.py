"""Where a state first came from, in the headers of the records we write about it. All header values are text.

The names are those of Spring Kafka, which tools look for; the times there are milliseconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consumer.errors import UndecodableEventError
from consumer.events import LASTING, Headers
from consumer.kafka.records import Record

# Headers that we add; they are renewed with every hop, never piled up.
OWN_PREFIXES = ("retry_topic-", "kafka_original-", "kafka_dlt-", "marketsync-")

ORIGINAL = "kafka_original-"


@dataclass(frozen=True, slots=True)
class Origin:
    """The record in a product topic that brought a state. timestamp: seconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: float


def origin_of(record: Record) -> Origin:
    """Where the state in this record came from: the record itself, or the one a retry record names.

    Raises UndecodableEventError.
    """
    headers = texts(record.headers)
    if ORIGINAL + "topic" not in headers:
        return Origin(record.topic, record.partition, record.offset, record.timestamp)
    return Origin(
        topic=headers[ORIGINAL + "topic"],
        partition=int(number(headers, ORIGINAL + "partition")),
        offset=int(number(headers, ORIGINAL + "offset")),
        timestamp=number(headers, ORIGINAL + "timestamp") / 1000,
    )


def origin_headers(origin: Origin, prefix: str = ORIGINAL) -> Headers:
    """The origin as headers."""
    return [
        (prefix + "topic", origin.topic.encode()),
        (prefix + "partition", str(origin.partition).encode()),
        (prefix + "offset", str(origin.offset).encode()),
        (prefix + "timestamp", milliseconds(origin.timestamp)),
    ]


def foreign_headers(headers: Iterable[tuple[str, bytes]]) -> Headers:
    """The headers that came with the event, without those that are ours and renewed with every hop."""
    return [(name, value) for name, value in headers if name in LASTING or not name.startswith(OWN_PREFIXES)]


def texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Header values as text; of a repeated name the last one."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def number(headers: Mapping[str, str], name: str) -> float:
    """The number in a header. Raises UndecodableEventError."""
    try:
        value = float(headers[name])
        if not math.isfinite(value):
            raise ValueError(value)
        return value
    except (KeyError, ValueError) as error:
        raise UndecodableEventError(name, f"is {headers.get(name)!r}, expected a number") from error


def milliseconds(seconds: float) -> bytes:
    """A time as Kafka writes it."""
    return str(round(seconds * 1000)).encode()
