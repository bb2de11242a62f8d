"""Two transactional ids in turn on a real broker: as one for readers, and as one for whoever takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from consumer.embedded import Endpoints
from consumer.errors import FencedError
from consumer.kafka import TakeTurns, TopicNames, TransactionalProducer, ensure_topics
from consumer.kafka.removal import remove_installation
from consumer.settings import TopicSettings
from tests.reading import read_messages
from tests.waiting import wait_until


@pytest.fixture
def topic(servers: Endpoints, fresh_name: str) -> Iterator[str]:
    names = TopicNames(f"{fresh_name}.")
    settings = TopicSettings(prefix=names.prefix, partitions=1)
    bootstrap = servers.kafka_bootstrap_servers
    ensure_topics(bootstrap, names, topic_settings=settings, channels=[], retry_delays=[])
    yield names.products[0]
    remove_installation(bootstrap, names.prefix)


def started(servers: Endpoints, topic: str, stack: ExitStack) -> list[TransactionalProducer]:
    """Two producers that have taken over their ids."""
    found = [
        TransactionalProducer(
            servers.kafka_bootstrap_servers, f"{topic}-id{turn}", max_message_bytes=1_000_000, timeout=10
        )
        for turn in range(2)
    ]
    for producer in found:
        producer.start()
        stack.enter_context(closing(producer))
    return found


def seen(servers: Endpoints, topic: str) -> list[bytes | None]:
    """The committed values."""
    return [message.value() for message in read_messages(servers.kafka_bootstrap_servers, [topic])]


def write(turns: TakeTurns, topic: str, value: bytes) -> None:
    """A transaction of one record."""
    turns.begin()
    turns.produce(topic, b"key", value)
    turns.commit()


def test_what_is_written_in_turn_is_read_in_order(servers: Endpoints, topic: str) -> None:
    with ExitStack() as stack:
        turns = TakeTurns(started(servers, topic, stack))
        written = [b"%d" % number for number in range(20)]
        for value in written:
            write(turns, topic, value)
        wait_until(lambda: seen(servers, topic) == written, 10, "order or number are wrong")


def test_what_one_has_aborted_is_written_by_the_next(servers: Endpoints, topic: str) -> None:
    with ExitStack() as stack:
        turns = TakeTurns(started(servers, topic, stack))
        write(turns, topic, b"before")
        turns.begin()
        turns.produce(topic, b"key", b"thrown away")
        turns.abort()
        write(turns, topic, b"after")
        wait_until(lambda: seen(servers, topic) == [b"before", b"after"], 10)


@pytest.mark.parametrize("transactions", [0, 1], ids=["the second's turn", "the first's turn"])
def test_a_predecessor_ends_nothing_once_both_ids_are_taken(servers: Endpoints, topic: str, transactions: int) -> None:
    with ExitStack() as stack:
        zombie = TakeTurns(started(servers, topic, stack))
        for number in range(transactions):
            write(zombie, topic, b"%d" % number)
        zombie.begin()
        zombie.produce(topic, b"key", b"of the zombie")
        successor = TakeTurns(started(servers, topic, stack))
        found = seen(servers, topic)
        with pytest.raises(FencedError):
            zombie.commit()
        write(successor, topic, b"of the successor")
        wait_until(lambda: seen(servers, topic) == [*found, b"of the successor"], 10)
