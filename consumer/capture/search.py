"""Tells a server that works through its oplog from one that does not answer.

A server asked for the next changes answers with the first that concerns us, or when there are no more. Until then it
reads everything that others wrote: after a long pause on a busy cluster that takes seconds per million entries, and
nothing bounds it. The request itself shows nothing meanwhile, so the server is asked beside it how that is getting on.
"""

from __future__ import annotations

import time

import structlog

from consumer.capture.stream import Cursor
from consumer.metrics import CaptureMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds an answer may be late before the server is asked what it does.
_PATIENCE = 0.2
# Seconds between two lines in the log.
_LOG_EVERY = 10.0


class SearchWatch:
    """Looks after one stream's request while nothing comes.

    metrics: of the stream. max_await: seconds an answer takes when there is nothing to search.
    """

    def __init__(self, metrics: CaptureMetrics, *, max_await: float) -> None:
        self._metrics = metrics
        self._patience = max_await + _PATIENCE
        self._steps: int | None = None
        self._said = float("-inf")

    def look(self, cursor: Cursor | None) -> None:
        """Count it as progress when the server has got on since the last look. Call it while nothing comes."""
        silent = cursor.silent if cursor is not None else 0.0
        if cursor is None or silent < self._patience:
            self.answered()
            return
        try:
            steps = cursor.steps()
        except PyMongoError:
            return  # then there is no progress to be seen, and the age of the last one grows
        if steps is None or steps == self._steps:
            return
        self._steps = steps
        self._metrics.last_progress.set(time.time())
        self._metrics.searching.set(silent)
        if time.monotonic() - self._said > _LOG_EVERY:
            self._said = time.monotonic()
            _log.info("the server works through what others wrote", seconds=round(silent, 1))

    def answered(self) -> None:
        """The server has answered."""
        if self._steps is not None:
            self._steps = None
            self._metrics.searching.set(0)
