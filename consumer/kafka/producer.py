"""Producers: one that writes in transactions (capture), one that says when each record is safe (delivery)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from consumer.errors import FencedError, MarketsyncError, UnavailableError
from consumer.events import Headers
from consumer.kafka.client import ADMIN_TIMEOUT, kafka_error, producer_config, unavailable

# The broker needs a moment after a commit before it takes the next transaction's first record; asking again every few
# milliseconds instead of every 100 is what keeps small transactions quick.
_RETRY_BACKOFF_MILLISECONDS = 2
_MOST_BACKOFF_MILLISECONDS = 8
_FENCED = frozenset(
    (
        KafkaError._FENCED,  # noqa: SLF001  the client's public name for its own code
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
    )
)
_BY_KEY = -1
# What is in the settings of a topic, or of the user, and not in the transaction: the same would fail again until
# the topics are looked at anew.
_OF_TOPICS = frozenset(
    (
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._INCONSISTENT,  # noqa: SLF001  the client's: records failed, without saying why; a topic is gone
    )
)
# Most bytes of a request to one partition; a topic takes no larger one, whatever the size of its records.
_BATCH_BYTES = 1_000_000
# Seconds one call of the client may block, so that a stop is seen meanwhile.
_STEP = 1.0


class TransactionAbortedError(MarketsyncError):
    """The transaction had no effect. What was in it has to be produced again."""


class RecordTooLargeError(MarketsyncError):
    """One record is larger than Kafka may take. The transaction is not harmed: the record is just not part of it."""


class TransactionalProducer:
    """Writes records all together or not at all. One thread uses it; `cancel` may be called from any.

    transactional_id: one process at a time owns it; `start` throws out the one that had it before.
    max_message_bytes: largest record. timeout: seconds after which the broker aborts a transaction left open.
    """

    def __init__(self, bootstrap: str, transactional_id: str, *, max_message_bytes: int, timeout: float) -> None:
        self._bootstrap = bootstrap
        self._transactional_id = transactional_id
        self._max_message_bytes = max_message_bytes
        self._timeout = timeout
        self._client: Any = None  # confluent's stub types produce() too narrowly for our header lists
        self._cancelled = threading.Event()

    def start(self) -> None:
        """Take over the transactional id: a predecessor is fenced, what it left open is aborted. Blocks.

        Raises UnavailableError when no broker answers within the transaction timeout.
        """
        config = producer_config(self._bootstrap, max_message_bytes=self._max_message_bytes)
        config |= {
            "transactional.id": self._transactional_id,
            "transaction.timeout.ms": int(self._timeout * 1000),
            "retry.backoff.ms": _RETRY_BACKOFF_MILLISECONDS,
            "retry.backoff.max.ms": _MOST_BACKOFF_MILLISECONDS,
            # Commit does not wait for the linger; it only lets batches fill while events are being encoded.
            "linger.ms": 20,
            "batch.size": min(_BATCH_BYTES, self._max_message_bytes),
        }
        client = Producer(config)
        remaining = max(1, int(self._timeout / _STEP))
        while True:
            try:
                client.init_transactions(_STEP)
                break
            except KafkaException as failure:
                remaining -= 1
                if remaining == 0 or self._cancelled.is_set() or not kafka_error(failure).retriable():
                    raise unavailable(self._bootstrap, failure) from failure
        self._client = client

    def begin(self) -> None:
        """Open a transaction. Raises FencedError, UnavailableError (start anew)."""
        with self._errors():
            self._client.begin_transaction()

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
        *,
        partition: int = _BY_KEY,
    ) -> None:
        """Add a record; waits while the buffer is full. partition: instead of the one that its key says.

        Raises RecordTooLargeError, TransactionAbortedError, FencedError, UnavailableError (start anew).
        """
        while True:
            try:
                self._client.produce(topic, value, key, partition, headers=headers)
                return
            except BufferError:
                self._client.poll(0.05)
            except KafkaException as failure:
                if kafka_error(failure).code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise RecordTooLargeError(kafka_error(failure).str()) from failure
                if kafka_error(failure).code() == KafkaError._STATE:  # noqa: SLF001  the client's
                    self.commit()  # the transaction has failed already; this says why
                with self._errors():
                    raise
            if self._cancelled.is_set():
                raise TransactionAbortedError("Stopped while Kafka took no records.")

    def partitions(self, topic: str) -> range:
        """The topic's partitions. Raises UnavailableError."""
        try:
            found = self._client.list_topics(topic, timeout=ADMIN_TIMEOUT).topics[topic]
        except KafkaException as failure:
            raise unavailable(self._bootstrap, failure) from failure
        if found.error is not None:
            raise unavailable(self._bootstrap, KafkaException(found.error))
        return range(len(found.partitions))

    def serve(self) -> None:
        """Let go of delivered records' memory. Call it every thousand records or so; never blocks."""
        self._client.poll(0)

    def flush(self) -> None:
        """Wait until Kafka has what was produced; what it does not take in time fails the transaction's end."""
        self._client.flush(self._timeout)

    def commit(self) -> None:
        """Make the records visible to read_committed readers, all at once. Blocks as long as Kafka is away.

        Raises TransactionAbortedError (nothing was written: produce it again), FencedError, UnavailableError
        (unknown whether it was written: start anew and read the positions).
        """
        with self._errors():
            self._repeat(self._client.commit_transaction)

    def abort(self) -> None:
        """Throw away what was produced since `begin`. Raises FencedError, UnavailableError (start anew)."""
        with self._errors():
            self._repeat(self._client.abort_transaction)

    def cancel(self) -> None:
        """Make a call that waits for Kafka give up soon. For a stopping process."""
        self._cancelled.set()

    def close(self) -> None:
        """Forget everything not committed. Never blocks for long; the broker aborts what is open."""
        if self._client is not None:
            client, self._client = self._client, None
            # A fenced or otherwise broken client complains here once more; whoever had to know has been told.
            with suppress(KafkaException):
                client.purge()
                client.flush(_STEP)

    def _repeat(self, call: Any) -> None:
        """Commit and abort may be called again after a retriable error: they go on where they were."""
        while True:
            try:
                call(_STEP)
                return
            except KafkaException as failure:
                if not kafka_error(failure).retriable():
                    raise
                if self._cancelled.is_set():
                    raise unavailable(self._bootstrap, failure) from failure

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The client's three kinds of failure as ours."""
        try:
            yield
        except KafkaException as failure:
            error = kafka_error(failure)
            if error.code() in _FENCED:
                raise FencedError(
                    f"Another process has taken over {self._transactional_id!r}, or its transaction was open for too"
                    " long; this one writes nothing more. Captures of one stream must share MARKETSYNC_DATABASE."
                ) from failure
            if error.txn_requires_abort():
                self.abort()
                if error.code() in _OF_TOPICS:
                    raise UnavailableError(
                        f"Kafka did not take what was written: {error.str()}. Is it running, and are the topics as"
                        " `marketsync check` wants them?"
                    ) from failure
                raise TransactionAbortedError(f"Kafka aborted the transaction: {error.str()}") from failure
            raise unavailable(self._bootstrap, failure) from failure


class ReliableProducer:
    """Writes records one by one; each has a future that ends when all replicas in sync have it.

    `produce` may be called from any thread and never blocks; from asyncio, `asyncio.wrap_future` the result.
    delivery_timeout: seconds Kafka may be away before a record's future fails.
    """

    def __init__(self, bootstrap: str, *, max_message_bytes: int, delivery_timeout: float = 60) -> None:
        self._bootstrap = bootstrap
        self._max_message_bytes = max_message_bytes
        self._delivery_timeout = delivery_timeout
        self._client: Any = None  # as above
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve. Connects by itself; Kafka need not be there yet."""
        config = producer_config(self._bootstrap, max_message_bytes=self._max_message_bytes)
        self._client = Producer(
            config | {"linger.ms": 5, "delivery.timeout.ms": int(self._delivery_timeout * 1000)},
        )
        self._thread = threading.Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._thread.start()

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
        *,
        partition: int = _BY_KEY,
    ) -> Future[None]:
        """Send a record. partition: instead of the one that its key says.

        The future fails with RecordTooLargeError or UnavailableError; then it was not written.
        """
        future: Future[None] = Future()
        # Marked running so that a waiter who gives up cannot cancel it: the record may still be written.
        future.set_running_or_notify_cancel()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(self._in_words(error))

        try:
            self._client.produce(topic, value, key, partition, headers=headers, on_delivery=delivered)
        except BufferError:
            future.set_exception(UnavailableError("Kafka takes records more slowly than they come: buffer full."))
        except KafkaException as failure:
            future.set_exception(self._in_words(kafka_error(failure)))
        return future

    def close(self, timeout: float) -> int:
        """Wait for what is under way, at most `timeout` seconds. Returns how many records did not make it."""
        if self._thread is None:
            return 0
        left: int = self._client.flush(timeout)
        self._closing.set()
        self._thread.join()
        self._thread = None
        return left

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._client.poll(0.1)

    def _in_words(self, error: KafkaError) -> MarketsyncError:
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            return RecordTooLargeError(error.str())
        return unavailable(self._bootstrap, error)
