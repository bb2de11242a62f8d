"""Transactions that Kafka refuses while capture runs: what was in them is read again, and told once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from consumer.events import Operation
from tests.integration.capture.conftest import Line, make_product
from tests.topic_settings import set_of_topic

SMALL = 100_000


def noise(size: int) -> str:
    """Text that no compression makes much smaller."""
    return os.urandom(size // 2).hex()


def limit(line: Line, size: int) -> None:
    """The broker takes no larger record in the topics of products, as where ours were made by somebody else."""
    for topic in line.names.products:
        set_of_topic(line.servers.kafka_bootstrap_servers, topic, "max.message.bytes", str(size))


def test_a_product_that_a_topic_does_not_take_any_more_is_a_dead_letter_and_the_rest_comes_once(line: Line) -> None:
    running = line.capture()
    running.wait_until_read()
    line.products.insert_one(make_product(0, description=noise(2 * SMALL)))
    line.wait_for(1)
    limit(line, SMALL)
    line.products.insert_many([make_product(number) for number in range(1, 50)])
    line.products.update_one({"_id": 0}, {"$set": {"description": noise(2 * SMALL)}})
    line.products.update_many({"_id": {"$gt": 0}}, {"$set": {"quantity": 1000}})
    found = line.wait_for(1 + 49 + 49, deadline=30)
    assert len({event.id for event in found}) == len(found)
    (letter,) = line.dead_letters()
    value = json.loads(letter.value())
    assert (value["reason"], value["entity_code"]) == ("too_large", "P-0")
    assert "Kafka takes" in value["message"]
    assert running.metric("reconnects_total", reason="takeover") >= 1, "the refused transaction is read again"
    assert running.metric("events_total", operation="updated") == 49
    assert running.failure is None


def test_a_broker_that_takes_little_gets_requests_that_small(make_line: Callable[..., Line], fresh_name: str) -> None:
    line = make_line(fresh_name)
    limit(line, SMALL)
    running = line.capture()
    line.products.insert_many([make_product(number, description=noise(20_000)) for number in range(200)])
    found = line.wait_for(200, Operation.CREATED, deadline=30)
    assert sorted(event.sequence for event in found) == sorted({event.sequence for event in found})
    assert running.metric("reconnects_total", reason="takeover") == 0
    assert line.dead_letters() == []
