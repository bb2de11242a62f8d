"""Kafka stands still for longer than it lets a transaction be open: the leader leads again by itself."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer import embedded
from consumer.capture import enable_pre_images
from consumer.events import Operation
from consumer.kafka import ensure_topics
from consumer.mongo import connect
from consumer.settings import TopicSettings
from tests.integration.capture.conftest import PARTITIONS, Line, make_product
from tests.integration.capture.test_leadership import Room
from tests.waiting import wait_until

# Of the broker, in seconds: Room's captures let transactions be open for 10.
STANDSTILL = 25


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Servers of this test alone: one of them is stopped."""
    embedded.start(tmp_path)
    yield tmp_path
    embedded.stop(tmp_path)
    shutil.rmtree(tmp_path)


@pytest.fixture
def room(home: Path, fresh_name: str) -> Iterator[Room]:
    servers = embedded.start(home)
    with connect(servers.mongodb_uri) as client:
        line = Line(servers, client, fresh_name, TopicSettings(prefix=f"{fresh_name}.", partitions=PARTITIONS))
        ensure_topics(
            servers.kafka_bootstrap_servers, line.names, topic_settings=line.topics, channels=[], retry_delays=[]
        )
        enable_pre_images(line.database)
        room = Room(line)
        yield room
        for watching in room.watchings:
            watching.stop()


def test_a_broker_frozen_for_longer_than_a_transaction_may_last_ends_nothing(home: Path, room: Room) -> None:
    line, watching = room.line, room.lead()
    written = 0
    line.products.insert_one(make_product(written))
    wait_until(lambda: len(line.events(Operation.CREATED)) == 1, 20)
    broker = embedded.status(home).kafka.pid
    assert broker is not None
    enough = threading.Timer(STANDSTILL, os.kill, (broker, signal.SIGCONT))
    os.kill(broker, signal.SIGSTOP)
    enough.start()
    try:
        while enough.is_alive():
            written += 1
            line.products.insert_one(make_product(written))
            enough.join(0.05)
    finally:
        os.kill(broker, signal.SIGCONT)
    wait_until(lambda: watching.watcher.leading, 60, "it does not lead again")
    written += 1
    line.products.insert_one(make_product(written))
    last = f"P-{written}"
    wait_until(lambda: any(event.entity_code == last for event in line.events(Operation.CREATED)), 60, "nothing flows")
    created = Counter(event.entity_code for event in line.events(Operation.CREATED))
    assert created == Counter(f"P-{number}" for number in range(written + 1))
    watching.stop()
