"""Reading a stretch of topics from one offset to another, in no group: what replays and lists of dead letters do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, unavailable
from consumer.kafka.messages import record_of
from consumer.kafka.records import Partition, Record

_BATCH = 500
# Seconds one call may wait for a record.
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of one partition, from `start` up to but without `end`. cut: what was before `start` is gone for ever."""

    partition: Partition
    start: int
    end: int
    cut: bool = False


def find_spans(bootstrap: str, topics: Sequence[str], *, since: float | None, until: float | None) -> list[Span]:
    """Where the records of these times are; topics that do not exist have none.

    since, until: seconds since 1970 by the records' own timestamps, None = the oldest there is, the newest committed.
    A transaction that is open now is not part of it. Raises UnavailableError.
    """
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
        places = [
            TopicPartition(topic, number)
            for topic in topics
            if topic in existing
            for number in existing[topic].partitions
        ]
        oldest = _offsets(admin, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # so in the client
        newest = _offsets(admin, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # so in the client
        starts = oldest if since is None else _at(bootstrap, places, since, otherwise=newest)
        ends = newest if until is None else _at(bootstrap, places, until, otherwise=newest)
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
    return [
        Span(place, starts[place], min(ends[place], newest[place]), cut=0 < oldest[place] == starts[place])
        for place in oldest
    ]


def _offsets(admin: AdminClient, places: Sequence[TopicPartition], spec: Any) -> dict[Partition, int]:
    if not places:
        return {}
    asked = admin.list_offsets(dict.fromkeys(places, spec), isolation_level=IsolationLevel.READ_COMMITTED)
    return {Partition(p.topic, p.partition): answer(future).offset for p, future in asked.items()}


def _at(
    bootstrap: str, places: Sequence[TopicPartition], time: float, *, otherwise: Mapping[Partition, int]
) -> dict[Partition, int]:
    """The first offset at this time or after it; where there is none, `otherwise`."""
    consumer = _consumer(bootstrap)
    try:
        asked = [TopicPartition(place.topic, place.partition, int(time * 1000)) for place in places]
        found = {Partition(p.topic, p.partition): p.offset for p in consumer.offsets_for_times(asked, ADMIN_TIMEOUT)}
    finally:
        consumer.close()
    return {place: offset if offset >= 0 else otherwise[place] for place, offset in found.items()}


class SpanReader:
    """Reads spans; in order within each partition. `read` until it returns None; close it. One call at a time.

    positions: up to which offset each partition was handed out.
    """

    def __init__(self, bootstrap: str, spans: Iterable[Span]) -> None:
        self._bootstrap = bootstrap
        self._ends = {span.partition: span.end for span in spans if span.start < span.end}
        self.positions = {span.partition: span.start for span in spans}
        self._client: Any = None

    def read(self) -> list[Record] | None:
        """Some committed records, maybe none yet; None at the end. Blocks for a moment. Raises UnavailableError."""
        if not self._ends:
            return None
        try:
            if self._client is None:
                self._client = _consumer(self._bootstrap)
                self._client.assign([TopicPartition(*p, self.positions[p]) for p in self._ends])
            return [record for message in self._client.consume(_BATCH, _POLL) for record in self._take(message)]
        except KafkaException as failure:
            raise unavailable(self._bootstrap, failure) from failure

    def close(self) -> None:
        """Idempotent."""
        if self._client is not None:
            client, self._client = self._client, None
            client.close()

    def _take(self, message: Any) -> list[Record]:
        place = Partition(str(message.topic()), int(message.partition() or 0))
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
            raise KafkaException(error)
        offset = int(message.offset() or 0)
        end = self._ends.get(place)
        if end is None:
            return []
        # Asked for an offset that is not there yet, Kafka begins at the oldest one.
        wanted = error is None and self.positions[place] <= offset < end
        if wanted:
            self.positions[place] = offset + 1
        # The end of a partition is told by an error of its own: what stands last may be no record but a marker.
        if self.positions[place] >= end or not wanted:
            self.positions[place] = end
            del self._ends[place]
            self._client.incremental_unassign([TopicPartition(*place)])
        return [record_of(message)] if wanted else []


def _consumer(bootstrap: str) -> Any:
    return Consumer(
        client_config(bootstrap)
        | {
            "group.id": "marketsync-spans",  # required by the client; never joined, nothing is committed
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
            "queued.max.messages.kbytes": 16 * 1024,
        }
    )
