"""Transactions that a broker has forgotten to end: their records hold back every reader of what is committed, for good.

The coordinator does not know of them, so nothing ends them but a later transaction of the same transactional id: its
marker in a partition ends all that this id has left open there.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.errors import UnavailableError
from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, unavailable
from consumer.kafka.producer import TransactionalProducer

_PAUSE = 0.1
_READ_DEADLINE = 20.0
# Never seen by readers of what is committed; compacted topics take no record without a key.
_KEY = b"marketsync-ends-what-was-forgotten"

Place = tuple[str, int]


def held_back(bootstrap: str, topics: Iterable[str], *, patience: float) -> dict[Place, tuple[int, int]]:
    """Topic and partition -> committed end and end, where the committed end stays behind the end as it is now.

    patience: seconds in which transactions may still end. Raises UnavailableError.
    """
    deadline = time.monotonic() + patience
    admin = AdminClient(client_config(bootstrap))
    try:
        places = [place for topic in topics for place in _places(admin, topic)]
        ends = _ends(admin, places, IsolationLevel.READ_UNCOMMITTED)
        while True:
            committed = _ends(admin, places, IsolationLevel.READ_COMMITTED)
            behind = {place: (committed[place], end) for place, end in ends.items() if committed[place] < end}
            if not behind or time.monotonic() > deadline:
                return behind
            time.sleep(_PAUSE)
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def abort_forgotten(producer: TransactionalProducer, places: Collection[Place]) -> None:
    """End what the producer's id has left open in these partitions, as aborted. Raises what the producer raises."""
    producer.begin()
    for topic, partition in places:
        producer.produce(topic, _KEY, None, partition=partition)
    producer.flush()  # an abort drops what is not written yet, and marks no partition that has nothing of it
    producer.abort()


def read_uncommitted(bootstrap: str, place: Place, start: int, end: int) -> Iterator[Message]:
    """The partition's records from one offset to before another, whatever became of them. Raises UnavailableError."""
    consumer = Consumer(
        client_config(bootstrap)
        | {
            "group.id": "marketsync-forgotten",  # required by the client; never joined, nothing is committed
            "isolation.level": "read_uncommitted",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    deadline = time.monotonic() + _READ_DEADLINE
    try:
        consumer.assign([TopicPartition(*place, start)])
        while time.monotonic() < deadline:
            for message in consumer.consume(100, 0.1):
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                    raise unavailable(bootstrap, error)
                if error is not None or (message.offset() or 0) >= end:
                    return
                yield message
    finally:
        consumer.close()
    raise UnavailableError(f"Kafka topic {place[0]} could not be read in time.")


def _places(admin: AdminClient, topic: str) -> list[Place]:
    metadata = admin.list_topics(topic, timeout=ADMIN_TIMEOUT).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    return [(topic, partition) for partition in metadata.partitions]


def _ends(admin: AdminClient, places: Iterable[Place], isolation: IsolationLevel) -> dict[Place, int]:
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
    asked = admin.list_offsets({TopicPartition(*place): newest for place in places}, isolation_level=isolation)
    return {(place.topic, place.partition): answer(future).offset for place, future in asked.items()}
