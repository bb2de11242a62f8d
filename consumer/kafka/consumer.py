"""A consumer group member whose every call on Kafka's client is made by one thread.

confluent-kafka 2.16.1 freezes when one thread polls and another commits or pauses, and polling must never wait for a
channel's HTTP. So this thread polls, does what it is told through a queue (commit, rest), and calls the listener on the
event loop, in order: a partition's records come after its assignment and before its revocation.

Offsets: committed by us alone, read_committed, no silent reset. A partition without a committed offset starts at its
beginning; one whose committed offset fell out of retention does too, but loudly, for updates were missed.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import Any, Protocol

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumer.errors import FencedError
from consumer.kafka.assignment import Assignment, places_of, topic_partitions
from consumer.kafka.client import kafka_error, unavailable
from consumer.kafka.membership import Membership, consumer_config
from consumer.kafka.messages import record_of
from consumer.kafka.records import Partition, Record

_log = structlog.get_logger()

# Records handed to the event loop at once, and how many such batches may be on their way: what comes in beyond the
# limits before a partition rests.
_BATCH = 250
_BATCHES = 2
# Seconds a poll waits for a record; commands wait as long at most.
_POLL = 0.1
# Seconds beyond the drain that a revocation waits for the event loop.
_GRACE = 5.0


class Listener(Protocol):
    """Who works with the records. All methods are called on the event loop and must not block."""

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """These partitions are ours now; nothing of them rests."""

    async def revoked(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """These partitions are about to be taken: end what is in flight, return the offsets to commit.

        Called with `drain` seconds to spare; what takes longer is not waited for.
        """

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These partitions were taken from us long ago: nothing can be committed for them."""

    def received(self, records: Sequence[Record]) -> None:
        """New records, in order within each partition."""

    def committed(self, positions: Mapping[Partition, int]) -> None:
        """Kafka stored these offsets."""

    def reset(self, partition: Partition) -> None:
        """The partition starts over at its beginning: its offset fell out of retention."""

    def failed(self, error: Exception) -> None:
        """The consumer cannot go on. Nothing more will be called."""


class ConsumerThread:
    """One member of a consumer group. `start` once, then `rest` and `commit` at will, `close` at the end.

    alive_at: when the thread last came round, on the monotonic clock. longest_pause: seconds it ever took to.
    """

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._commands: queue.SimpleQueue[Callable[[Any], None]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_BATCHES)
        self._closing = threading.Event()
        self._closed: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None
        self._assignment = Assignment(piecemeal=membership.protocol == "consumer")
        self._fatal: KafkaError | None = None
        self.alive_at = 0.0
        self.longest_pause = 0.0

    # Called on the event loop; none of them blocks.

    def start(self, listener: Listener) -> None:
        """Join the group. Errors come through `listener.failed`."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._closed = self._loop.create_future()
        threading.Thread(target=self._run, name="kafka-consumer", daemon=True).start()

    def rest(self, partitions: Iterable[Partition]) -> None:
        """Read all assigned partitions but these. Forgotten when partitions are assigned anew."""
        wanted = frozenset(partitions)
        self._commands.put(lambda client: self._assignment.rest(client, wanted))

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit soon; `listener.committed` follows. A failed commit is logged, the next one covers it."""
        offsets = topic_partitions(positions)
        self._commands.put(lambda client: self._commit(client, offsets, wait=False))

    async def close(self, positions: Mapping[Partition, int]) -> None:
        """Commit these offsets and leave. Idempotent; the positions of the first call count."""
        if self._closed is None:
            return
        if not self._closing.is_set():
            offsets = topic_partitions(positions)
            self._commands.put(lambda client: self._commit(client, offsets, wait=True))
            self._closing.set()
        await asyncio.shield(self._closed)

    # On the thread from here on.

    def _run(self) -> None:
        client: Any = None
        try:
            client = Consumer(
                consumer_config(self._membership) | {"on_commit": self._on_commit, "error_cb": self._on_error}
            )
            client.subscribe(
                list(self._membership.topics),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            while not self._closing.is_set():
                self._come_round()
                self._obey(client)
                self._hand_over(self._poll(client))
                self._raise_fatal()
            self._obey(client)
        except Exception as error:
            failure = self._in_words(error)
            self._tell(lambda listener: listener.failed(failure))
        finally:
            self._closing.set()
            if client is not None:
                client.close()
            self._tell_closed()

    def _come_round(self) -> None:
        now = time.monotonic()
        if self.alive_at:
            self.longest_pause = max(self.longest_pause, now - self.alive_at)
        self.alive_at = now

    def _obey(self, client: Any) -> None:
        while not self._commands.empty():
            self._commands.get()(client)

    def _poll(self, client: Any) -> list[Record]:
        """What is there, without waiting for a batch to fill."""
        first = client.poll(_POLL)
        if first is None:
            return []
        records = []
        for message in (first, *client.consume(_BATCH - 1, 0)):
            error = message.error()
            if error is not None:
                self._on_message_error(client, message, error)
            else:
                records.append(record_of(message))
        return records

    def _hand_over(self, records: list[Record]) -> None:
        """Give records to the event loop; wait while it is behind. That is no backpressure: that is `rest`."""
        if not records:
            return
        while not self._room.acquire(timeout=_POLL):
            if self._closing.is_set():
                return

        def deliver(listener: Listener) -> None:
            listener.received(records)
            # After what the listener does next: then its wish to rest is known before more is read.
            asyncio.get_running_loop().call_soon(self._room.release)

        self._tell(deliver)

    def _commit(self, client: Any, offsets: list[TopicPartition], *, wait: bool) -> None:
        ours = self._assignment.ours(offsets)
        if not ours:
            return
        try:
            client.commit(offsets=ours, asynchronous=not wait)
        except KafkaException as failure:
            # What is not committed is delivered again to whoever owns it next.
            _log.warning("offsets not committed", error=kafka_error(failure).str(), partitions=len(ours))

    # Callbacks of the client, all within poll, consume or close.

    def _on_assign(self, client: Any, partitions: list[TopicPartition]) -> None:
        if self._closing.is_set():
            return
        places = self._assignment.take(client, partitions)
        _log.info("partitions assigned", group=self._membership.group, partitions=len(places))
        self._tell(lambda listener: listener.assigned(places))

    def _on_revoke(self, client: Any, partitions: list[TopicPartition]) -> None:
        if self._closing.is_set() or self._loop is None or self._listener is None:
            self._assignment.leave(client, partitions)
            return
        places = places_of(partitions)
        drained = asyncio.run_coroutine_threadsafe(_revoke(self._listener, places), self._loop)
        try:
            positions = drained.result(self._membership.drain + _GRACE)
            self._commit(client, topic_partitions(positions), wait=True)
        except FutureTimeoutError:
            _log.error("partitions revoked before their work ended", group=self._membership.group)
        self._assignment.leave(client, partitions)
        _log.info("partitions revoked", group=self._membership.group, partitions=len(places))

    def _on_lost(self, client: Any, partitions: list[TopicPartition]) -> None:
        _log.error("partitions lost: this process was silent for too long", partitions=len(partitions))
        places = self._assignment.leave(client, partitions)
        self._tell(lambda listener: listener.lost(places))

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        if error is not None:
            _log.warning("offsets not committed", error=error.str())
            return
        positions = {Partition(p.topic, p.partition): p.offset for p in partitions if p.error is None and p.offset >= 0}
        self._tell(lambda listener: listener.committed(positions))

    def _on_error(self, error: KafkaError) -> None:
        if _is_fatal(error):
            self._fatal = error
        else:
            _log.warning("Kafka", error=error.str())

    def _on_message_error(self, client: Any, message: Message, error: KafkaError) -> None:
        if _is_fatal(error):
            self._fatal = error
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001  the client's public name for its own code
            self._start_over(client, Partition(str(message.topic()), int(message.partition() or 0)))
        else:
            _log.warning("Kafka", error=error.str(), topic=message.topic(), partition=message.partition())

    def _start_over(self, client: Any, partition: Partition) -> None:
        _log.error(
            "the committed offset fell out of retention: updates were missed, resync this channel",
            topic=partition.topic,
            partition=partition.number,
        )
        self._tell(lambda listener: listener.reset(partition))
        self._assignment.start_over(client, partition)

    # Talking to the event loop

    def _tell(self, call: Callable[[Listener], None]) -> None:
        listener, loop = self._listener, self._loop
        if listener is not None and loop is not None:
            with suppress(RuntimeError):  # the event loop is gone, and with it everybody who listened
                loop.call_soon_threadsafe(call, listener)

    def _tell_closed(self) -> None:
        def closed(_listener: Listener) -> None:
            if self._closed is not None and not self._closed.done():
                self._closed.set_result(None)

        self._tell(closed)

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            raise KafkaException(self._fatal)

    def _in_words(self, error: Exception) -> Exception:
        if not isinstance(error, KafkaException):
            return error
        inner = kafka_error(error)
        # Wrapped in a fatal error the code is lost, and only the words tell.
        if inner.code() == KafkaError.FENCED_INSTANCE_ID or "consumer fenced" in inner.str():
            return FencedError(
                f"Another process of group {self._membership.group} runs as replica {self._membership.replica!r}."
                " Give each its own MARKETSYNC_DELIVERY_REPLICA."
            )
        return unavailable(self._membership.bootstrap, error)


def _is_fatal(error: KafkaError) -> bool:
    return error.fatal() or error.code() in (KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID)  # noqa: SLF001  as above


async def _revoke(listener: Listener, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    return await listener.revoked(partitions)
