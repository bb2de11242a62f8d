"""How long MongoDB will still hold what capture has not read: measured beside it, also while it cannot work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import structlog

from consumer.metrics import CaptureMetrics
from consumer.mongo import Document, MongoClient, PyMongoError
from consumer.mongo.oplog import OplogHiddenError, oplog_begin

_log = structlog.get_logger()

_EVERY = 10.0
_AT_FIRST = 0.5
# A MongoDB that does not answer must not hold up a process that ends.
_PATIENCE = 1.0


class OplogWatch:
    """A thread that keeps one metric. Use it as a context manager.

    client: of the MongoDB that holds the stream's tenants. position: cluster time of the last committed position in
    seconds; None while it is not known or another process's.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        position: Callable[[], float | None],
        *,
        stream: str,
        metrics: CaptureMetrics,
    ) -> None:
        self._client = client
        self._position = position
        self._stream = stream
        self._metric = metrics.oplog_headroom
        self._closing = threading.Event()
        self._hidden = False
        self._thread = threading.Thread(target=self._run, name="oplog", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._closing.is_set():
            # Without MongoDB the oplog stands still as well, and the last figure stays true.
            position = self._position()
            with suppress(PyMongoError):
                self._look(position)
            self._closing.wait(_AT_FIRST if position is None else _EVERY)

    def _look(self, position: float | None) -> None:
        try:
            if position is not None:
                begin, _ = oplog_begin(self._client)
                self._metric.labels(self._stream).set(position - begin)
                return
        except OplogHiddenError as error:
            if not self._hidden:
                self._hidden = True
                _log.warning("nobody will see when the oplog is about to lose capture", why=str(error))
        with suppress(KeyError):
            self._metric.remove(self._stream)
