"""The loop: take a batch, translate it, put it into the transaction, commit when it is time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import structlog

from consumer.capture.gap import HistoryLostError
from consumer.capture.interpretation import Interpretation
from consumer.capture.positions import Position
from consumer.capture.publisher import Publisher
from consumer.capture.search import SearchWatch
from consumer.capture.stream import Feed, Fetched
from consumer.capture.translate import Translator
from consumer.kafka import TransactionAbortedError
from consumer.metrics import CaptureMetrics
from consumer.mongo import PyMongoError
from consumer.settings import CaptureSettings

_log = structlog.get_logger()

# Seconds before reading again what could not be published.
_DELAY = 1.0
# Seconds an open transaction waits for the next batch when the last one was full. Without it a capture that is behind
# would pay for a commit whenever it was quicker than the server for a moment.
_LINGER = 0.05
# Seconds after which a transaction ends although more small batches are at hand. Behind a commit there are some, which
# go out together; a capture that falls behind in this way soon gets full ones.
_PATIENCE = 0.01
# A reply of this many bytes is full, whatever number of changes it has: the server ends it at 16 MB.
_FULL_BYTES = 12 * 1024 * 1024


class Follower:
    """Follows one stream from a position on, and keeps the last one that was committed."""

    def __init__(
        self,
        publisher: Publisher,
        position: Position,
        *,
        interpretation: Interpretation,
        settings: CaptureSettings,
        metrics: CaptureMetrics,
        stop: Event,
    ) -> None:
        self._publisher = publisher
        self._interpretation = interpretation
        self._deletions = interpretation.deletions
        self._committed = position
        self._reached = position
        self._settings = settings
        self._metrics = metrics
        self._stop = stop
        self._last_commit = time.monotonic()
        self._behind = False
        self._search = SearchWatch(metrics, max_await=settings.max_await)

    @property
    def behind(self) -> bool:
        """Whether the server had more than it could put into its last answer."""
        return self._behind

    @property
    def position(self) -> Position:
        """The last committed position."""
        return self._committed

    def follow(self, feed: Feed, *, check: Callable[[], None]) -> None:
        """Publish what the feed gives until stopped, or until it must be read again from `position`.

        check: called every turn, raises what ends the capture. Raises FencedError, UnavailableError, HistoryLostError,
        CaptureFailedError.
        """
        self._reached = self._committed
        self._metrics.position_time.set(self._committed.reached)
        self._deletions.rollback()
        translator = self._interpretation.translator(self._committed)
        feed.start()
        try:
            while not self._stop.is_set():
                check()
                self._interpretation.turn()
                self._turn(feed, translator)
            if self._publisher.open:
                self._commit()
        except HistoryLostError:
            if self._publisher.open:
                self._commit()  # what was read before the gap is not missed
            raise
        except TransactionAbortedError as error:
            self._publisher.forget()
            self._wait("transaction aborted", error)
        except PyMongoError as error:
            self._publisher.abort()
            self._wait("lookup failed", error)
        finally:
            feed.close()

    def _turn(self, feed: Feed, translator: Translator) -> None:
        fetched = feed.take(_LINGER if self._publisher.open else self._settings.max_await)
        self._behind = fetched is not None and self._is_full(fetched)
        if fetched is not None:
            self._search.answered()
            self._take(fetched, translator)
        else:
            self._search.look(feed.cursor)
        settled = self._deletions.settle()
        if settled is not None:
            self._publisher.add(settled)
        if (fetched is not None or self._publisher.open) and self._due(waiting=feed.waiting):
            self._commit()

    def _take(self, fetched: Fetched, translator: Translator) -> None:
        translated = translator.translate(fetched.batch, from_time=fetched.from_time)
        if translated.position is not None:
            self._reached = translated.position
            if translated.changes:
                self._publisher.add(translated)
        if not translated.changes:
            self._metrics.last_progress.set(time.time())

    def _is_full(self, fetched: Fetched) -> bool:
        """Whether the server had more than it could put into this batch."""
        return len(fetched.batch.events) >= self._settings.batch or fetched.batch.size >= _FULL_BYTES

    def _due(self, *, waiting: bool) -> bool:
        """By size and age while capture is behind, almost at once when it is not, seldom when all is quiet.

        waiting: a batch is at hand.
        """
        if self._publisher.open:
            if self._behind:
                return self._publisher.full
            return not waiting or self._publisher.age >= _PATIENCE
        moved = self._reached.token != self._committed.token
        return moved and time.monotonic() - self._last_commit >= self._settings.idle_position

    def _commit(self) -> None:
        self._publisher.commit(self._reached)
        self._deletions.commit()
        self._metrics.waiting.set(len(self._deletions))
        self._committed = self._reached
        self._last_commit = time.monotonic()

    def _wait(self, reason: str, error: Exception) -> None:
        _log.warning("capture reads again from its last position", reason=reason, error=str(error), delay=_DELAY)
        self._metrics.reconnects.labels(reason).inc()
        self._stop.wait(_DELAY)
