"""Lag counts records, not offsets; removal takes what begins with the prefix and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not in its __all__

from consumer.embedded import Endpoints
from consumer.kafka.lag import group_lag
from consumer.kafka.removal import remove_installation


@pytest.fixture
def bootstrap(servers: Endpoints) -> str:
    return servers.kafka_bootstrap_servers


@pytest.fixture
def topic(bootstrap: str, fresh_name: str) -> Iterator[str]:
    """A topic with two partitions."""
    name = f"{fresh_name}.products"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])[name].result(20)
    yield name
    remove_installation(bootstrap, fresh_name)


def publish(bootstrap: str, topic: str, count: int) -> None:
    """Each record in a transaction of its own: a marker after each."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic})
    producer.init_transactions(20)
    for number in range(count):
        producer.begin_transaction()
        producer.produce(topic, b"value", partition=number % 2)
        producer.commit_transaction(20)


def commit(bootstrap: str, group: str, topic: str, offsets: tuple[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    places = [TopicPartition(topic, partition, offset) for partition, offset in enumerate(offsets)]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def test_markers_of_transactions_are_no_lag(bootstrap: str, topic: str) -> None:
    publish(bootstrap, topic, 10)
    (never,) = group_lag(bootstrap, topic, [topic])
    assert (never.records, never.exact, never.started) == (10, True, False)
    # Five records and five markers in each partition; the last record has offset 8.
    commit(bootstrap, topic, topic, (9, 9))
    (done,) = group_lag(bootstrap, topic, [topic])
    assert (done.records, done.exact, done.started) == (0, True, True)
    commit(bootstrap, topic, topic, (9, 4))
    (behind,) = group_lag(bootstrap, topic, [topic])
    assert (behind.records, behind.exact) == (3, True)


def test_a_long_gap_is_told_by_its_offsets(bootstrap: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(1000):
        producer.produce(topic, b"value", partition=0)
    assert producer.flush(20) == 0
    (lag,) = group_lag(bootstrap, topic, [topic, "no-such-topic"])
    assert (lag.records, lag.exact) == (1000, False)


def test_removal_spares_what_belongs_to_others(bootstrap: str, topic: str, fresh_name: str) -> None:
    other = f"other-{fresh_name}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(other, num_partitions=1, replication_factor=1)])[other].result(20)
    commit(bootstrap, f"{fresh_name}.group", topic, (0, 0))
    assert set(remove_installation(bootstrap, fresh_name)) == {topic, f"{fresh_name}.group"}
    left = admin.list_topics(timeout=10).topics
    assert other in left
    assert topic not in left
    remove_installation(bootstrap, other)
    with pytest.raises(ValueError, match="empty prefix"):
        remove_installation(bootstrap, "")
