"""What a snapshot writes: records of products, with its progress and, when a tenant was read whole, its end.

Each chunk was read at one cluster time and carries it as its sequence, so an event of the stream that is newer always
wins and an older one always loses, whichever a reader sees first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from consumer.capture.classify import DeadLetterReason, ProductChange, Unidentified, entity_code_of, no_entity_code
from consumer.capture.dead_letters import Origin
from consumer.capture.records import Record, RecordWriter
from consumer.capture.snapshots.progress import SnapshotProgress, encode_progress, snapshot_key
from consumer.capture.snapshots.reading import Piece
from consumer.events import Operation, read_sequence
from consumer.kafka import TopicNames, TransactionalProducer
from consumer.markers import SnapshotCompleted, encode_marker
from consumer.metrics import CaptureMetrics
from consumer.mongo import Document
from consumer.mongo.documents import UndecodableDocumentError, decode, decode_leniently, may_hold_non_finite, to_json
from consumer.mongo.pim import id_key
from consumer.mongo.products import Chunk, IdRange

_log = structlog.get_logger()


class SnapshotWriter:
    """Transactions of one stream's snapshots. stream: its name. Methods raise what TransactionalProducer raises."""

    def __init__(self, writer: RecordWriter, *, names: TopicNames, stream: str, metrics: CaptureMetrics) -> None:
        self._writer = writer
        self._names = names
        self._stream = stream
        self._metrics = metrics

    def encode(self, database: str, place: IdRange, chunk: Chunk) -> Piece:
        """The records of a chunk. From any thread."""
        if chunk.time is None or not chunk.documents:
            return Piece(place.start, b"")
        made = [self._record(database, (chunk.time, raw)) for raw in chunk.documents]
        return Piece(
            place.start,
            id_key(decode_leniently(chunk.documents[-1])["_id"]),
            [record for record, _ in made],
            len(made),
            Counter(problem.reason for _, problem in made if problem is not None),
        )

    def publish(
        self, producer: TransactionalProducer, progress: SnapshotProgress, pieces: Sequence[Piece]
    ) -> SnapshotProgress:
        """Write the progress together with these pieces, all or nothing. Returns it."""
        producer.begin()
        for piece in pieces:
            for topic, key, value, headers in piece.records:
                producer.produce(topic, key, value, headers)
            producer.serve()
        producer.produce(self._names.positions, self._key(progress), encode_progress(progress))
        producer.commit()
        self._count(pieces)
        return progress

    def complete(self, producer: TransactionalProducer, progress: SnapshotProgress) -> SnapshotProgress:
        """Write that all products of the tenant were read, once behind them in each partition."""
        done = replace(progress, done=True)
        resync = self._names.of(Operation.READ)
        key, value, headers = encode_marker(
            SnapshotCompleted(
                id="/".join(filter(None, ("snapshot", progress.started, progress.request))),
                tenant=self._writer.tenant_of(progress.database),
                sequence=progress.started,
                time=datetime.now(UTC),
                cause=progress.cause,
                products=progress.products,
            )
        )
        producer.begin()
        for partition in producer.partitions(resync):
            producer.produce(resync, key, value, headers, partition=partition)
        producer.produce(self._names.positions, self._key(done), encode_progress(done))
        producer.commit()
        return done

    def forget(self, producer: TransactionalProducer, progress: Iterable[SnapshotProgress]) -> None:
        """Delete the progress of requests that nobody waits for any more."""
        keys = [self._key(one) for one in progress]
        if keys:
            producer.begin()
            for key in keys:
                producer.produce(self._names.positions, key, None)
            producer.commit()

    def _key(self, progress: SnapshotProgress) -> bytes:
        return snapshot_key(self._stream, progress.database, progress.request)

    def _count(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            products = piece.products - piece.problems.total()
            self._metrics.snapshot_products.inc(products)
            self._metrics.events.labels(Operation.READ).inc(products)
            for reason, count in piece.problems.items():
                self._metrics.dead_letters.labels(reason).inc(count)

    def _record(self, database: str, read: tuple[tuple[int, int], bytes]) -> tuple[Record, Unidentified | None]:
        """The record of a document that was read at a cluster time."""
        at, raw = read
        sequence = read_sequence(*at)
        time = datetime.fromtimestamp(at[0], UTC).isoformat(timespec="milliseconds")
        document, problem = _read(raw)
        code = entity_code_of(document)
        key = {"_id": document.get("_id")}
        if problem is None and code is None:
            problem = no_entity_code(document)
        if problem is None and code is not None:
            identity = f"{sequence}/{to_json(key).decode()}"
            made = self._writer.event(
                ProductChange(Operation.READ, code, document, None, None),
                (database, identity, sequence, time),
                finite=not may_hold_non_finite(raw),
            )
            if not isinstance(made, Unidentified):
                return made, None
            problem = made
        assert problem is not None  # noqa: S101  for the type checker: every way here has set it
        origin = Origin(
            tenant=self._writer.tenant_of(database),
            database=database,
            operation=Operation.READ,
            document_key=key,
            entity_code=code,
            sequence=sequence,
            time=time,
        )
        _log.error("product cannot be published", reason=problem.reason, message=problem.words, document=key)
        return self._writer.dead_letter(origin, problem), problem


def _read(raw: bytes) -> tuple[Document, Unidentified | None]:
    try:
        return decode(raw), None
    except UndecodableDocumentError as error:
        words = f"The document cannot be read: {error}. Repair it in the PIM: that write makes the event."
        return decode_leniently(raw), Unidentified(DeadLetterReason.UNDECODABLE, words)
