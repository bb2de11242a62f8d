"""Reading a compacted topic to its end: what its writers last committed, by key."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.errors import UnavailableError
from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, kafka_error, unavailable

_BATCH = 1000
_PAUSE = 0.1
_ELECTING = frozenset((KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE))


def read_compacted(bootstrap: str, topic: str, *, timeout: float = 60) -> dict[bytes, bytes]:
    """The newest committed value of each key; keys whose newest value is empty are left out.

    Reads to the end as it is now, transactions still open at this moment included: their end is waited for, because
    an older value must not be taken for the newest. timeout: seconds. Raises UnavailableError.
    """
    deadline = time.monotonic() + timeout
    try:
        ends = _ends_in_time(bootstrap, topic, deadline)
        return _read(bootstrap, topic, ends=ends, deadline=deadline)
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def _ends_in_time(bootstrap: str, topic: str, deadline: float) -> dict[int, int]:
    """`_ends`, asked again while leaders are being elected."""
    while True:
        try:
            return _ends(bootstrap, topic)
        except KafkaException as failure:
            if not _passes(kafka_error(failure)) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def _passes(error: KafkaError) -> bool:
    return error.retriable() or error.code() in _ELECTING


def _ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Partition → the offset after its last record, committed or not."""
    admin = AdminClient(client_config(bootstrap))
    metadata = admin.list_topics(topic, timeout=ADMIN_TIMEOUT).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
    latest = admin.list_offsets({TopicPartition(topic, partition): newest for partition in metadata.partitions})
    return {place.partition: answer(future).offset for place, future in latest.items()}


def _read(bootstrap: str, topic: str, *, ends: dict[int, int], deadline: float) -> dict[bytes, bytes]:
    consumer = Consumer(
        client_config(bootstrap)
        | {
            "group.id": "marketsync-positions",  # required by the client; never joined, nothing is committed
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,  # the end is told by an empty answer: do not let the broker wait with it
            "auto.offset.reset": "earliest",
        }
    )
    values: dict[bytes, bytes] = {}
    waiting = {partition for partition, end in ends.items() if end > 0}
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in waiting])
        while waiting:
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"Kafka topic {topic} could not be read to its end in time: a transaction in it is still open. End"
                    " the process that writes it; if there is none, `kafka-transactions find-hanging` names what the"
                    " broker forgot to end, and `kafka-transactions abort` ends it."
                )
            for message in consumer.consume(_BATCH, 0.05):
                if _take(message, values) >= ends[message.partition() or 0]:
                    waiting.discard(message.partition() or 0)
    finally:
        consumer.close()
    return values


def _take(message: Message, values: dict[bytes, bytes]) -> int:
    """Keep the message's value; returns up to which offset its partition has been read."""
    error = message.error()
    if error is not None:
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  the client's public name for it
            raise KafkaException(error)
        return message.offset() or 0
    key, value = message.key(), message.value()
    if isinstance(key, bytes):
        if isinstance(value, bytes):
            values[key] = value
        else:
            values.pop(key, None)
    return (message.offset() or 0) + 1
