"""A broker comes back without knowing of a transaction that it had let begin: capture ends it, and loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from consumer import embedded
from consumer.capture import enable_pre_images
from consumer.capture.positions import stream_key
from consumer.errors import UnavailableError
from consumer.events import Operation, ProductEvent, Sequence, encode_headers, encode_key, encode_value
from consumer.kafka import TransactionalProducer, ensure_topics, read_compacted
from consumer.mongo import connect
from consumer.settings import TopicSettings
from tests.faults.capture.verdict import held_back
from tests.faults.capture.world import Broker
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until

COMPLETE_COMMIT = 4


class Amnesia:
    """What the broker knows of transactions, and how to put it back to what it once knew."""

    def __init__(self, home: Path, aside: Path) -> None:
        self._data = home / "kafka" / "data"
        self._aside = aside
        self._broker = Broker(home)

    def remember(self, transactional_id: str) -> None:
        """Keep what is known as soon as this id's last transaction has ended, as committed."""
        wait_until(lambda: self._state(transactional_id) == COMPLETE_COMMIT, 20, "its markers are not written")
        for folder in self._data.glob("__transaction_state-*"):
            shutil.copytree(folder, self._aside / folder.name)

    def strike(self) -> None:
        """kill -9, and start again with what was kept."""
        self._broker.kill()
        for folder in self._aside.iterdir():
            shutil.rmtree(self._data / folder.name)
            shutil.copytree(folder, self._data / folder.name)
        self._broker.start()

    def _state(self, transactional_id: str) -> int:
        """The state in the id's newest record: key, the value's length, version, producer, epoch, timeout, state."""
        name = len(transactional_id).to_bytes(2) + transactional_id.encode()
        for file in self._data.glob("__transaction_state-*/*.log"):
            _, found, rest = file.read_bytes().rpartition(name)
            if found:
                value = rest[2:] if rest[0] & 0x80 else rest[1:]
                return value[16] if len(value) > 16 else -1
        return -1


@pytest.fixture
def line(home: Path, fresh_name: str) -> Iterator[Line]:
    servers = embedded.start(home)
    with connect(servers.mongodb_uri) as client:
        line = Line(servers, client, fresh_name, TopicSettings(prefix=f"{fresh_name}.", partitions=1))
        ensure_topics(
            servers.kafka_bootstrap_servers, line.names, topic_settings=line.topics, channels=[], retry_delays=[]
        )
        enable_pre_images(line.database)
        yield line
        for running in line.running:
            running.stop()


def standstill(line: Line) -> set[str]:
    """Topics that hold back readers of what is committed."""
    topics = [*line.names.products, line.names.positions]
    return {place.rpartition("/")[0] for place in held_back(line.servers.kafka_bootstrap_servers, topics)}


class Predecessor:
    """A capture that lived through it, as far as its producer goes. suffix: of its transactional id."""

    def __init__(self, line: Line, suffix: str) -> None:
        self._line = line
        self.id = f"{line.topics.prefix}marketsync-capture-pim{suffix}"
        bootstrap = line.servers.kafka_bootstrap_servers
        self.producer = TransactionalProducer(bootstrap, self.id, max_message_bytes=1_000_000, timeout=60)
        self.position = read_compacted(bootstrap, line.names.positions)[stream_key("pim")]
        self.producer.start()
        self.commit()

    def commit(self) -> None:
        """A transaction with nothing but the position."""
        self.producer.begin()
        self.produce_position()
        self.producer.commit()

    def produce(self, event: ProductEvent) -> None:
        key = encode_key(event.tenant, event.entity_code)
        self.producer.produce(self._line.names.of(event.operation), key, encode_value(event), encode_headers(event))

    def produce_position(self) -> None:
        self.producer.produce(self._line.names.positions, stream_key("pim"), self.position)


@pytest.fixture
def first(line: Line) -> ProductEvent:
    """The event of P-1, whose capture has ended in order."""
    running = line.capture()
    running.wait_until_read()
    line.products.insert_one(make_product(1))
    (event,) = line.wait_for(1)
    running.stop()
    return event


def events_of(line: Line, count: int) -> list[str]:
    """The codes of all changes that are told, each as often as it is; waits for `count`."""
    return sorted(event.entity_code for event in line.wait_for(count))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("suffix", ["", ".2", "-snapshot"])
@pytest.mark.parametrize("whole", [True, False], ids=["with its position", "events only"])
def test_what_the_broker_forgot_is_ended_and_read_again(
    line: Line, first: ProductEvent, home: Path, tmp_path: Path, *, suffix: str, whole: bool
) -> None:
    amnesia = Amnesia(home, tmp_path)
    line.products.insert_one(make_product(2))
    predecessor = Predecessor(line, suffix)
    with closing(predecessor.producer) as producer:
        amnesia.remember(predecessor.id)
        producer.begin()
        predecessor.produce(replace(first, id="forgotten", entity_code="P-2", sequence=Sequence("f" * 24)))
        if whole:
            predecessor.produce_position()
        producer.flush()
        amnesia.strike()
        with pytest.raises(UnavailableError):
            producer.abort()  # INVALID_TXN_STATE: there is nothing to abort, says the broker
    created, positions = line.names.of(Operation.CREATED), line.names.positions
    assert standstill(line) == ({created, positions} if whole else {created})
    if whole:
        with pytest.raises(UnavailableError, match="still open"):
            read_compacted(line.servers.kafka_bootstrap_servers, positions, timeout=3)
    running = line.capture()
    running.wait_until_read()
    assert events_of(line, 2) == ["P-1", "P-2"]
    line.products.insert_one(make_product(3))
    assert events_of(line, 3) == ["P-1", "P-2", "P-3"]
    assert "forgotten" not in {event.id for event in line.events()}
    assert running.metric("forgotten_transactions_total", stream="pim") == 1
    running.stop()
    assert standstill(line) == set()


@pytest.mark.timeout(180)
def test_what_was_told_to_be_committed_is_not_lost(line: Line, first: ProductEvent, home: Path, tmp_path: Path) -> None:
    """The broker answers a second time to the commit that it remembers; the position goes on without the event."""
    amnesia = Amnesia(home, tmp_path)
    predecessor = Predecessor(line, "")
    with closing(predecessor.producer) as producer:
        amnesia.remember(predecessor.id)
        producer.begin()
        predecessor.produce(replace(first, id="told", entity_code="P-2"))
        predecessor.produce_position()
        producer.flush()
        amnesia.strike()
        producer.commit()
        predecessor.commit()
    created = line.names.of(Operation.CREATED)
    wait_until(lambda: standstill(line) == {created}, 20)
    running = line.capture()
    assert events_of(line, 1) == ["P-1"]
    line.products.insert_one(make_product(3))
    assert events_of(line, 3) == ["P-1", "P-2", "P-3"]
    running.stop()
    assert standstill(line) == set()
