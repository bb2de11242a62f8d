"""Where a stream begins: now, with no product read yet. Written all at once; after a gap its record goes with it."""

from __future__ import annotations

import time
from collections.abc import Collection

import structlog

from consumer.capture.gap import Gap, encode_gap
from consumer.capture.positions import Position
from consumer.capture.publisher import Publisher
from consumer.capture.snapshots.progress import encode_progress, not_read, snapshot_key
from consumer.kafka import TopicNames, TransactionalProducer
from consumer.markers import SnapshotCause
from consumer.metrics import CaptureMetrics

_log = structlog.get_logger()


class Beginning:
    """Of one stream, by the capture that leads it. Methods raise what TransactionalProducer raises."""

    def __init__(
        self,
        producer: TransactionalProducer,
        publisher: Publisher,
        *,
        names: TopicNames,
        stream: str,
        metrics: CaptureMetrics,
    ) -> None:
        self._producer = producer
        self._publisher = publisher
        self._names = names
        self._stream = stream
        self._metrics = metrics

    def first(self, position: Position, databases: Collection[str]) -> None:
        """The stream has never run."""
        self._publisher.begin()
        self._forget_what_was_read(databases, SnapshotCause.FIRST)
        self._publisher.commit(position)

    def after(self, gap: Gap, position: Position, databases: Collection[str]) -> None:
        """Changes of these databases were missed: say so, go on at `position`, and have them read again."""
        self._publisher.begin()
        key, value, headers = encode_gap(gap)
        self._producer.produce(self._names.gaps, key, value, headers)
        self._forget_what_was_read(databases, SnapshotCause.GAP)
        self._publisher.commit(position)
        self._metrics.gaps.inc()
        self._metrics.last_gap.set(time.time())
        _log.error(
            "changes of the PIM were missed: all products of these tenants are read again",
            tenants=gap.tenants,
            since=gap.since or "unknown",
            reason=gap.reason,
            detail=gap.detail,
            cure="enlarge the oplog so that it outlasts any downtime of capture",
        )

    def _forget_what_was_read(self, databases: Collection[str], cause: SnapshotCause) -> None:
        for database in databases:
            key = snapshot_key(self._stream, database)
            self._producer.produce(self._names.positions, key, encode_progress(not_read(database, cause)))
