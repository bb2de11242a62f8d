"""A batch of raw change events → Kafka records, in order, with the position behind the last of them.

Questions to the PIM are asked once per batch: the state of documents whose event came without one, and whether a
product whose current version is gone has another. The answers are newer than the event; that is sound, because every
later change follows as an event of its own. A product that has none waits (`pending`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from consumer.capture.bookkeeping import Bookkeeping
from consumer.capture.classify import (
    DeadLetterReason,
    Meaning,
    Noise,
    NoiseReason,
    ProductChange,
    StateMissing,
    Unidentified,
    VersionGone,
    classify,
    entity_code_of,
    left_behind,
    no_image,
)
from consumer.capture.dead_letters import Origin
from consumer.capture.deletions import CurrentCodes, Deletions
from consumer.capture.id_map import IdMap
from consumer.capture.numbering import Numbering
from consumer.capture.pending import Waiting
from consumer.capture.positions import Position
from consumer.capture.records import Record, RecordWriter
from consumer.capture.translated import Translated
from consumer.events import Sequence, time_of
from consumer.mongo.change_stream import RawBatch, outline
from consumer.mongo.documents import UndecodableDocumentError, decode, may_hold_non_finite
from consumer.mongo.pim import id_key

_log = structlog.get_logger()

# As JSON a document may be several times as large as in BSON. From this part of a record's limit on, the state before
# may have been a dead letter: then whatever is written makes the event that heals it, bookkeeping included.
_SURE_TO_FIT = 8


class Pim(CurrentCodes, Protocol):
    """What has to be asked of the PIM. All raise PyMongoError."""

    def documents(self, database: str, ids: Collection[Any]) -> Mapping[bytes, bytes]:
        """`id_key` → BSON of the documents that are there now."""


@dataclass(slots=True)
class _Change:
    """One change with what its record needs. place: in the batch's list of records. size: bytes."""

    place: int
    event: Mapping[str, Any]
    meaning: Meaning | None
    sequence: Sequence
    finite: bool
    size: int

    @property
    def database(self) -> str:
        name: str = self.event["ns"]["db"]
        return name

    @property
    def document_key(self) -> Mapping[str, Any]:
        key: Mapping[str, Any] = self.event.get("documentKey", {})
        return key

    @property
    def identity(self) -> str:
        token: str = self.event["_id"]["_data"]
        return token


class Translator:
    """Follows one stream from a position on. One thread uses it; start a new one to read again from elsewhere.

    ids: where pre-images are off. deletions: outlives the translator.
    """

    def __init__(
        self,
        writer: RecordWriter,
        pim: Pim,
        *,
        position: Position,
        bookkeeping: Bookkeeping,
        deletions: Deletions,
        ids: IdMap | None = None,
    ) -> None:
        self._writer = writer
        self._pim = pim
        self._numbering = Numbering(position)
        self._bookkeeping = bookkeeping
        self._deletions = deletions
        self._ids = ids
        self._sure = writer.limit // _SURE_TO_FIT
        self._wall: datetime | None = None
        self._wall_text = ""

    def translate(self, batch: RawBatch, *, from_time: bool = False) -> Translated:
        """Records and position of this batch.

        from_time: the stream was opened anew at a cluster time, and this is the first batch after it.
        Raises PyMongoError when MongoDB cannot be asked; start again from the last committed position then.
        """
        if from_time:
            self._numbering.replay()
        result = Translated(records=[], position=None, changes=len(batch.events), size=batch.size)
        records: list[Record | None] = []
        asked: list[_Change] = []
        walls: list[datetime] = []
        for raw in batch.events:
            event, meaning = self._read(raw)
            time = event["clusterTime"]
            sequence = self._numbering.number((time.time, time.inc))
            if sequence is None:
                continue
            if "wallTime" in event:
                walls.append(event["wallTime"])
            change = _Change(len(records), event, meaning, sequence, not may_hold_non_finite(raw), len(raw))
            if self._ids is not None:
                self._ids.see(event)
            if isinstance(meaning, StateMissing | VersionGone):
                asked.append(change)
                records.append(None)
            else:
                records.append(self._record(change, result))
        if self._ids is not None:
            self._ids.store()
        if asked:
            self._ask(asked, result)
            for change in asked:
                records[change.place] = self._record(change, result)
        result.records[:0] = [record for record in records if record is not None]
        result.position = self._numbering.position(batch.token)
        result.written.update(walls)
        return result

    def _read(self, raw: bytes) -> tuple[Mapping[str, Any], Meaning]:
        try:
            event = decode(raw)
        except UndecodableDocumentError as error:
            words = f"The document cannot be read: {error}. Repair it in the PIM: that write makes the event."
            return outline(raw), Unidentified(DeadLetterReason.UNDECODABLE, words)
        return event, classify(event, self._quiet(len(raw)))

    def _quiet(self, size: int) -> Bookkeeping | None:
        return self._bookkeeping if size <= self._sure else None

    def _ask(self, changes: list[_Change], result: Translated) -> None:
        """Give these changes the meaning that the PIM decides."""
        for database, group in _by_database(changes).items():
            stateless = [change for change in group if isinstance(change.meaning, StateMissing)]
            if stateless:
                states = self._pim.documents(database, [change.document_key["_id"] for change in stateless])
                for change in stateless:
                    self._take_state(change, states.get(id_key(change.document_key["_id"])))
            gone = [(change, change.meaning) for change in group if isinstance(change.meaning, VersionGone)]
            if gone:
                self._take_gone(database, gone, result)

    def _take_state(self, change: _Change, raw: bytes | None) -> None:
        """Classify a change again with the document as it is now."""
        if raw is None:
            before = change.event.get("fullDocumentBeforeChange")
            # Its delete event will show it as it was last: what it was before that is told here or never.
            meaning = None if before is None else left_behind(before)
            change.meaning = meaning if isinstance(meaning, VersionGone) else Noise(NoiseReason.GONE)
            return
        try:
            change.meaning = classify({**change.event, "fullDocument": decode(raw)}, self._quiet(len(raw)))
        except UndecodableDocumentError as error:
            change.meaning = Unidentified(DeadLetterReason.UNDECODABLE, f"The document cannot be read: {error}.")
        change.finite = change.finite and not may_hold_non_finite(raw)

    def _take_gone(self, database: str, gone: list[tuple[_Change, VersionGone]], result: Translated) -> None:
        """Whether the products of these documents have another current version; those that have none wait."""
        nameless = [change.document_key["_id"] for change, meaning in gone if meaning.entity_code is None]
        known = self._ids.codes(database, nameless) if self._ids is not None and nameless else {}
        codes: list[set[str]] = []
        for change, meaning in gone:
            if meaning.entity_code is not None:
                codes.append({meaning.entity_code})
                continue
            found = known.get(id_key(change.document_key["_id"]))
            codes.append((found or set()) - {entity_code_of(change.event.get("fullDocument") or {}) or ""})
            if found is None and _names_nobody(change.event):
                if meaning.then is None:
                    meaning.then = no_image()
                else:
                    result.records.append(self._dead_letter(change, no_image(), result))
        every = set().union(*codes)
        since = max(time_of(change.sequence) for change, _ in gone)
        alive = self._pim.current_codes(database, every, since=since) if every else set()
        for (change, meaning), of_this in zip(gone, codes, strict=True):
            change.meaning = meaning.then
            if meaning.then is None and of_this and of_this <= alive:
                change.meaning = Noise(NoiseReason.CURRENT_VERSION_LEFT)
            for code in sorted(of_this - alive):
                result.records.append(self._hold(change, meaning, code))

    def _hold(self, change: _Change, meaning: VersionGone, code: str) -> Record:
        # One change may end one product and begin another: no two events have the same id.
        identity = change.identity if meaning.entity_code and not meaning.then else f"{change.identity}/{code}"
        waiting = Waiting(
            change.database, code, change.sequence, identity, self._time_of(change.event), before=meaning.before
        )
        return self._deletions.hold(waiting, size=change.size)

    def _record(self, change: _Change, result: Translated) -> Record | None:
        meaning = change.meaning
        if isinstance(meaning, ProductChange):
            event = change.event
            database = event["ns"]["db"]
            back = self._deletions.returned(database, meaning.entity_code, change.sequence)
            if back is not None:
                result.records.append(back)
            origin = (database, event["_id"]["_data"], change.sequence, self._time_of(event))
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


def _names_nobody(event: Mapping[str, Any]) -> bool:
    """Whether the change for sure concerns a product that only an image could name."""
    touched = (event.get("updateDescription") or {}).get("updatedFields") or {}
    return event["operationType"] == "delete" or "entity_code" in touched


def _by_database(changes: Iterable[_Change]) -> Mapping[str, list[_Change]]:
    groups: dict[str, list[_Change]] = defaultdict(list)
    for change in changes:
        groups[change.database].append(change)
    return groups
