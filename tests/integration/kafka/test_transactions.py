"""Transactions that end badly on a real broker: nothing of them is seen, and what to do next is told apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # the stub forgets them

from consumer.embedded import Endpoints
from consumer.errors import FencedError, UnavailableError
from consumer.kafka import TransactionalProducer, ensure_topics
from consumer.kafka.removal import remove_installation
from consumer.kafka.topics import TopicNames
from consumer.settings import TopicSettings
from tests.reading import read_messages
from tests.topic_settings import set_of_topic
from tests.waiting import wait_until

Make = Callable[..., TransactionalProducer]


@pytest.fixture
def topic(servers: Endpoints, fresh_name: str) -> Iterator[str]:
    names = TopicNames(f"{fresh_name}.")
    settings = TopicSettings(prefix=names.prefix, partitions=1)
    bootstrap = servers.kafka_bootstrap_servers
    ensure_topics(bootstrap, names, topic_settings=settings, channels=[], retry_delays=[])
    yield names.products[0]
    remove_installation(bootstrap, names.prefix)


@pytest.fixture
def make(servers: Endpoints, topic: str) -> Iterator[Make]:
    """Makes producers with the same transactional id, each fencing the one before."""
    made: list[TransactionalProducer] = []

    def make(*, timeout: float = 10) -> TransactionalProducer:
        producer = TransactionalProducer(
            servers.kafka_bootstrap_servers, f"{topic}-id", max_message_bytes=10_000_000, timeout=timeout
        )
        producer.start()
        made.append(producer)
        return producer

    yield make
    for producer in made:
        producer.close()


def seen(servers: Endpoints, topic: str) -> list[object]:
    """The committed values."""
    return [message.value() for message in read_messages(servers.kafka_bootstrap_servers, [topic])]


def ends(servers: Endpoints, topic: str) -> tuple[int, int]:
    """The topic's end for readers of everything, and for readers of what is committed."""
    admin = AdminClient({"bootstrap.servers": servers.kafka_bootstrap_servers})
    found = []
    for isolation in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED):
        newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
        place = TopicPartition(topic, 0)
        found.append(admin.list_offsets({place: newest}, isolation_level=isolation)[place].result(10).offset)
    return found[0], found[1]


def test_a_transaction_that_was_open_for_too_long_is_fenced(servers: Endpoints, topic: str, make: Make) -> None:
    make()  # waits until a broker that has just started knows its transactions
    slow = make(timeout=1.5)
    slow.begin()
    slow.produce(topic, b"key", b"too late")
    # The broker appends the marker of its abort behind the record.
    wait_until(lambda: ends(servers, topic) == (2, 2), 20, "the broker does not abort it")
    with pytest.raises(FencedError, match="open for too long"):
        slow.commit()
    with pytest.raises(FencedError):
        slow.begin()

    again = make()
    again.begin()
    again.produce(topic, b"key", b"in time")
    again.commit()
    assert seen(servers, topic) == [b"in time"]


def test_a_second_producer_throws_the_first_one_out(servers: Endpoints, topic: str, make: Make) -> None:
    first = make()
    first.begin()
    first.produce(topic, b"key", b"first")
    wait_until(lambda: ends(servers, topic)[0] == 1, 10)
    second = make()
    second.begin()
    second.produce(topic, b"key", b"second")
    second.commit()
    with pytest.raises(FencedError, match="taken over"):
        first.commit()
    assert seen(servers, topic) == [b"second"]


def test_a_topic_that_takes_less_than_it_did_is_told_so(servers: Endpoints, topic: str, make: Make) -> None:
    producer = make()
    producer.begin()
    set_of_topic(servers.kafka_bootstrap_servers, topic, "max.message.bytes", "100000")
    producer.produce(topic, b"key", b"small")
    producer.produce(topic, b"key", os.urandom(200_000))
    with pytest.raises(UnavailableError, match=r"Kafka did not take what was written.*Message size too large"):
        producer.commit()
    again = make()
    again.begin()
    again.produce(topic, b"key", b"after")
    again.commit()
    assert seen(servers, topic) == [b"after"]
