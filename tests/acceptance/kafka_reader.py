"""What a read_committed reader of our topics sees, from their beginning to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from consumer import events
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Seen:
    """One record. headers as text, as far as they are."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]

    @property
    def event(self) -> events.ProductEvent:
        """The product event in it."""
        return events.decode(self.key, self.value, [(name, text.encode()) for name, text in self.headers.items()])

    @property
    def body(self) -> Any:
        """Its value as JSON."""
        return orjson.loads(self.value or b"null")


def read_all(bootstrap: str, topics: Sequence[str], deadline: float = 30) -> list[Seen]:
    """Every committed record of these topics, in order within each partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "tests",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        known = consumer.list_topics(timeout=10).topics
        waiting = {(topic, partition) for topic in topics for partition in known[topic].partitions}
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in waiting])
        seen: list[Seen] = []

        def at_the_end() -> bool:
            for message in consumer.consume(1000, 0.1):
                error = message.error()
                if error is None:
                    seen.append(_seen(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    waiting.discard((message.topic(), message.partition()))
                else:
                    raise AssertionError(error)
            return not waiting

        wait_until(at_the_end, deadline, "the topics could not be read to their ends")
        return seen
    finally:
        consumer.close()


def _seen(message: Any) -> Seen:
    headers = {name: bytes(text).decode("utf-8", "replace") for name, text in message.headers() or []}
    return Seen(message.topic(), message.key(), message.value(), headers)


def write(bootstrap: str, topic: str, key: bytes | None, value: bytes | None) -> None:
    """Put a record of somebody else's into a topic."""
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, value, key)
    assert producer.flush(10) == 0
