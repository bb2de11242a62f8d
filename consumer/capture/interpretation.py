"""What is needed to understand a stream's changes, joined once per take-over."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

import structlog

from consumer.capture.bookkeeping import Bookkeeping
from consumer.capture.deletions import Deletions
from consumer.capture.id_map import IdMap, forget_scans
from consumer.capture.pending import Waiting
from consumer.capture.positions import Position
from consumer.capture.records import RecordWriter
from consumer.capture.translate import Translator
from consumer.mongo import Database, Document, MongoClient
from consumer.mongo.pim import PimReader
from consumer.settings import CaptureSettings

_log = structlog.get_logger()


class Interpretation:
    """Makes translators that share what outlives a reconnection. positions: topic of capture's positions."""

    def __init__(
        self, client: MongoClient[Document], writer: RecordWriter, *, positions: str, settings: CaptureSettings
    ) -> None:
        self._client = client
        self._writer = writer
        self._stream = settings.stream
        self._pim = PimReader(client)
        self._bookkeeping = Bookkeeping(settings.bookkeeping)
        self._ids: IdMap | None = None
        self.deletions = Deletions(
            self._pim,
            writer,
            topic=positions,
            stream=settings.stream,
            grace=settings.deletion_grace,
            clock=time.monotonic,
        )

    def take_over(self, waiting: Iterable[Waiting]) -> None:
        """What a predecessor left undecided."""
        self.deletions.restore(waiting)

    def keep_ids(self, state: Database[Document] | None, *, without: Collection[str], databases: Iterable[str]) -> None:
        """Remember ids where pre-images are off (`without`). state: our own database. Raises PyMongoError."""
        if state is not None:
            forget_scans(state, [name for name in databases if name not in without], stream=self._stream)
        if not without:
            return
        if state is None:
            _log.warning(
                "pre-images are off: deletes there cannot be told and become dead letters",
                databases=without,
                cure="marketsync init",
            )
            return
        _log.warning(
            "pre-images are off: a map of ids is kept instead, which costs time",
            databases=without,
            cure="marketsync init",
        )
        self._ids = IdMap(state, {name: self._client[name] for name in without}, stream=self._stream)
        self._ids.prepare()

    def translator(self, position: Position) -> Translator:
        """Goes on from a position."""
        return Translator(
            self._writer,
            self._pim,
            position=position,
            bookkeeping=self._bookkeeping,
            deletions=self.deletions,
            ids=self._ids,
        )

    def turn(self) -> None:
        """What has to be done beside the stream. Raises PyMongoError."""
        if self._ids is not None:
            self._ids.scan()
