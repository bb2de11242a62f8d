"""The first reading of all products: chunk by chunk into the resync topic, beside the running stream.

Each chunk is read at one cluster time and carries it as its sequence, so an event of the stream that is newer always
wins and an older one always loses, whichever a reader sees first. Products and progress are written in one transaction:
killed at any moment, the snapshot goes on behind the last chunk that was committed. Nothing is written to the PIM.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from consumer.capture.classify import DeadLetterReason, ProductChange, Unidentified, entity_code_of, no_entity_code
from consumer.capture.dead_letters import Origin
from consumer.capture.failures import RESUMABLE_LABEL, Recovery, classify_failure
from consumer.capture.positions import SnapshotProgress, encode_progress, snapshot_key
from consumer.capture.records import Record, RecordWriter
from consumer.capture.stream import CaptureFailedError
from consumer.events import Operation, read_sequence
from consumer.kafka import TransactionAbortedError, TransactionalProducer
from consumer.metrics import CaptureMetrics
from consumer.mongo import ConnectionFailure, Document, MongoClient, PyMongoError
from consumer.mongo.documents import UndecodableDocumentError, decode, decode_leniently, may_hold_non_finite, to_json
from consumer.mongo.pim import Chunk, id_key, read_chunk

_log = structlog.get_logger()

_DELAY = 1.0
# The collection's definition has just changed (images switched on), or the read took so long that its time is gone:
# a new chunk reads at a new time.
_PASSING = frozenset((246, 239))  # SnapshotUnavailable, SnapshotTooOld


class Snapshot:
    """Publishes the current products of some databases. One thread runs it.

    progress: where each database stands. chunk: products per read.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        producer: TransactionalProducer,
        *,
        publish: SnapshotWriter,
        progress: Sequence[SnapshotProgress],
        chunk: int,
    ) -> None:
        self._client = client
        self._producer = producer
        self._publish = publish
        self._progress = progress
        self._chunk = chunk
        self._stop = threading.Event()

    def run(self) -> None:
        """Publish until all is done or stopped. Raises PyMongoError, FencedError, UnavailableError."""
        for progress in self._progress:
            self._database(progress)

    def stop(self) -> None:
        """Make `run` return after the chunk at hand. From any thread."""
        self._stop.set()
        self._producer.cancel()

    def _database(self, progress: SnapshotProgress) -> None:
        _log.info("snapshot goes on", database=progress.database, products=progress.products)
        while not (progress.done or self._stop.is_set()):
            try:
                progress = self._next(progress)
            except TransactionAbortedError as error:
                self._pause(error)
            except PyMongoError as error:
                if not _passes(error):
                    raise
                self._pause(error)
        if progress.done:
            _log.info("snapshot is complete", database=progress.database, products=progress.products)

    def _next(self, progress: SnapshotProgress) -> SnapshotProgress:
        """Publish one chunk; returns the progress that was committed with it."""
        first = not progress.last
        after = None if first else decode(progress.last)["_id"]
        chunk = read_chunk(self._client[progress.database], after=after, first=first, size=self._chunk)
        return self._publish.chunk(self._producer, progress, chunk)

    def _pause(self, error: Exception) -> None:
        _log.warning("snapshot waits", error=str(error), delay=_DELAY)
        self._stop.wait(_DELAY)


class SnapshotWriter:
    """Chunks as transactions. stream: name of the stream the snapshot belongs to."""

    def __init__(self, writer: RecordWriter, *, positions: str, stream: str, metrics: CaptureMetrics) -> None:
        self._writer = writer
        self._positions = positions
        self._stream = stream
        self._metrics = metrics

    def chunk(self, producer: TransactionalProducer, progress: SnapshotProgress, chunk: Chunk) -> SnapshotProgress:
        """Write a chunk with its progress, all or nothing. Raises what TransactionalProducer raises."""
        records = [self._record(progress.database, chunk, raw) for raw in chunk.documents]
        reached = _behind(progress, chunk)
        producer.begin()
        for (topic, key, value, headers), _ in records:
            producer.produce(topic, key, value, headers)
        producer.produce(self._positions, snapshot_key(self._stream, progress.database), encode_progress(reached))
        producer.commit()
        products = 0
        for _, problem in records:
            if problem is None:
                products += 1
            else:
                self._metrics.dead_letters.labels(problem.reason).inc()
        self._metrics.snapshot_products.inc(products)
        self._metrics.events.labels(Operation.READ).inc(products)
        return reached

    def _record(self, database: str, chunk: Chunk, raw: bytes) -> tuple[Record, Unidentified | None]:
        sequence = read_sequence(*chunk.time)
        time = datetime.fromtimestamp(chunk.time[0], UTC).isoformat(timespec="milliseconds")
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


class SnapshotThread:
    """A snapshot running beside the stream; its failure is raised where the stream is read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the snapshot, if something did."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Stop and wait until the chunk at hand is written."""
        self._snapshot.stop()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._snapshot.run()
        except PyMongoError as error:
            self._failure = CaptureFailedError(f"The snapshot cannot read the PIM: {error}.")
        except BaseException as error:  # whatever it is, the capture has to hear of it
            self._failure = error


def _read(raw: bytes) -> tuple[Document, Unidentified | None]:
    try:
        return decode(raw), None
    except UndecodableDocumentError as error:
        words = f"The document cannot be read: {error}. Repair it in the PIM: that write makes the event."
        return decode_leniently(raw), Unidentified(DeadLetterReason.UNDECODABLE, words)


def _behind(progress: SnapshotProgress, chunk: Chunk) -> SnapshotProgress:
    """The progress when this chunk is committed."""
    if not chunk.documents:
        return replace(progress, done=True)
    return replace(
        progress,
        last=id_key(decode_leniently(chunk.documents[-1])["_id"]),
        products=progress.products + len(chunk.documents),
    )


def _passes(error: PyMongoError) -> bool:
    """Whether reading again has a chance."""
    code = getattr(error, "code", None)
    labels = {label for label in (RESUMABLE_LABEL, "TransientTransactionError") if error.has_error_label(label)}
    network = isinstance(error, ConnectionFailure)
    return code in _PASSING or classify_failure(code=code, labels=labels, network=network) is Recovery.RESUME
