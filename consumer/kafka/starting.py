"""Where a group stands, and where the partitions given to a consumer start."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from confluent_kafka import KafkaException, TopicPartition

from consumer.kafka.client import ADMIN_TIMEOUT
from consumer.kafka.records import Partition

Answer = TypeVar("Answer")

_PAUSE = 0.1


def starting_offsets(client: Any, partitions: list[TopicPartition]) -> dict[Partition, int]:
    """The committed offsets, and for partitions that have none the oldest there is. Raises KafkaException."""
    committed = committed_by(client, partitions)
    return {place: offset if offset >= 0 else beginning(client, place) for place, offset in committed.items()}


def committed_by(client: Any, partitions: list[TopicPartition]) -> dict[Partition, int]:
    """What the client's group has committed in these; negative where it has nothing. Raises KafkaException."""
    return _patiently(partial(_committed, client, partitions))


def beginning(client: Any, partition: Partition) -> int:
    """The oldest offset there is. Raises KafkaException.

    As a number: told "the beginning" instead, the client gives up on a partition whose leader is just being elected,
    in the same way as it does when an offset fell out of retention.
    """
    asked = TopicPartition(partition.topic, partition.number)
    low, _ = _patiently(lambda: client.get_watermark_offsets(asked, ADMIN_TIMEOUT))
    return int(low)


def _committed(client: Any, partitions: list[TopicPartition]) -> dict[Partition, int]:
    positions = {}
    for found in client.committed(partitions, ADMIN_TIMEOUT):
        if found.error is not None:
            raise KafkaException(found.error)
        positions[Partition(found.topic, found.partition)] = found.offset
    return positions


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer of a broker that may be in the middle of an election."""
    deadline = time.monotonic() + ADMIN_TIMEOUT
    while True:
        try:
            return ask()
        except KafkaException:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)
