"""The process that turns changes of the PIM into events: takes over, follows the stream, survives what can be survived.

Taking over: fence the predecessor (transactional id), read how far it came, open the stream there. Whatever goes wrong
later leads back to one of two places: reading again from the last committed position, or taking over again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from functools import partial

import structlog

from consumer.capture.beginning import Beginning, GapError, Lost, right_now
from consumer.capture.endings import in_words, raise_fatal
from consumer.capture.follow import Follower
from consumer.capture.forget import forget_snapshots
from consumer.capture.forgotten import Forgotten
from consumer.capture.gap import GapPauses, HistoryLostError
from consumer.capture.id_map import forget_scans
from consumer.capture.interpretation import Interpretation
from consumer.capture.leadership import Permit
from consumer.capture.positions import Position, Standing, read_standing, stream_key
from consumer.capture.producers import Producers
from consumer.capture.publisher import Publisher
from consumer.capture.records import RecordWriter
from consumer.capture.snapshots.agenda import Agenda
from consumer.capture.snapshots.requests import Requests
from consumer.capture.snapshots.running import Snapshots, SnapshotThread
from consumer.capture.snapshots.writing import SnapshotWriter
from consumer.capture.stream import Feed
from consumer.errors import SettingsError, UnavailableError
from consumer.kafka import TakeTurns, TopicNames, TransactionAbortedError, TransactionalProducer, largest_record
from consumer.metrics import CaptureMetrics
from consumer.mongo import Database, Document, MongoClient, PyMongoError
from consumer.mongo.change_stream import (
    ChangeStream,
    ChangeStreamError,
    Watched,
    committed_time,
    splits_large_events,
)
from consumer.mongo.pim import PRODUCTS, by_database, pre_images_on
from consumer.settings import CaptureSettings, TopicSettings
from consumer.traces import current

_log = structlog.get_logger()

# Seconds before taking over again after Kafka or the PIM could not be used.
_DELAY = 1.0


class Capture:
    """One stream over the databases of some tenants. `run` in one thread, `stop` from any.

    tenants: their names, or tenant → database where a database is not named after its tenant.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        bootstrap: str,
        *,
        tenants: Iterable[str] | Mapping[str, str],
        settings: CaptureSettings,
        topics: TopicSettings,
        metrics: CaptureMetrics,
    ) -> None:
        self._client = client
        self._bootstrap = bootstrap
        self._wanted = self._tenants = by_database(tenants)
        self._databases = tuple(self._tenants)
        self._moved = threading.Event()
        self._settings = settings
        self._topics = topics
        self._names = TopicNames(topics.prefix)
        self._metrics = metrics.of_stream(settings.stream)
        self._stop = threading.Event()
        self._producers = Producers(bootstrap, topics.prefix, settings.stream, timeout=settings.transaction_timeout)
        self._leading = False
        self._state: Database[Document] | None = None
        self._without: list[str] = []  # databases whose products have no pre-images
        self._limit = topics.max_message_bytes  # bytes a record may have, as the topics are now
        self._lost: Lost | None = None
        self._gap_pauses = GapPauses()

    @property
    def leading(self) -> bool:
        """Whether this capture has taken over its stream and follows it."""
        return self._leading and not self._stop.is_set()

    def publish_while(self, permit: Permit) -> None:
        """Take over and publish only while the permit holds. Without one, the last that starts takes over."""
        self._producers.publish_while(permit)

    def keep_ids_in(self, state: Database[Document]) -> None:
        """Tell deletes by a map of ids in this database of ours, where pre-images are off."""
        self._state = state

    def follow(self, tenants: Iterable[str] | Mapping[str, str]) -> None:
        """Follow these tenants from now on; those that are new are read whole. Returns at once, from any thread."""
        wanted = by_database(tenants)
        if wanted != self._wanted:
            self._wanted = wanted
            self._moved.set()

    def stop(self) -> None:
        """Make `run` return after the transaction at hand. Returns at once."""
        self._stop.set()
        self._producers.cancel()

    def run(self) -> None:
        """Capture until `stop`. Blocks.

        Raises FencedError when another capture has taken this stream over, CaptureFailedError when a person has to act,
        and UnavailableError when MongoDB or Kafka cannot be used at the start. Once it has worked, it waits for them to
        come back.
        """
        if not self._wanted:
            raise SettingsError("MARKETSYNC_TENANTS is empty: name the tenants to capture, comma separated.")
        while not self._stop.is_set():
            try:
                self._lead()
            except _TenantsChangedError:
                self._metrics.reconnects.labels("tenants").inc()
            except GapError as gap:
                self._lost = gap.lost
                self._stop.wait(self._gap_pauses.next(time.monotonic()))
            except (UnavailableError, TransactionAbortedError, PyMongoError, ChangeStreamError) as error:
                raise_fatal(error)
                if not self._leading:
                    raise in_words(error) from error
                _log.warning("capture takes over again", error=str(error), delay=_DELAY)
                self._metrics.reconnects.labels("takeover").inc()
                self._stop.wait(_DELAY)

    def _lead(self) -> None:
        """Take over and follow the stream until stopped.

        Raises _TenantsChangedError when others are to be followed, GapError when changes were missed.
        """
        self._moved.clear()
        self._tenants = self._wanted
        self._databases = tuple(self._tenants)
        self._limit = self._largest_record()
        with ExitStack() as stack:
            producers = stack.enter_context(self._producers.of_stream(self._limit))
            # A predecessor killed in the middle of a chunk left a transaction open, and positions are read to its end.
            with self._producers.of_snapshots(self._limit) as other:
                self._end_forgotten(*producers, other)
            writer = RecordWriter(self._names, limit=self._limit, tenants=self._tenants)
            watched = self._watched()
            publisher = self._publisher(TakeTurns(producers))
            standing, position = self._take_up(publisher, watched)
            follower = Follower(
                publisher,
                position,
                interpretation=self._interpretation(writer, standing),
                settings=self._settings,
                metrics=self._metrics,
                stop=self._stop,
            )
            snapshots = stack.enter_context(self._snapshots(writer, standing, behind=lambda: follower.behind))
            self._leading = True
            self._follow(follower, watched, snapshots)

    def _end_forgotten(self, *producers: TransactionalProducer) -> None:
        if Forgotten(self._bootstrap, self._names, producers, self._tenants.values()).end(self._standing):
            self._metrics.forgotten.inc()

    def _take_up(self, publisher: Publisher, watched: Watched) -> tuple[Standing, Position]:
        """What the predecessor left, and where to go on."""
        standing = self._standing()
        self._forget(standing.left)
        stream, tenants = self._settings.stream, self._tenants
        beginning = Beginning(publisher, names=self._names, stream=stream, tenants=tenants, metrics=self._metrics)
        position = self._position(standing.position, beginning, watched)
        return standing if position is standing.position else self._standing(), position

    def _follow(self, follower: Follower, watched: Watched, snapshots: Callable[[], None]) -> None:
        """Until stopped, or until the stream cannot be followed any more. snapshots: raises their failure."""

        def check() -> None:
            snapshots()
            if self._moved.is_set():
                raise _TenantsChangedError

        token = follower.position.token.get("_data")
        _log.info("capture follows the stream", databases=self._databases, token=token)
        while not self._stop.is_set():
            feed = Feed(self._connect, watched, token=follower.position.token, reconnected=self._reconnected)
            try:
                follower.follow(feed, check=check)
            except HistoryLostError as error:
                raise GapError(Lost(follower.position, error)) from error

    def _publisher(self, transactions: TakeTurns) -> Publisher:
        key = stream_key(self._settings.stream)
        return Publisher(
            transactions,
            topic=self._names.positions,
            key=key,
            metrics=self._metrics,
            clock=time.time,
            traces=current(),
        )

    def _position(self, stored: Position | None, beginning: Beginning, watched: Watched) -> Position:
        """Where to go on: at the stored position, unless there is none or it is lost; then now."""
        lost = self._lost if stored is not None and self._lost is not None and self._lost.is_at(stored) else None
        if stored is not None and lost is None:
            return stored
        committed = committed_time(self._client)
        now = right_now(partial(self._connect, watched), committed)
        if lost is None:
            beginning.first(now)
            return now
        if self._state is not None:
            # What was inserted meanwhile is not in the map of ids.
            forget_scans(self._state, self._databases, stream=self._settings.stream)
        beginning.after(lost, now, committed=committed)
        return now

    def _forget(self, databases: Collection[str]) -> None:
        """The stream goes on without these: what it misses there has to be read again, should they come back.

        With the snapshot's own producer, so that a predecessor's snapshot of them is fenced and cannot be seen as done.
        """
        if not databases:
            return
        if self._state is not None:
            forget_scans(self._state, databases, stream=self._settings.stream)
        with self._producers.of_snapshots(self._limit) as producer:
            forget_snapshots(producer, self._names, stream=self._settings.stream, databases=databases)

    def _snapshots(self, writer: RecordWriter, standing: Standing, *, behind: Callable[[], bool]) -> SnapshotThread:
        """What has to be read, now and when somebody asks, beside the stream. behind: whether the stream is."""
        settings = self._settings
        requests = None if self._state is None else Requests(self._state, prefix=self._topics.prefix)
        agenda = Agenda(
            standing.snapshots,
            standing.requested,
            tenants=self._tenants,
            requests=requests,
            metrics=self._metrics.snapshots,
        )
        snapshots = Snapshots(
            self._client,
            agenda,
            SnapshotWriter(writer, names=self._names, stream=settings.stream, metrics=self._metrics),
            producers=partial(self._producers.of_snapshots, self._limit),
            settings=settings,
            behind=behind,
        )
        return SnapshotThread(snapshots)

    def _standing(self) -> Standing:
        return read_standing(self._bootstrap, self._names, stream=self._settings.stream, databases=self._databases)

    def _largest_record(self) -> int:
        topics = [*self._names.products, self._names.capture_dead_letters, self._names.gaps]
        return min(self._topics.max_message_bytes, largest_record(self._bootstrap, topics))

    def _interpretation(self, writer: RecordWriter, standing: Standing) -> Interpretation:
        made = Interpretation(self._client, writer, positions=self._names.positions, settings=self._settings)
        made.take_over(standing.waiting)
        made.keep_ids(self._state, without=self._without, databases=self._databases)
        return made

    def _watched(self) -> Watched:
        self._without = [name for name in self._databases if not pre_images_on(self._client[name])]
        return Watched(
            databases=self._databases,
            collection=PRODUCTS,
            images=not self._without,
            batch_size=self._settings.batch,
            max_await=self._settings.max_await,
            split=splits_large_events(self._client),
        )

    def _connect(self, watched: Watched) -> ChangeStream:
        return ChangeStream(self._client, watched)

    def _reconnected(self, reason: str) -> None:
        self._metrics.reconnects.labels(reason).inc()


class _TenantsChangedError(Exception):
    """The stream has to be opened again, for other tenants."""
