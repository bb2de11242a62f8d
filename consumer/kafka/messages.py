"""From the messages of Kafka's client to records."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Message

from consumer.kafka.records import Record


def record_of(message: Message) -> Record:
    """The record in a message of Kafka's client."""
    kind, milliseconds = message.timestamp()
    headers: Any = message.headers() or ()
    return Record(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        offset=int(message.offset() or 0),
        key=message.key(),
        value=message.value(),
        headers=tuple((name, value or b"") for name, value in headers),
        timestamp=milliseconds / 1000 if kind else 0.0,
    )
