"""Which products are gone: asks the PIM once their time to wait is over, and makes the deleted events.

One thread uses it, the one that fills and commits the transactions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

import structlog

from consumer.capture.classify import NoiseReason, ProductChange, Unidentified
from consumer.capture.dead_letters import Origin
from consumer.capture.pending import Pending, Waiting
from consumer.capture.positions import encode_waiting, waiting_key
from consumer.capture.records import Record, RecordWriter
from consumer.capture.translated import Translated
from consumer.events import Operation, Sequence, time_of
from consumer.mongo.change_stream import ClusterTime

_log = structlog.get_logger()

# More than this many products waiting are asked about before their time; with a record each, they take some 50 MB.
_MOST_WAITING = 100_000
_MOST_ASKED = 1000
# States before that are kept in memory for the event: so many, each of so many bytes at most.
_MOST_IMAGES = 1000
_LARGEST_IMAGE = 32_768


class CurrentCodes(Protocol):
    """What has to be asked of the PIM. Raises PyMongoError."""

    def current_codes(self, database: str, codes: Collection[str], *, since: ClusterTime) -> set[str]:
        """Those of the entity codes that have a current version, seen at a time not before `since`."""


class Deletions:
    """Products that may be gone. topic: of capture's positions. clock: seconds, may begin anywhere."""

    def __init__(
        self,
        pim: CurrentCodes,
        writer: RecordWriter,
        *,
        topic: str,
        stream: str,
        grace: float,
        clock: Callable[[], float],
    ) -> None:
        self._pim = pim
        self._writer = writer
        self._topic = topic
        self._stream = stream
        self._clock = clock
        self._pending = Pending(grace=grace, most=_MOST_WAITING)

    def __len__(self) -> int:
        return len(self._pending)

    def restore(self, waiting: Iterable[Waiting]) -> None:
        """Take over what a predecessor left."""
        self._pending.restore(waiting, self._clock())

    def hold(self, waiting: Waiting, *, size: int) -> Record:
        """The product may be gone. The record belongs into the transaction of the change. size: bytes of the change."""
        if size > _LARGEST_IMAGE or len(self._pending) >= _MOST_IMAGES:
            waiting = Waiting(*waiting.key, waiting.sequence, waiting.identity, waiting.time)
        self._pending.wait(waiting, self._clock())
        return self._topic, self._key(waiting.database, waiting.entity_code), encode_waiting(waiting), []

    def returned(self, database: str, entity_code: str, sequence: Sequence) -> Record | None:
        """The product was written with a current version; the record, if any, belongs into that transaction."""
        if self._pending and self._pending.returned((database, entity_code), sequence):
            return self._forgotten(database, entity_code)
        return None

    def settle(self) -> Translated | None:
        """What became of those whose time is over, None when there are none. Raises PyMongoError."""
        due = self._pending.due(self._clock(), most=_MOST_ASKED) if self._pending else []
        if not due:
            return None
        result = Translated(records=[], position=None, changes=0, size=0)
        for database, group in _by_database(due).items():
            since = max(time_of(waiting.sequence) for waiting in group)
            alive = self._pim.current_codes(database, {waiting.entity_code for waiting in group}, since=since)
            for waiting in group:
                if waiting.entity_code in alive:
                    result.noise[NoiseReason.CURRENT_VERSION_LEFT] += 1
                else:
                    result.records.append(self._deleted(waiting, result))
                result.records.append(self._forgotten(database, waiting.entity_code))
                self._pending.answered(waiting)
        return result

    def commit(self) -> None:
        """Everything up to now is in Kafka."""
        self._pending.commit()

    def rollback(self) -> None:
        """Nothing since the last commit is in Kafka."""
        self._pending.rollback()

    def _deleted(self, waiting: Waiting, result: Translated) -> Record:
        change = ProductChange(Operation.DELETED, waiting.entity_code, {}, waiting.before, None)
        origin = (waiting.database, waiting.identity, waiting.sequence, waiting.time)
        record = self._writer.event(change, origin, finite=False)
        if isinstance(record, Unidentified):
            change.before = None  # a convenience that must not cost the event
            record = self._writer.event(change, origin, finite=True)
        if not isinstance(record, Unidentified):
            result.events[Operation.DELETED] += 1
            return record
        result.dead_letters[record.reason] += 1
        _log.error("deletion is no event", reason=record.reason, message=record.words, product=waiting.entity_code)
        letter = Origin(
            tenant=self._writer.tenant_of(waiting.database),
            database=waiting.database,
            operation="delete",
            document_key={},
            entity_code=waiting.entity_code,
            sequence=waiting.sequence,
            time=waiting.time,
        )
        return self._writer.dead_letter(letter, record)

    def _forgotten(self, database: str, entity_code: str) -> Record:
        return self._topic, self._key(database, entity_code), None, []

    def _key(self, database: str, entity_code: str) -> bytes:
        return waiting_key(self._stream, database, entity_code)


def _by_database(waiting: Iterable[Waiting]) -> Mapping[str, list[Waiting]]:
    groups: dict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        groups[one.database].append(one)
    return groups
