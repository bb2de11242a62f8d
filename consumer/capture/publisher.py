"""Kafka transactions: product events, dead letters and the position that covers them become visible together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from consumer.capture.positions import Position, encode_position
from consumer.capture.translated import Translated
from consumer.events import Headers
from consumer.kafka import Transactions
from consumer.metrics import CaptureMetrics
from consumer.traces import Span, Traces

# A transaction ends at the latest with this much in it. Ending one costs some ten milliseconds, so a capture that is
# behind puts many batches into one; a reader waits for the end, so it must not grow without bound.
_MOST_CHANGES = 10_000
_MOST_BYTES = 32 * 1024 * 1024
_LONGEST = 0.25


class Publisher:
    """Fills and commits transactions, one at a time. One thread uses it. traces: told of each change that is in Kafka.

    All methods that talk to Kafka raise what TransactionalProducer raises.
    """

    def __init__(
        self,
        transactions: Transactions,
        *,
        topic: str,
        key: bytes,
        metrics: CaptureMetrics,
        clock: Callable[[], float],
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces or Traces()
        self._traced: list[tuple[tuple[str, str], Headers]] = []
        self._transactions = transactions
        self._topic = topic
        self._key = key
        self._metrics = metrics
        self._clock = clock
        self._open = False
        self._begun = 0.0
        self._changes = 0
        self._bytes = 0
        self._events: Counter[str] = Counter()
        self._noise: Counter[str] = Counter()
        self._dead_letters: Counter[str] = Counter()
        self._written: Counter[datetime] = Counter()
        self._records = 0
        self._record_bytes = 0

    @property
    def open(self) -> bool:
        """Whether something waits for `commit`."""
        return self._open

    @property
    def age(self) -> float:
        """Seconds since the transaction was opened."""
        return self._clock() - self._begun

    @property
    def full(self) -> bool:
        """Whether the transaction should end now, even if there is more to put into it."""
        return self._changes >= _MOST_CHANGES or self._bytes >= _MOST_BYTES or self.age >= _LONGEST

    def begin(self) -> None:
        """Open a transaction, if none is open."""
        if not self._open:
            self._transactions.begin()
            self._open = True
            self._begun = self._clock()

    def produce(self, topic: str, key: bytes, value: bytes, headers: Headers | None = None) -> None:
        """Put a single record into the open transaction: one that is not of a change."""
        self._transactions.produce(topic, key, value, headers)

    def add(self, translated: Translated) -> None:
        """Put a batch into the transaction."""
        self.begin()
        produce, size = self._transactions.produce, 0
        for topic, key, value, headers in translated.records:
            produce(topic, key, value, headers)
            size += len(key) + len(value or b"")
        if self._traces.on:
            self._trace(translated)
        self._transactions.serve()
        self._records += len(translated.records)
        self._record_bytes += size
        self._changes += translated.changes
        self._bytes += translated.size
        self._events += translated.events
        self._noise += translated.noise
        self._dead_letters += translated.dead_letters
        self._written += translated.written

    def commit(self, position: Position) -> None:
        """End the transaction with this position in it."""
        self.begin()
        value = encode_position(position)
        self._transactions.produce(self._topic, self._key, value)
        self._records += 1
        self._record_bytes += len(self._key) + len(value)
        self._transactions.commit()
        self._tell_traces()
        self._count()
        self._metrics.position_time.set(position.reached)
        self.forget()

    def abort(self) -> None:
        """Throw the open transaction away; nothing of it was visible."""
        if self._open:
            self.forget()
            self._transactions.abort()

    def forget(self) -> None:
        """There is no transaction any more: it was committed or aborted."""
        self._open = False
        self._changes = self._bytes = self._records = self._record_bytes = 0
        self._traced.clear()
        for counts in (self._events, self._noise, self._dead_letters, self._written):
            counts.clear()

    def _trace(self, translated: Translated) -> None:
        for _, _, _, headers in translated.records:
            trace = self._traces.of(headers)
            if trace is not None:
                self._traced.append((trace, headers))

    def _tell_traces(self) -> None:
        """Of what is in Kafka now: from the PIM's write to here."""
        now = self._clock()
        for trace, headers in self._traced:
            said = {name: value.decode("utf-8", "replace") for name, value in headers}
            written = min(now, datetime.fromisoformat(said["ce_time"]).timestamp())
            about = {"tenant": said["tenant"], "product": said["ce_subject"], "event": said["ce_type"]}
            self._traces.tell(Span("pim write to kafka", trace, written, now, first=True, attributes=about))

    def _count(self) -> None:
        metrics, now = self._metrics, self._clock()
        for operation, count in self._events.items():
            metrics.events.labels(operation).inc(count)
        for reason, count in self._noise.items():
            metrics.noise.labels(reason).inc(count)
        for reason, count in self._dead_letters.items():
            metrics.dead_letters.labels(reason).inc(count)
        metrics.bytes_read.inc(self._bytes)
        metrics.transaction_seconds.observe(now - self._begun)
        metrics.transaction_events.observe(self._changes)
        metrics.transaction_records.observe(self._records)
        metrics.transaction_bytes.observe(self._record_bytes)
        metrics.last_progress.set(now)
        for written, count in self._written.items():
            # The PIM's clock may be ahead of ours.
            metrics.lag.observe(max(0.0, now - written.replace(tzinfo=UTC).timestamp()), count)
