"""Makes snapshots beside the running stream, as long as there are any to make.

Readers work on several ranges at once; one transaction at a time holds what they read, together with the progress.
Killed at any moment, a snapshot goes on behind what was committed last. Nothing is written to the PIM.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import structlog

from consumer.capture.failures import RESUMABLE_LABEL, Recovery, classify_failure
from consumer.capture.snapshots.agenda import Agenda, Job
from consumer.capture.snapshots.pace import Pace
from consumer.capture.snapshots.progress import cut, not_read
from consumer.capture.snapshots.reading import Piece, Reading
from consumer.capture.snapshots.writing import SnapshotWriter
from consumer.events import read_sequence
from consumer.kafka import TransactionAbortedError, TransactionalProducer
from consumer.mongo import ConnectionFailure, Document, MongoClient, PyMongoError
from consumer.mongo.products import Chunk, IdRange, collection_id, read_chunk, read_outline
from consumer.mongo.words import in_words
from consumer.settings import CaptureSettings

_log = structlog.get_logger()

_DELAY = 1.0
# Seconds between two looks whether there is something to do.
_IDLE = 0.5
_STEP = 0.1
# Seconds one snapshot may work while others wait.
_TURN = 2.0
# Documents in one range: few enough that a read which finds nothing in it still ends soon.
_RANGE = 25_000
_MOST_RANGES = 128
# More ranges than readers, so that no reader is without work while another one still has much.
_RANGES_PER_READER = 4
# The collection's definition has just changed (images switched on), or the read took so long that its time is gone:
# a new chunk reads at a new time.
_PASSING = frozenset((246, 239))  # SnapshotUnavailable, SnapshotTooOld


class Snapshots:
    """One thread runs it. producers: opens the producer of the stream's snapshots; whoever had it before is fenced.

    behind: whether the stream has more to do than it can.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        agenda: Agenda,
        writer: SnapshotWriter,
        *,
        producers: Callable[[], AbstractContextManager[TransactionalProducer]],
        settings: CaptureSettings,
        behind: Callable[[], bool],
    ) -> None:
        self._client = client
        self._agenda = agenda
        self._writer = writer
        self._producers = producers
        self._settings = settings
        self._behind = behind
        self._pace = Pace(settings.snapshot_rate, time.monotonic())
        self._stop = threading.Event()
        self._producer: TransactionalProducer | None = None

    def run(self) -> None:
        """Work until stopped. Raises FencedError, UnavailableError."""
        agenda = self._agenda
        try:
            while not self._stop.is_set():
                agenda.refresh()
                if not (agenda.waiting or agenda.unwanted()):
                    self._stop.wait(_IDLE)
                    continue
                with self._producers() as self._producer:
                    while not self._stop.is_set() and (agenda.waiting or agenda.unwanted()):
                        self._turn(self._producer)
                        agenda.refresh()
        finally:
            agenda.leave()

    def stop(self) -> None:
        """Make `run` return after the transaction at hand. From any thread."""
        self._stop.set()
        producer = self._producer
        if producer is not None:
            producer.cancel()

    def _turn(self, producer: TransactionalProducer) -> None:
        job = None
        try:
            unwanted = self._agenda.unwanted()
            self._writer.forget(producer, unwanted)
            self._agenda.forgot(unwanted)
            job = self._agenda.next()
            if job is not None:
                self._work(producer, job)
        except TransactionAbortedError as error:
            self._pause(str(error))
        except PyMongoError as error:
            if job is None or _passes(error):
                self._pause(str(error))
            else:
                self._set_aside(producer, job, error)

    def _work(self, producer: TransactionalProducer, job: Job) -> None:
        """Bring one snapshot further."""
        if not job.progress.begun and not job.progress.done:
            self._begin(producer, job)
        if job.progress.ranges:
            self._read_on(producer, job)
        if job.progress.begun and not job.progress.ranges and not job.progress.done:
            self._finish(producer, job)
        if job.progress.done:
            self._agenda.ended(job)

    def _begin(self, producer: TransactionalProducer, job: Job) -> None:
        """Find out what there is to read, and commit it: whatever is read comes later than this."""
        database = self._client[job.progress.database]
        outline = read_outline(database, condition=job.condition, whole=not job.few)
        settings = self._settings
        parts = max(settings.snapshot_readers * _RANGES_PER_READER, outline.documents // _RANGE)
        ranges = cut(outline.ids, min(parts, _MOST_RANGES, 1 + outline.documents // settings.snapshot_chunk))
        progress = replace(
            job.progress,
            started=read_sequence(*outline.time),
            collection=outline.collection,
            ranges=ranges,
            parts=len(ranges),
            estimate=outline.products,
        )
        self._agenda.moved(job, self._writer.publish(producer, progress, ()))
        _log.info("snapshot begins", **_told(job), estimate=progress.estimate, ranges=len(ranges))

    def _read_on(self, producer: TransactionalProducer, job: Job) -> None:
        """Publish what is read until all is, or others have waited long enough."""
        reading = Reading(
            job.progress.ranges,
            read=partial(self._read, job),
            encode=partial(self._writer.encode, job.progress.database),
            readers=self._settings.snapshot_readers,
        )
        reading.start()
        since = begun = time.monotonic()
        try:
            while job.progress.ranges and not self._stop.is_set() and self._agenda.wants(job):
                if time.monotonic() - begun > _TURN and self._agenda.contested():
                    return
                self._agenda.refresh()
                if self._held_back():
                    continue
                pieces = reading.take(_STEP)
                if pieces:
                    now = time.monotonic()
                    self._publish(producer, job, pieces, seconds=now - since)
                    since = now
        finally:
            reading.close()

    def _publish(self, producer: TransactionalProducer, job: Job, pieces: list[Piece], *, seconds: float) -> None:
        progress = replace(job.progress, seconds=job.progress.seconds + seconds, note="")
        for piece in pieces:
            progress = progress.advanced(piece.start, piece.last, piece.products)
        self._agenda.moved(job, self._writer.publish(producer, progress, pieces))
        self._pace.spent(sum(piece.products for piece in pieces), time.monotonic())

    def _read(self, job: Job, place: IdRange) -> Chunk | None:
        settings, progress = self._settings, job.progress
        rate = settings.snapshot_rate
        size = settings.snapshot_chunk if not rate else max(1, min(settings.snapshot_chunk, int(rate)))
        database = self._client[progress.database]
        chunk = read_chunk(database, place, condition=job.condition, size=size, whole=not job.few)
        # After an election the new member may be a little behind: what it shows is from before the snapshot began.
        return None if chunk.time is not None and read_sequence(*chunk.time) < progress.started else chunk

    def _held_back(self) -> bool:
        """Wait for a moment if the pace or the stream asks for it. Whether it did."""
        now = time.monotonic()
        wait = self._pace.wait(now)
        if not wait and self._behind():
            wait = self._pace.patience(now)
            self._agenda.yielded(min(wait, _STEP))
        if wait:
            self._stop.wait(min(wait, _STEP))
        return wait > 0

    def _finish(self, producer: TransactionalProducer, job: Job) -> None:
        """All there was is read: say so, to readers of the products only where a whole tenant was found."""
        progress = job.progress
        if not job.whole:
            self._agenda.moved(job, self._writer.publish(producer, replace(progress, done=True), ()))
        elif collection_id(self._client[progress.database]) != progress.collection:
            _log.warning("the collection was dropped or replaced while it was read: it is read again", **_told(job))
            again = not_read(progress.database, progress.cause, progress.request)
            self._agenda.moved(job, self._writer.publish(producer, again, ()))
            return
        elif not progress.products:
            missing = "holds no current product" if progress.collection else "does not exist"
            note = f"The collection of products {missing}, which takes no listing back: are the products elsewhere?"
            _log.warning("snapshot found no product", **_told(job), listings="stay as they are")
            self._agenda.moved(job, self._writer.publish(producer, replace(progress, done=True, note=note), ()))
        else:
            self._agenda.moved(job, self._writer.complete(producer, progress))
        _log.info("snapshot is complete", **_told(job), seconds=round(progress.seconds, 1))

    def _set_aside(self, producer: TransactionalProducer, job: Job, error: PyMongoError) -> None:
        """One that MongoDB refuses to read stops no other one."""
        words = f"MongoDB refuses to read it: {in_words(error)}"
        _log.error("snapshot cannot be made", **_told(job), error=words)
        try:
            if job.request is None:
                self._agenda.moved(job, self._writer.publish(producer, replace(job.progress, note=words), ()))
            self._agenda.refused(job, words)
        except (PyMongoError, TransactionAbortedError) as failure:
            self._pause(str(failure))

    def _pause(self, error: str) -> None:
        _log.warning("snapshot waits", error=error, delay=_DELAY)
        self._stop.wait(_DELAY)


class SnapshotThread:
    """Snapshots beside the stream, during a `with` block. Its value is a function that raises what ended them, if
    something did: their failure is told where the stream is read.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def __enter__(self) -> Callable[[], None]:
        """Begin."""
        self._thread.start()
        return self._check

    def __exit__(self, *_failure: object) -> None:
        """Stop and wait until the transaction at hand is written."""
        self._snapshots.stop()
        self._thread.join()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._snapshots.run()
        except BaseException as error:  # whatever it is, the capture has to hear of it
            self._failure = error


def _told(job: Job) -> dict[str, object]:
    """What a log line says of a snapshot."""
    progress = job.progress
    told = {"database": progress.database, "cause": str(progress.cause), "products": progress.products}
    return told | ({"request": progress.request} if progress.request else {})


def _passes(error: PyMongoError) -> bool:
    """Whether reading again has a chance."""
    code = getattr(error, "code", None)
    labels = {label for label in (RESUMABLE_LABEL, "TransientTransactionError") if error.has_error_label(label)}
    network = isinstance(error, ConnectionFailure)
    return code in _PASSING or classify_failure(code=code, labels=labels, network=network) is Recovery.RESUME
