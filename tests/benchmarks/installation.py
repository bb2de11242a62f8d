"""An installation of one benchmark: names of its own on the run's servers, and its capture processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from consumer import embedded
from consumer.capture.id_map import COLLECTION as ID_MAP
from consumer.capture.positions import read_standing
from consumer.embedded import Endpoints
from consumer.kafka import TopicNames
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.warm_up import warm_up
from tests.waiting import wait_until

FIRST_PORT = 19464


@dataclass(frozen=True, slots=True)
class Servers:
    """The run's servers. mongod, kafka: process ids."""

    endpoints: Endpoints
    mongod: int
    kafka: int


@contextmanager
def own_servers(*, lasting: bool = False) -> Iterator[Servers]:
    """A MongoDB and a Kafka for one run, with nothing in them. lasting: as servers that stay, and warm."""
    with tempfile.TemporaryDirectory(prefix="marketsync-bench-") as folder:
        home = Path(folder)
        try:
            endpoints = embedded.start(home, lasting=lasting)
            if lasting:
                warm_up(endpoints.kafka_bootstrap_servers)
            found = embedded.status(home)
            yield Servers(endpoints, mongod=found.mongod.pid or 0, kafka=found.kafka.pid or 0)
        finally:
            embedded.stop(home)


@dataclass(frozen=True, slots=True)
class Installation:
    """Topics, tenants and a position that nothing else uses. name: unique in the run. settings: variables besides."""

    endpoints: Endpoints
    name: str
    tenants: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def topics(self) -> TopicNames:
        """The names of its topics."""
        return TopicNames(f"{self.name}.")

    @property
    def _stream(self) -> str:
        return self.settings.get("MARKETSYNC_CAPTURE_STREAM", "pim")

    def environment(self, port: int = FIRST_PORT) -> dict[str, str]:
        """The variables of a process of it. port: of its metrics."""
        return os.environ | {
            "MONGODB_URI": self.endpoints.mongodb_uri,
            "KAFKA_BOOTSTRAP_SERVERS": self.endpoints.kafka_bootstrap_servers,
            "MARKETSYNC_TENANTS": ",".join(self.tenants),
            "MARKETSYNC_DATABASE": f"marketsync-{self.name}",
            "MARKETSYNC_TOPICS_PREFIX": f"{self.name}.",
            "MARKETSYNC_METRICS_PORT": str(port),
            "MARKETSYNC_LOG_LEVEL": "error",
            **self.settings,
        }

    def launch(self, port: int = FIRST_PORT) -> subprocess.Popen[bytes]:
        """A capture process, started and left alone."""
        return subprocess.Popen(
            [sys.executable, "-m", "consumer", "capture"], env=self.environment(port), stdin=subprocess.DEVNULL
        )

    @contextmanager
    def capturing(self, port: int = FIRST_PORT) -> Iterator[subprocess.Popen[bytes]]:
        """A capture process beside the block."""
        process = self.launch(port)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def create(self) -> None:
        """Topics, indexes and pre-images."""
        command = [sys.executable, "-m", "consumer", "init"]
        subprocess.run(command, env=self.environment(), check=True, stdout=subprocess.DEVNULL)

    def turn_images_off(self) -> None:
        """From now on the server keeps neither pre- nor post-images of the products."""
        with connect(self.endpoints.mongodb_uri) as client:
            for tenant in self.tenants:
                client[tenant_database(tenant)].command(
                    {"collMod": PRODUCTS, "changeStreamPreAndPostImages": {"enabled": False}}
                )

    def begin(self, *, with_ids: bool = False) -> None:
        """A first start, so that the position lies before the backlog to come and what is there has been read.

        with_ids: wait for the map of ids, too.
        """
        with self.capturing(), connect(self.endpoints.mongodb_uri) as client:
            wait_until(self._begun, 60, "capture does not begin")
            if with_ids:
                ids = client[f"marketsync-{self.name}"][ID_MAP]
                wait_until(lambda: ids.find_one({"complete": True}), 60, "the map of ids is not filled")

    def _begun(self) -> bool:
        standing = read_standing(
            self.endpoints.kafka_bootstrap_servers,
            self.topics,
            stream=self._stream,
            databases=[tenant_database(tenant) for tenant in self.tenants],
        )
        return standing.position is not None and all(progress.done for progress in standing.snapshots)
