"""A PIM database, topics and captures of a test's own on the shared servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.capture import Capture, enable_pre_images
from consumer.capture.forget import forget_progress
from consumer.embedded import Endpoints
from consumer.events import Operation, ProductEvent
from consumer.kafka import TopicNames, ensure_topics
from consumer.kafka.removal import remove_installation
from consumer.markers import SnapshotCompleted
from consumer.metrics import capture_metrics
from consumer.mongo import Collection, Database, Document, MongoClient, connect
from consumer.settings import CaptureSettings, TopicSettings
from tests.reading import read_events, read_markers, read_messages
from tests.waiting import wait_until

PARTITIONS = 3


@dataclass
class Running:
    """A capture in a thread of the test."""

    capture: Capture
    registry: CollectorRegistry
    failure: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, name="capture-under-test")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.capture.run()
        except BaseException as error:  # asserted on by the test
            self.failure = error

    def wait_until_leading(self) -> None:
        wait_until(lambda: self.capture.leading or self.failure, 20)
        assert self.failure is None, self.failure

    def wait_until_read(self) -> None:
        """Until no snapshot is under way: what is written from now on is seen by the stream alone."""
        wait_until(lambda: not self.metric("snapshots_open", stream="pim"), 20)

    def stop(self) -> None:
        self.capture.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"marketsync_capture_{name}", labels) or 0.0


@dataclass
class Line:
    """From one tenant's PIM to Kafka."""

    servers: Endpoints
    client: MongoClient[Document]
    tenant: str
    topics: TopicSettings
    map_ids: bool = False
    running: list[Running] = field(default_factory=list)

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.topics.prefix)

    @property
    def database(self) -> Database[Document]:
        return self.client[f"vinc-{self.tenant}"]

    @property
    def state(self) -> Database[Document]:
        """Our own database, of this test alone."""
        return self.client[f"own-{self.tenant}"]

    @property
    def products(self) -> Collection[Document]:
        return self.database["pimproducts"]

    def capture(self, *, tenants: tuple[str, ...] | Mapping[str, str] | None = None, **settings: Any) -> Running:
        """Start a capture and wait until it has taken over."""
        registry = CollectorRegistry()
        capture = Capture(
            self.client,
            self.servers.kafka_bootstrap_servers,
            tenants=tenants or (self.tenant,),
            settings=CaptureSettings(
                **{"max_await": 0.1, "idle_position": 0.1, "transaction_timeout": 10, "deletion_grace": 0.2} | settings
            ),
            topics=self.topics,
            metrics=capture_metrics(registry),
        )
        if self.map_ids:
            capture.keep_ids_in(self.state)
        running = Running(capture, registry)
        self.running.append(running)
        running.start()
        running.wait_until_leading()
        return running

    def forget_progress(self) -> None:
        """As `marketsync capture --resnapshot` does first."""
        forget_progress(
            self.servers.kafka_bootstrap_servers,
            settings=CaptureSettings(transaction_timeout=10),
            topics=self.topics,
        )

    def events(self, *operations: Operation) -> list[ProductEvent]:
        """Committed events of these operations (none named: of all four)."""
        names = [self.names.of(operation) for operation in operations or tuple(Operation)]
        return read_events(self.servers.kafka_bootstrap_servers, names)

    def wait_for(self, count: int, *operations: Operation, deadline: float = 15) -> list[ProductEvent]:
        """The events of these operations (none named: all changes), as soon as there are `count` of them."""
        operations = operations or (Operation.CREATED, Operation.UPDATED, Operation.DELETED)
        found: list[ProductEvent] = []

        def enough() -> bool:
            found[:] = self.events(*operations)
            return len(found) >= count

        wait_until(enough, deadline, f"{count} events")
        assert len(found) == count, [event.id for event in found]
        return found

    def markers(self) -> list[tuple[int, SnapshotCompleted]]:
        """Ends of snapshots of whole tenants, each with its partition."""
        return read_markers(self.servers.kafka_bootstrap_servers, [self.names.of(Operation.READ)])

    def dead_letters(self) -> list[Any]:
        return read_messages(self.servers.kafka_bootstrap_servers, [self.names.capture_dead_letters])


@pytest.fixture
def make_line(servers: Endpoints) -> Iterator[Callable[..., Line]]:
    """Makes lines, on the shared MongoDB or that of `client`; what they leave on the servers is removed."""
    made: list[Line] = []
    with connect(servers.mongodb_uri) as client:

        def make(name: str, *, images: bool = True, client: MongoClient[Document] = client) -> Line:
            line = Line(servers, client, name, TopicSettings(prefix=f"{name}.", partitions=PARTITIONS))
            made.append(line)
            ensure_topics(
                servers.kafka_bootstrap_servers, line.names, topic_settings=line.topics, channels=[], retry_delays=[]
            )
            if images:
                enable_pre_images(line.database)
            else:
                line.database.create_collection("pimproducts")
            return line

        yield make
        for line in made:
            for running in line.running:
                running.capture.stop()
            for running in line.running:
                running.stop()
            line.client.drop_database(line.database.name)
            line.client.drop_database(line.state.name)
            remove_installation(servers.kafka_bootstrap_servers, line.topics.prefix)


@pytest.fixture
def line(make_line: Callable[..., Line], fresh_name: str) -> Line:
    """One tenant with pre-images on, nothing running."""
    return make_line(fresh_name)


def make_product(number: int, **more: Any) -> Document:
    """A small product; its `_id` is its number."""
    return {"_id": number, "entity_code": f"P-{number}", "isCurrent": True, "quantity": number, **more}
