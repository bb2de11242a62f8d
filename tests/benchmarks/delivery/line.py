"""One delivery line of the benchmark: topics, group and database of its own, and the engine's processes on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from consumer.errors import UnavailableError
from consumer.health import read_metrics
from consumer.kafka import ReliableProducer, TopicNames, ensure_topics
from consumer.settings import TopicSettings
from tests.benchmarks.delivery.channel import NAME
from tests.benchmarks.delivery.work import Job, publish
from tests.benchmarks.installation import Servers
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.waiting import wait_until

_PORT = 19480
_TOPICS = TopicSettings()
# As the queue beside us: five attempts, 0.2 s between them.
_RETRY = {"MARKETSYNC_DELIVERY_BACKOFF": "0.2", "MARKETSYNC_DELIVERY_ATTEMPTS": "5"}


@dataclass(slots=True)
class Engine:
    """A running engine. idle: CPU seconds it had used when it was ready to deliver."""

    process: subprocess.Popen[bytes]
    idle: float = 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds used since it was ready."""
        return cpu_seconds(self.process.pid) - self.idle

    @property
    def peak(self) -> float:
        """Megabytes."""
        return peak_megabytes(self.process.pid)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Line:
    """name: unique in the run. settings: variables of its engines."""

    servers: Servers
    name: str
    url: str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def topics(self) -> TopicNames:
        """The names of its topics."""
        return TopicNames(f"{self.name}.")

    def create(self) -> None:
        """The topics."""
        ensure_topics(self._bootstrap, self.topics, topic_settings=_TOPICS, channels=[NAME], retry_delays=(60, 600))

    @contextmanager
    def producer(self) -> Iterator[ReliableProducer]:
        """To write its topics."""
        producer = ReliableProducer(self._bootstrap, max_message_bytes=_TOPICS.max_message_bytes)
        producer.start()
        try:
            yield producer
        finally:
            producer.close(30)

    def publish(self, work: Iterator[Job]) -> None:
        """Write the work."""
        with self.producer() as producer:
            publish(producer, self.topics, work)

    @contextmanager
    def delivering(self, at_once: int, *, processes: int = 1) -> Iterator[list[Engine]]:
        """Engines beside the block; together they make so many calls at once."""
        engines: list[Engine] = []
        try:
            engines += [self.launch(at_once // processes, replica) for replica in range(processes)]
            yield engines
        finally:
            for engine in engines:
                engine.process.terminate()
            for engine in engines:
                engine.process.wait(60)

    def launch(self, at_once: int, replica: int = 0) -> Engine:
        """An engine that is about to join its group."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.delivery.engine"],
            env=self._environment(at_once, replica),
            stdin=subprocess.DEVNULL,
        )
        wait_until(lambda: _serves(_PORT + replica), 30, "the engine does not start")
        return Engine(process, cpu_seconds(process.pid))

    @property
    def _bootstrap(self) -> str:
        return self.servers.endpoints.kafka_bootstrap_servers

    def _environment(self, at_once: int, replica: int) -> dict[str, str]:
        return os.environ | {
            "MONGODB_URI": self.servers.endpoints.mongodb_uri,
            "KAFKA_BOOTSTRAP_SERVERS": self._bootstrap,
            "BENCH_TARGET": self.url,
            "MARKETSYNC_TOPICS_PREFIX": f"{self.name}.",
            "MARKETSYNC_DATABASE": f"marketsync-{self.name}",
            "MARKETSYNC_METRICS_PORT": str(_PORT + replica),
            "MARKETSYNC_DELIVERY_REPLICA": str(replica),
            "MARKETSYNC_DELIVERY_CONCURRENCY": str(at_once),
            **_RETRY,
            **self.settings,
        }


def _serves(port: int) -> bool:
    try:
        read_metrics(f"http://127.0.0.1:{port}")
    except UnavailableError:
        return False
    return True
