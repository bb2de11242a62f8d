"""Transactions of several ids in turn, so that none waits for the one before to be marked as ended.

A commit is decided when the broker answers it. Only then the broker writes a marker into each partition of the
transaction, and until that is done it takes nothing more of the same transactional id: the client asks again after a
fixed 20 ms (librdkafka, `rdkafka_txnmgr.c`: CONCURRENT_TRANSACTIONS). Another id is free meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from consumer.events import Headers
from consumer.kafka.producer import TransactionalProducer


class Transactions(Protocol):
    """Writes records all together or not at all. The methods raise what those of TransactionalProducer do."""

    def begin(self) -> None: ...
    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None: ...
    def serve(self) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...


class TakeTurns:
    """Each transaction is the next producer's. One thread uses it.

    What holds of one producer holds of all together: a transaction begins when the one before has been decided, so all
    its records stand behind that one's, and readers of what is committed get them in this order. Whoever takes over
    must start all of them before it looks at what was committed: a predecessor may still end the transaction of one
    whose id is not taken yet, and none after that.
    producers: started.
    """

    def __init__(self, producers: Sequence[TransactionalProducer]) -> None:
        self._producers = producers
        self._turn = 0

    @property
    def _current(self) -> TransactionalProducer:
        return self._producers[self._turn]

    def begin(self) -> None:
        """Open the next one's transaction. The last one's was committed or aborted."""
        self._turn = (self._turn + 1) % len(self._producers)
        self._current.begin()

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Add a record to the open transaction."""
        self._current.produce(topic, key, value, headers)

    def serve(self) -> None:
        """As TransactionalProducer does."""
        self._current.serve()

    def commit(self) -> None:
        """Commit the open transaction: its records are readable soon, and nothing undoes it any more."""
        self._current.commit()

    def abort(self) -> None:
        """Throw the open transaction away."""
        self._current.abort()
