"""Where a stream goes on: at its stored position, or now with all products to be read.

Now it is at the first start, and after a gap. Everything that follows from it is written at once: position, what is to
be read, and after a gap its record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from consumer.capture.gap import Gap, HistoryLostError, encode_gap
from consumer.capture.positions import Position
from consumer.capture.publisher import Publisher
from consumer.capture.snapshots.progress import encode_progress, not_read, snapshot_key
from consumer.kafka import TopicNames
from consumer.markers import SnapshotCause
from consumer.metrics import CaptureMetrics
from consumer.mongo.change_stream import ChangeStream, ClusterTime, StartPoint, token_time

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lost:
    """A position from which the stream cannot go on."""

    position: Position
    error: HistoryLostError

    def is_at(self, stored: Position) -> bool:
        """Whether it is this one: meanwhile another capture may have led, and begun anew."""
        return self.position.token.get("_data") == stored.token.get("_data")


class GapError(Exception):
    """Changes were missed: the stream begins anew."""

    def __init__(self, lost: Lost) -> None:
        super().__init__(str(lost.error))
        self.lost = lost


class Beginning:
    """Of one stream, by the capture that leads it. Methods raise what TransactionalProducer raises.

    tenants: database → tenant, of those that are followed.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        names: TopicNames,
        stream: str,
        tenants: Mapping[str, str],
        metrics: CaptureMetrics,
    ) -> None:
        self._publisher = publisher
        self._names = names
        self._stream = stream
        self._tenants = tenants
        self._metrics = metrics

    def first(self, position: Position) -> None:
        """The stream has never run."""
        self._publisher.begin()
        self._have_all_read(SnapshotCause.FIRST)
        self._publisher.commit(position)

    def after(self, lost: Lost, position: Position, *, committed: ClusterTime | None) -> None:
        """Changes were missed: say so, go on at `position`, and have everything read again.

        committed: what a majority has when the stream begins anew, where that is known.
        """
        gap = Gap(
            stream=self._stream,
            tenants=tuple(sorted(self._tenants.values())),
            began=token_time(lost.position.token),
            ended=committed or position.time,
            reason=lost.error.reason,
            detail=str(lost.error),
        )
        self._publisher.begin()
        key, value, headers = encode_gap(gap)
        self._publisher.produce(self._names.gaps, key, value, headers)
        self._have_all_read(SnapshotCause.GAP)
        self._publisher.commit(position)
        self._metrics.gaps.inc()
        self._metrics.last_gap.set(time.time())
        self._metrics.snapshots.after_gap.set(len(self._tenants))
        _log.error(
            "changes of the PIM were missed: all products of these tenants are read again",
            tenants=gap.tenants,
            since=gap.since or "unknown",
            reason=gap.reason,
            detail=gap.detail,
            cure="enlarge the oplog so that it outlasts any downtime of capture",
        )

    def _have_all_read(self, cause: SnapshotCause) -> None:
        for database in self._tenants:
            key = snapshot_key(self._stream, database)
            self._publisher.produce(self._names.positions, key, encode_progress(not_read(database, cause)))


def right_now(connect: Callable[[], ChangeStream], committed: ClusterTime | None) -> Position:
    """Right behind what a majority has: what is read from now on shows all of that, and the stream the rest.

    committed: None where nobody can tell. Raises ChangeStreamError.
    """
    start = StartPoint() if committed is None else StartPoint(time=(committed[0], committed[1] + 1))
    stream = connect()
    try:
        token = stream.open(start)
    finally:
        stream.close()
    return Position(token, token_time(token) or (0, 0), -1)
