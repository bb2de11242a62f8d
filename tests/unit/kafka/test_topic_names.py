"""Names of topics are a contract with everybody who reads them."""

from __future__ import annotations

import re

from consumer.events import Operation
from consumer.kafka import TopicNames


def test_names_as_everybody_knows_them() -> None:
    names = TopicNames()
    assert names.products == (
        "pim.products.created",
        "pim.products.updated",
        "pim.products.deleted",
        "pim.products.resync",
    )
    assert names.of(Operation.READ) == "pim.products.resync"
    assert names.positions == "marketsync.capture.positions"
    assert names.capture_dead_letters == "marketsync.capture.dead-letters"
    assert names.retry("ebay", 60) == "marketsync.ebay.retry.60s"
    assert names.dead_letters("ebay") == "marketsync.ebay.dead-letters"


def test_a_prefix_is_put_before_each() -> None:
    names = TopicNames("test.")
    every = [*names.products, names.positions, names.capture_dead_letters, names.retry("x", 1), names.dead_letters("x")]
    assert all(name.startswith("test.") for name in every)
    assert len(set(every)) == len(every)


def test_the_delay_of_a_retry_topic_stands_in_its_name() -> None:
    names = TopicNames("a.b-")
    assert names.delay_of("ebay", names.retry("ebay", 60)) == 60
    others = (names.retry("amazon", 60), "marketsync.ebay.retry.60s", names.retry("ebay", 60) + "s", *names.products)
    assert [names.delay_of("ebay", topic) for topic in others] == [None] * len(others)


def test_a_subscription_covers_every_retry_topic_of_its_channel_and_no_other() -> None:
    names = TopicNames("a.b-")
    subscription = names.every_retry("ebay")
    assert re.search(subscription, names.retry("ebay", 86400))
    others = (names.retry("amazon", 60), "axb-marketsync.ebay.retry.60s", "x" + names.retry("ebay", 60))
    assert not any(re.search(subscription, topic) for topic in others)
