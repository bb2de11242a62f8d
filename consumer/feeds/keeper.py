"""Keeps all files as their items are: looks which are due, has them built by the one process that may, exports them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from adapters.feeds import Feed
from consumer.feeds.builder import FeedBuilder, Result
from consumer.feeds.export import FolderExport
from consumer.feeds.model import FeedKey, FeedState
from consumer.feeds.telling import tell
from consumer.metrics.feeds import FeedMetrics
from consumer.mongo import PyMongoError
from consumer.mongo.files import FileMissingError
from consumer.mongo.words import in_words

_log = structlog.get_logger()

# Seconds between two looks.
LOOK = 1.0
_LONGEST_WORDS = 300

Feeds = Callable[[], Mapping[FeedKey, Feed]]
"""The feeds that accounts have now. Never raises."""


class Election(Protocol):
    """Which of many processes builds; `consumer.capture.leadership.Leadership` is one."""

    def wait(self, timeout: float) -> Permit | None: ...


class Permit(Protocol):
    """Whether this process may build."""

    @property
    def holds(self) -> bool: ...


class FeedKeeper:
    """One process's part, in a thread. pause: seconds between two looks. now: UTC."""

    def __init__(
        self,
        builder: Callable[[Callable[[], bool]], FeedBuilder],
        feeds: Feeds,
        election: Election,
        *,
        export: FolderExport | None,
        metrics: FeedMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self._feeds = feeds
        self._election = election
        self._export = export
        self._metrics = metrics
        self._now = now
        self._stopped = threading.Event()
        self._permit: Permit | None = None
        self._builder = builder(self._may_build)
        self._said: dict[FeedKey, str] = {}

    def run(self, pause: float = LOOK) -> None:
        """Keep watch until stopped. Raises what breaks the election."""
        while not self._stopped.is_set():
            self.take_turn()
            try:
                self.look()
            except PyMongoError as error:
                _log.warning("MongoDB cannot be used, files stay as they are", error=in_words(error))
            self._stopped.wait(pause)

    def stop(self) -> None:
        """End soon. For any thread."""
        self._stopped.set()

    def take_turn(self) -> None:
        """Ask whether this process is the one that builds. Raises what breaks the election."""
        self._permit = self._election.wait(0)
        self._metrics.builder.set(self._may_build())

    def look(self) -> int:
        """Build what is due, if this process may; export what was published by whomever. Returns how many builds.

        Raises PyMongoError.
        """
        builds = 0
        feeds = self._feeds()
        for state in self._builder.store.all():
            feed = feeds.get(state.key)
            if feed is None:
                continue
            if self._may_build() and state.due(feed.rules.interval, self._now()):
                self._build(state.key, feed)
                builds += 1
            current = self._builder.store.find(state.key) or state
            tell(self._metrics, current, feed.rules, self._now())
            self._metrics.new_categories.labels(state.key.tenant, state.key.channel, state.key.account).set(
                len(self._builder.categories.untold(state.key))
            )
            self._copy(current)
        return builds

    def _may_build(self) -> bool:
        return self._permit is not None and self._permit.holds and not self._stopped.is_set()

    def _build(self, key: FeedKey, feed: Feed) -> None:
        began = time.monotonic()
        try:
            built = self._builder.build(key, feed)
        except Exception as error:  # whatever it is: the last good file stays, and the other feeds go on
            words = in_words(error) if isinstance(error, PyMongoError) else f"{type(error).__name__}: {error}"
            self._metrics.builds.labels(key.channel, "failed").inc()
            _log.exception("a file cannot be built; the one before stays published", feed=str(key))
            self._builder.store.fail(key, words[:_LONGEST_WORDS], self._now())
            return
        took = time.monotonic() - began
        self._metrics.builds.labels(key.channel, built.result.value).inc()
        self._metrics.seconds.labels(key.channel).observe(took)
        if built.result is Result.PUBLISHED:
            _log.info("a file is published", feed=str(key), offers=built.count, seconds=round(took, 2))
        elif built.result is Result.HELD and self._said.get(key) != built.words:
            _log.error(f"a file is held: {built.words}", feed=str(key), cure="`marketsync feeds show`, `feeds release`")
        self._said[key] = built.words

    def _copy(self, state: FeedState) -> None:
        if self._export is None:
            return
        try:
            if self._export.mirror(state):
                _log.info("a file is copied into the folder", feed=str(state.key))
        except FileMissingError:
            pass  # a newer one was published meanwhile, and is copied with the next look
        except OSError as error:
            _log.error("a file cannot be copied into the folder", feed=str(state.key), error=str(error))
