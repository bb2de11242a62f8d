"""Reads a change stream in a thread of its own, some batches ahead of the work, and goes on after failures.

Every batch handed out follows the one before without gap or repetition, whatever happened in between; the one
exception is marked (`from_time`), and the numbering drops what it repeats.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from consumer.capture.failures import UNKNOWN_STAGE, Recovery, classify_failure, cure
from consumer.capture.gap import GapReason, HistoryLostError
from consumer.capture.prefetch import Prefetch
from consumer.errors import MarketsyncError
from consumer.mongo.change_stream import ChangeStreamError, RawBatch, StartPoint, Watched, token_time

_log = structlog.get_logger()

# Bytes fetched and not yet taken, from which on no further batch is fetched. Beside a commit many small ones come in,
# which then go out together; of the largest, 16 MB, there is one.
_AHEAD = 4 * 1024 * 1024
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0


class CaptureFailedError(MarketsyncError):
    """The stream cannot be read until a person acts."""


class Cursor(Protocol):
    """A server-side cursor; `consumer.mongo.change_stream.ChangeStream` is one."""

    @property
    def silent(self) -> float: ...
    def open(self, start: StartPoint) -> Mapping[str, Any]: ...
    def more(self) -> RawBatch | None: ...
    def steps(self) -> int | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch. from_time: the stream went back to a cluster time before it, so some of it may have been seen."""

    batch: RawBatch
    from_time: bool


class Feed:
    """The thread and its queue. `start` once, `take` from one thread, `close` at the end."""

    def __init__(
        self,
        connect: Callable[[Watched], Cursor],
        watched: Watched,
        *,
        token: Mapping[str, Any],
        reconnected: Callable[[str], None],
    ) -> None:
        self._connect = connect
        self._watched = watched
        self._token = token
        self._reconnected = reconnected
        self._from_time = False
        self._failures = 0
        self._ahead: Prefetch[Fetched | BaseException] = Prefetch(_AHEAD)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="change-stream", daemon=True)
        self._cursor: Cursor | None = None

    @property
    def cursor(self) -> Cursor | None:
        """What is read from now; None between two."""
        return self._cursor

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self, timeout: float) -> Fetched | None:
        """The next batch, None when there was none for `timeout` seconds.

        Raises HistoryLostError or CaptureFailedError when the stream is at its end.
        """
        fetched = self._ahead.take(timeout)
        if isinstance(fetched, BaseException):
            raise fetched
        return fetched

    @property
    def waiting(self) -> bool:
        """Whether `take` has something to give at once."""
        return len(self._ahead) > 0

    def close(self) -> None:
        """Stop reading; lasts as long as the server's answer does. Idempotent."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        watched = self._watched
        try:
            while not self._closing.is_set():
                try:
                    self._read(watched)
                    watched = self._watched
                except ChangeStreamError as error:
                    watched = self._recover(error, watched)
        except BaseException as error:  # whatever it is, the thread that takes has to hear of it
            self._ahead.put(error, 0)

    def _read(self, watched: Watched) -> None:
        """Read until closed, until the server ends the stream, or for one event when that is all that was wanted."""
        cursor = self._connect(watched)
        try:
            start = StartPoint(time=token_time(self._token)) if self._from_time else StartPoint(token=self._token)
            cursor.open(start)
            self._cursor = cursor
            while self._may_read():
                batch = cursor.more()
                if batch is None:
                    self._wait("the watched database was dropped")
                    return
                self._failures = 0
                self._ahead.put(Fetched(batch, self._from_time), batch.size)
                self._token, self._from_time = batch.token, False
                if watched.bare and batch.events:
                    return
        finally:
            self._cursor = None
            cursor.close()

    def _recover(self, error: ChangeStreamError, watched: Watched) -> Watched:
        """Decide how the next cursor is opened. Raises when there is no going on."""
        if error.code == UNKNOWN_STAGE and self._watched.split:
            # Members of different versions: this one does not know what the one we asked does.
            self._watched = replace(self._watched, split=False)
            return self._watched
        recovery = classify_failure(code=error.code, labels=error.labels, network=error.network)
        if recovery is Recovery.HISTORY_LOST:
            raise HistoryLostError(str(error), GapReason.HISTORY_LOST) from error
        if recovery is Recovery.EVENT_TOO_LARGE and not watched.bare:
            self._wait(recovery.value, error)
            # First event by event up to the large one, then that one without its documents.
            return replace(watched, bare=True) if watched.batch_size == 1 else replace(watched, batch_size=1)
        if recovery is Recovery.FALL_BACK_TO_TIME:
            if self._from_time or token_time(self._token) is None:
                raise HistoryLostError(str(error), GapReason.POSITION_REFUSED) from error
            self._wait(recovery.value, error)
            self._from_time = True
            return watched
        if recovery is Recovery.RESUME:
            self._wait("connection" if error.network else f"code {error.code}", error)
            return watched
        raise CaptureFailedError(f"The change stream failed: {error}. {cure(error.code)}") from error

    def _wait(self, reason: str, error: ChangeStreamError | None = None) -> None:
        """Let some time pass before the next try, more after each failure in a row."""
        self._reconnected(reason)
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(self._failures, 10))
        self._failures += 1
        _log.warning("change stream is opened again", reason=reason, error=str(error or ""), delay=delay)
        self._closing.wait(delay * random.uniform(0.5, 1))  # noqa: S311  spreads reconnects, no secret

    def _may_read(self) -> bool:
        """Waits until there is room for another batch; False when closed."""
        while not self._closing.is_set():
            if self._ahead.has_room(0.1):
                return True
        return False
