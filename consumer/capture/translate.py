"""A batch of raw change events → Kafka records, in order, with the position behind the last of them.

Two questions need the PIM and are asked once per batch: the state of documents whose event came without one, and
whether a product whose current version was deleted has another. The answers are newer than the event; that is sound,
because every later change follows as an event of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from consumer.capture.classify import (
    CurrentVersionDeleted,
    DeadLetterReason,
    Meaning,
    Noise,
    NoiseReason,
    ProductChange,
    StateMissing,
    Unidentified,
    classify,
    entity_code_of,
)
from consumer.capture.dead_letters import Origin
from consumer.capture.numbering import Numbering
from consumer.capture.positions import Position
from consumer.capture.records import Record, RecordWriter
from consumer.events import Operation
from consumer.mongo.change_stream import RawBatch, outline
from consumer.mongo.documents import UndecodableDocumentError, decode, may_hold_non_finite
from consumer.mongo.pim import id_key

_log = structlog.get_logger()


class Pim(Protocol):
    """What has to be asked of the PIM. Both raise PyMongoError."""

    def current_codes(self, database: str, codes: Collection[str]) -> set[str]:
        """Those of the entity codes that have a current version now."""

    def documents(self, database: str, ids: Collection[Any]) -> Mapping[bytes, bytes]:
        """`id_key` → BSON of the documents that are there now."""


@dataclass(slots=True)
class Translated:
    """What a batch came to. The counts are by operation, noise reason and dead letter reason.

    position: None when there is nothing yet to go on from. size: bytes read. newest: when the last change was written,
    naive UTC.
    """

    records: list[Record]
    position: Position | None
    changes: int
    size: int
    newest: datetime | None = None
    events: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Change:
    """One change with what its record needs. place: in the batch's list of records."""

    place: int
    event: Mapping[str, Any]
    meaning: Meaning
    sequence: str
    finite: bool

    @property
    def database(self) -> str:
        name: str = self.event["ns"]["db"]
        return name

    @property
    def document_key(self) -> Mapping[str, Any]:
        key: Mapping[str, Any] = self.event.get("documentKey", {})
        return key


class Translator:
    """Follows one stream from a position on. One thread uses it; start a new one to read again from elsewhere."""

    def __init__(self, writer: RecordWriter, pim: Pim, *, position: Position) -> None:
        self._writer = writer
        self._pim = pim
        self._numbering = Numbering(position)
        self._wall: datetime | None = None
        self._wall_text = ""

    def translate(self, batch: RawBatch, *, from_time: bool = False) -> Translated:
        """Records and position of this batch.

        from_time: the stream was opened anew at a cluster time, and this is the first batch after it.
        Raises PyMongoError when the PIM cannot be asked; start again from the last committed position then.
        """
        if from_time:
            self._numbering.replay()
        result = Translated(records=[], position=None, changes=len(batch.events), size=batch.size)
        records: list[Record | None] = []
        asked: list[_Change] = []
        event: Mapping[str, Any] = {}
        for raw in batch.events:
            event, meaning = _read(raw)
            time = event["clusterTime"]
            sequence = self._numbering.number((time.time, time.inc))
            if sequence is None:
                continue
            change = _Change(len(records), event, meaning, sequence, not may_hold_non_finite(raw))
            if isinstance(meaning, StateMissing | CurrentVersionDeleted):
                asked.append(change)
                records.append(None)
            else:
                records.append(self._record(change, result))
        if asked:
            self._ask(asked)
            for change in asked:
                records[change.place] = self._record(change, result)
        result.records = [record for record in records if record is not None]
        result.position = self._numbering.position(batch.token)
        result.newest = event.get("wallTime")
        return result

    def _ask(self, changes: list[_Change]) -> None:
        """Give these changes the meaning that the PIM decides."""
        for database, group in _by_database(changes).items():
            stateless = [change for change in group if isinstance(change.meaning, StateMissing)]
            if stateless:
                states = self._pim.documents(database, [change.document_key["_id"] for change in stateless])
                for change in stateless:
                    _take_state(change, states.get(id_key(change.document_key["_id"])))
            deleted = {
                change.place: change.meaning for change in group if isinstance(change.meaning, CurrentVersionDeleted)
            }
            if deleted:
                alive = self._pim.current_codes(database, {gone.entity_code for gone in deleted.values()})
                for change in group:
                    if change.place in deleted:
                        change.meaning = _deletion(deleted[change.place], alive)

    def _record(self, change: _Change, result: Translated) -> Record | None:
        meaning = change.meaning
        if isinstance(meaning, ProductChange):
            event = change.event
            origin = (event["ns"]["db"], event["_id"]["_data"], change.sequence, self._time_of(event))
            record = self._writer.event(meaning, origin, finite=change.finite)
            if not isinstance(record, Unidentified):
                result.events[meaning.operation] += 1
                return record
            return self._dead_letter(change, record, result)
        if isinstance(meaning, Unidentified):
            return self._dead_letter(change, meaning, result)
        if isinstance(meaning, Noise):
            result.noise[meaning.reason] += 1
            if meaning.reason is NoiseReason.COLLECTION_EVENT:
                # Rare, and the reason for much that follows.
                _log.warning(
                    "the product collection itself changed",
                    operation=change.event["operationType"],
                    namespace=change.event.get("ns"),
                    listings="stay as they are",
                )
        return None

    def _dead_letter(self, change: _Change, problem: Unidentified, result: Translated) -> Record:
        meaning, event = change.meaning, change.event
        code = meaning.entity_code if isinstance(meaning, ProductChange) else None
        result.dead_letters[problem.reason] += 1
        origin = Origin(
            tenant=self._writer.tenant_of(change.database),
            database=change.database,
            operation=event["operationType"],
            document_key=change.document_key,
            entity_code=code or entity_code_of(event.get("fullDocument") or {}),
            sequence=change.sequence,
            time=self._time_of(event),
        )
        _log.error("change is no event", reason=problem.reason, message=problem.words, document=change.document_key)
        return self._writer.dead_letter(origin, problem)

    def _time_of(self, event: Mapping[str, Any]) -> str:
        """When the PIM wrote it. Neighbours share the millisecond more often than not."""
        wall = event.get("wallTime")
        if wall is None:
            wall = datetime.fromtimestamp(event["clusterTime"].time, UTC).replace(tzinfo=None)
        if wall != self._wall:
            self._wall = wall
            self._wall_text = f"{wall.isoformat(timespec='milliseconds')}+00:00"
        return self._wall_text


def _read(raw: bytes) -> tuple[Mapping[str, Any], Meaning]:
    try:
        event = decode(raw)
    except UndecodableDocumentError as error:
        words = f"The document cannot be read: {error}. Repair it in the PIM: that write makes the event."
        return outline(raw), Unidentified(DeadLetterReason.UNDECODABLE, words)
    return event, classify(event)


def _by_database(changes: Iterable[_Change]) -> Mapping[str, list[_Change]]:
    groups: dict[str, list[_Change]] = defaultdict(list)
    for change in changes:
        groups[change.database].append(change)
    return groups


def _take_state(change: _Change, raw: bytes | None) -> None:
    """Classify a change again with the document as it is now."""
    if raw is None:
        change.meaning = Noise(NoiseReason.GONE)
        return
    try:
        change.meaning = classify({**change.event, "fullDocument": decode(raw)})
    except UndecodableDocumentError as error:
        change.meaning = Unidentified(DeadLetterReason.UNDECODABLE, f"The document cannot be read: {error}.")
    change.finite = change.finite and not may_hold_non_finite(raw)


def _deletion(gone: CurrentVersionDeleted, alive: set[str]) -> Meaning:
    if gone.entity_code in alive:
        return Noise(NoiseReason.CURRENT_VERSION_LEFT)
    return ProductChange(Operation.DELETED, gone.entity_code, {}, gone.before, None)
