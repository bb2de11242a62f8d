"""The transactional ids under which a stream publishes, and the producers that own them.

Whoever starts a producer throws out the one that had its id. A stream's own transactions take turns between two ids,
its snapshots have one of their own. No stream's name has a dot in it, so no two streams share an id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from consumer.capture.leadership import LeaderProducer, Permit
from consumer.kafka import TransactionalProducer

_TURNS = "", ".2"
_SNAPSHOT = "-snapshot"


def transactional_id(prefix: str, stream: str) -> str:
    """The first id of a stream, which names it among all installations. prefix: of the topics."""
    return f"{prefix}marketsync-capture-{stream}"


def ids_of_stream(prefix: str, stream: str) -> list[str]:
    """Those of the stream's own transactions, in the order in which they are to be taken over."""
    return [transactional_id(prefix, stream) + turn for turn in _TURNS]


def id_of_snapshots(prefix: str, stream: str) -> str:
    """That of the stream's snapshots."""
    return transactional_id(prefix, stream) + _SNAPSHOT


class Producers:
    """Makes the producers of one stream. timeout: seconds after which the broker aborts a transaction left open.

    The generators are used by the threads that publish; `cancel` and `publish_while` may be called from any.
    """

    def __init__(self, bootstrap: str, prefix: str, stream: str, *, timeout: float) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._stream = stream
        self._timeout = timeout
        self._permit: Permit | None = None
        self._open: list[TransactionalProducer] = []

    def publish_while(self, permit: Permit) -> None:
        """Those that are made from now on publish only while the permit holds."""
        self._permit = permit

    def cancel(self) -> None:
        """Make calls that wait for Kafka give up soon."""
        for producer in tuple(self._open):
            producer.cancel()

    @contextmanager
    def of_stream(self, limit: int) -> Iterator[list[TransactionalProducer]]:
        """Those of the stream's own transactions, all started. limit: bytes a record may have."""
        with ExitStack() as stack:
            ids = ids_of_stream(self._prefix, self._stream)
            yield [stack.enter_context(self._producer(one, limit)) for one in ids]

    @contextmanager
    def of_snapshots(self, limit: int) -> Iterator[TransactionalProducer]:
        """The snapshots' own, started. limit: bytes a record may have."""
        with self._producer(id_of_snapshots(self._prefix, self._stream), limit) as producer:
            yield producer

    @contextmanager
    def _producer(self, transactional_id: str, limit: int) -> Iterator[TransactionalProducer]:
        producer = LeaderProducer(
            self._bootstrap, transactional_id, max_message_bytes=limit, timeout=self._timeout, permit=self._permit
        )
        self._open.append(producer)
        try:
            producer.start()
            yield producer
        finally:
            self._open.remove(producer)
            producer.close()
