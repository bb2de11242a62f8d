"""Reading topics in tests as any consumer would: what was committed, from the beginning to the end as it is now."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from consumer.events import ProductEvent, decode
from consumer.kafka.brokers import security_of
from consumer.markers import SnapshotCompleted, decode_marker, is_marker


def read_messages(bootstrap: str, topics: Sequence[str]) -> list[Message]:
    """All committed records of these topics."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            **security_of(bootstrap),
            "group.id": "reading-tests",  # never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
        }
    )
    try:
        places = [
            TopicPartition(name, partition, 0)
            for name in topics
            for partition in consumer.list_topics(name, 10).topics[name].partitions
        ]
        consumer.assign(places)
        unread, found = {(place.topic, place.partition) for place in places}, []
        while unread:
            for message in consumer.consume(1000, 0.05):
                error = message.error()
                if error is None:
                    found.append(message)
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    unread.discard((str(message.topic()), message.partition() or 0))  # it may be told twice
        return found
    finally:
        consumer.close()


def read_events(bootstrap: str, topics: Sequence[str]) -> list[ProductEvent]:
    """All committed product events of these topics; of one product those of one topic are in order."""
    messages = read_messages(bootstrap, topics)
    return [event_of(message) for message in messages if not is_marker(headers_of(message))]


def read_markers(bootstrap: str, topics: Sequence[str]) -> list[tuple[int, SnapshotCompleted]]:
    """All committed markers of these topics, each with its partition, in the order of each partition."""
    return [
        (message.partition() or 0, decode_marker(value if isinstance(value, bytes) else None, headers_of(message)))
        for message in read_messages(bootstrap, topics)
        if is_marker(headers_of(message))
        for value in (message.value(),)
    ]


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """The headers of a record."""
    return [(str(name), value) for name, value in list(message.headers() or ()) if isinstance(value, bytes)]


def event_of(message: Message) -> ProductEvent:
    """The event in a record."""
    headers = headers_of(message)
    key, value = message.key(), message.value()
    return decode(key if isinstance(key, bytes) else None, value if isinstance(value, bytes) else None, headers)
