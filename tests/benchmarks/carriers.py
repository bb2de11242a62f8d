"""Programs that carry a backlog of inserts from MongoDB into Kafka, measured from outside: ours and others alike."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import IsolationLevel, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.benchmarks.reader import reading
from tests.waiting import wait_until

_DEADLINE = 150


class Carrier(Protocol):
    """name: for the table. topic: where the inserts come out; each has a key of its own."""

    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    def launch(self) -> subprocess.Popen[bytes]: ...


@dataclass(frozen=True, slots=True)
class Carried:
    """rate: events per second, cpu: seconds per 100,000 events, both without the first third; peak: megabytes."""

    rate: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """After a SIGKILL. repeated: events a read_committed reader got more than once. delivered: before the signal.

    missing: those that never came. seconds: until new ones came.
    """

    repeated: int
    delivered: int
    missing: int
    seconds: float


def carry(carrier: Carrier, bootstrap: str, events: int) -> Carried:
    """One run over the whole backlog. Its first third warms the program up."""
    log = _Log(bootstrap, carrier.topic)
    with _running(carrier) as process:
        first = _reached(log, process, events // 3)
        last = _reached(log, process, events)
        peak = peak_megabytes(process.pid)
    count = last[0] - first[0]
    return Carried(count / (last[1] - first[1]), (last[2] - first[2]) / count * 100_000, peak)


def interrupt(carrier: Carrier, bootstrap: str, events: int) -> Interrupted:
    """Killed in the middle of the backlog, and started again at once."""
    seen = _Seen()
    log = _Log(bootstrap, carrier.topic)
    with _running(carrier) as process:
        wait_until(lambda: log.end() > 0, _DEADLINE, "it does not begin")
        with reading(bootstrap, [carrier.topic], seen.take):
            wait_until(lambda: seen.count >= events // 3, _DEADLINE, "a third of the backlog does not come")
            process.kill()
            process.wait()
            seen.killed = time.time()
            delivered = seen.count
            with _running(carrier):
                wait_until(lambda: len(seen.keys) >= events, _DEADLINE, "the rest does not come")
                # What is repeated at the very end is not overlooked.
                wait_until(lambda: time.time() - seen.newest > 2, _DEADLINE)
    return Interrupted(
        repeated=seen.count - len(seen.keys),
        delivered=delivered,
        missing=events - len(seen.keys),
        seconds=seen.again - seen.killed,
    )


@dataclass
class _Seen:
    """What a reader has. again: when something came that was written after the signal. newest: when something came."""

    keys: Counter[bytes] = field(default_factory=Counter)
    count: int = 0
    killed: float = 0
    again: float = 0
    newest: float = 0

    def take(self, message: Message, now: float) -> None:
        self.keys[bytes(message.key() or b"")] += 1
        self.count += 1
        self.newest = now
        if self.killed and not self.again and message.timestamp()[1] / 1000 > self.killed:
            self.again = now


class _Log:
    """The end of a topic, for read_committed readers."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
        self._topic = topic

    def end(self) -> int:
        """Records so far; with transactions a few more, one for each of them and partition. 0 without the topic."""
        found = self._admin.list_topics(timeout=10).topics.get(self._topic)
        if found is None:
            return 0
        newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
        wanted = {TopicPartition(self._topic, partition): newest for partition in found.partitions}
        answers = self._admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED)
        try:
            return sum(answer.result().offset for answer in answers.values())
        except KafkaException:  # a topic that was just created has no leader yet
            return 0


def _reached(log: _Log, process: subprocess.Popen[bytes], events: int) -> tuple[int, float, float]:
    """When that many events are there: their number, the time, the CPU seconds used so far."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end and process.poll() is None:
        count = log.end()
        if count >= events:
            return count, time.perf_counter(), cpu_seconds(process.pid)
        time.sleep(0.1)
    raise RuntimeError(f"the program has ended, or has not carried {events} events after {_DEADLINE} s")


@contextmanager
def _running(carrier: Carrier) -> Iterator[subprocess.Popen[bytes]]:
    """The program beside the block; what still runs at its end is asked to end."""
    process = carrier.launch()
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
