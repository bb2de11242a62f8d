"""How far a consumer group is behind, counted in records that it still has to read.

Offsets alone mislead: each transaction ends with a marker that takes an offset and is no record, so that a group which
has read everything looks one behind in every partition. Short gaps are therefore read and counted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, unavailable
from consumer.kafka.groups import offsets_of
from consumer.kafka.records import Partition

# Longer gaps are told by their offsets: a marker more or less does not matter there.
_COUNTED = 200
_COUNTING_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class TopicLag:
    """One topic of a group. records: how many are still to be read; exact: whether they were counted one by one.

    started: whether the group has ever committed in it.
    """

    topic: str
    records: int
    exact: bool
    started: bool


def group_lag(bootstrap: str, group: str, topics: Sequence[str]) -> list[TopicLag]:
    """How far `group` is behind in each of these topics; topics that do not exist are left out.

    Raises UnavailableError.
    """
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            if topic in existing
            for partition in existing[topic].partitions
        ]
        gaps = _gaps(admin, places, offsets_of(bootstrap, group, places))
        counted = _count(bootstrap, [gap for gap in gaps if 0 < gap.length <= _COUNTED])
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
    return [_lag(topic, [gap for gap in gaps if gap.topic == topic], counted) for topic in topics if topic in existing]


@dataclass(frozen=True, slots=True)
class _Gap:
    topic: str
    partition: int
    start: int
    end: int
    started: bool

    @property
    def length(self) -> int:
        return self.end - self.start


def _gaps(admin: AdminClient, places: list[TopicPartition], committed: Mapping[Partition, int]) -> list[_Gap]:
    if not places:
        return []
    oldest, newest = _offsets(admin, places, oldest=True), _offsets(admin, places, oldest=False)
    gaps = []
    for place, end in newest.items():
        offset = committed.get(Partition(*place), -1)
        gaps.append(_Gap(*place, start=max(offset, oldest[place]), end=end, started=offset >= 0))
    return gaps


def _offsets(admin: AdminClient, places: list[TopicPartition], *, oldest: bool) -> dict[tuple[str, int], int]:
    spec = OffsetSpec.earliest() if oldest else OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
    answers = admin.list_offsets(dict.fromkeys(places, spec))
    return {(place.topic, place.partition): answer(future).offset for place, future in answers.items()}


def _count(bootstrap: str, gaps: Sequence[_Gap]) -> dict[tuple[str, int], int]:
    """Records in each gap; gaps that could not be read in time are left out."""
    counts = {(gap.topic, gap.partition): 0 for gap in gaps}
    waiting = {(gap.topic, gap.partition): gap.end for gap in gaps}
    consumer = Consumer(
        client_config(bootstrap)
        | {
            "group.id": "marketsync-lag",  # required by the client; never joined, nothing is committed
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(gap.topic, gap.partition, gap.start) for gap in gaps])
        deadline = time.monotonic() + _COUNTING_DEADLINE
        while waiting and time.monotonic() < deadline:
            for message in consumer.consume(500, 0.05):
                place = (str(message.topic()), int(message.partition() or 0))
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                    raise KafkaException(error)
                if error is None and place in waiting:
                    counts[place] += 1
                if (message.offset() or 0) + (error is None) >= waiting.get(place, 0):
                    waiting.pop(place, None)
    finally:
        consumer.close()
    return {place: count for place, count in counts.items() if place not in waiting}


def _lag(topic: str, gaps: Sequence[_Gap], counted: dict[tuple[str, int], int]) -> TopicLag:
    return TopicLag(
        topic=topic,
        records=sum(counted.get((gap.topic, gap.partition), gap.length) for gap in gaps),
        exact=all(gap.length == 0 or (gap.topic, gap.partition) in counted for gap in gaps),
        started=any(gap.started for gap in gaps),
    )
