"""The position a capture has stored, and another one put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from consumer.capture.positions import Position, decode_position, encode_position, stream_key
from consumer.kafka import TransactionalProducer, read_compacted
from tests.integration.capture.conftest import Line


def stored_position(line: Line) -> Position:
    """Where the stream stands."""
    values = read_compacted(line.servers.kafka_bootstrap_servers, line.names.positions)
    return decode_position(values[stream_key("pim")])


def store_position(line: Line, position: Position, *, token: Mapping[str, Any]) -> None:
    """Put the position there with this token; nobody may capture meanwhile."""
    producer = TransactionalProducer(
        line.servers.kafka_bootstrap_servers,
        f"{line.topics.prefix}marketsync-capture-pim",
        max_message_bytes=1_000_000,
        timeout=10,
    )
    producer.start()
    producer.begin()
    producer.produce(line.names.positions, stream_key("pim"), encode_position(replace(position, token=token)))
    producer.commit()
    producer.close()
