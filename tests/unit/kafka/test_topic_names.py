"""Names of topics are a contract with everybody who reads them."""

from __future__ import annotations

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
