from __future__ import annotations

from dataclasses import replace

from confluent_kafka import Consumer

from consumer.kafka.membership import Membership, consumer_config

CLASSIC = Membership("127.0.0.1:1", "group", ("topic",), "replica-1", session_timeout=45, drain=20)


def test_with_the_classic_protocol_a_replica_keeps_its_name_and_the_client_the_time() -> None:
    config = consumer_config(CLASSIC)
    assert (config["group.instance.id"], config["session.timeout.ms"]) == ("replica-1", 45_000)
    assert config["partition.assignment.strategy"] == "range"


def test_with_kip_848_both_are_the_brokers_and_products_stay_together_all_the_same() -> None:
    config = consumer_config(replace(CLASSIC, protocol="consumer"))
    assert "group.instance.id" not in config
    assert "session.timeout.ms" not in config
    assert config["group.remote.assignor"] == "range"


def test_kafkas_client_takes_the_settings_of_both() -> None:
    for membership in (CLASSIC, replace(CLASSIC, protocol="consumer")):
        Consumer(consumer_config(membership)).close()


def test_a_drain_as_long_as_it_may_be_does_not_cost_the_partitions() -> None:
    config = consumer_config(replace(CLASSIC, drain=1000))
    assert config["max.poll.interval.ms"] >= 2_000_000
