"""Kafka goes and comes while people write: capture waits, leads again by itself, and tells every change once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient

from consumer.events import SNAPSHOT_COMPLETED_TYPE as MARKER
from consumer.events import Operation
from consumer.kafka import TopicNames
from tests.acceptance.kafka_reader import read_all
from tests.faults.capture.conftest import MakeWorld
from tests.faults.capture.faults import pause
from tests.faults.capture.load import writing
from tests.faults.capture.verdict import every_change_is_there_once, the_newest_state_is_that_of_the_pim
from tests.faults.capture.world import World
from tests.waiting import wait_until

OUTAGE = 60.0


def for_a_minute(world: World) -> None:
    """Ten times as long as a transaction may be open."""
    world.broker.kill()
    pause(OUTAGE)
    world.broker.start()


def in_the_middle_of_transactions(world: World) -> None:
    """Killed and shut down by turns, each time while transactions are open."""
    for down in (world.broker.kill, world.broker.shut_down, world.broker.kill, world.broker.shut_down):
        down()
        world.broker.start()
        world.caught_up(90)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("outage", [for_a_minute, in_the_middle_of_transactions])
def test_an_outage_of_kafka_loses_and_doubles_nothing(make_world: MakeWorld, outage: Callable[[World], None]) -> None:
    world = make_world()
    with writing(world.installation.products, seed=8) as written:
        pause(3)
        outage(world)
        pause(3)
    world.caught_up(120)
    assert [running.output()[-2000:] for keeper in world.keepers for running in keeper.unasked()] == []
    assert world.close() == []
    names = TopicNames(world.installation.prefix)
    events = every_change_is_there_once(world.installation.servers.kafka_bootstrap_servers, names, written)
    the_newest_state_is_that_of_the_pim(events, world.installation.products)


@pytest.mark.timeout(300)
def test_a_topic_that_is_deleted_stops_the_stream_in_words_until_it_is_there_again(make_world: MakeWorld) -> None:
    world = make_world()
    products = world.installation.products
    names = TopicNames(world.installation.prefix)
    bootstrap = world.installation.servers.kafka_bootstrap_servers
    products.insert_one({"_id": 1, "entity_code": "P-1", "isCurrent": True, "write": 0})
    world.caught_up(60)
    gone = names.of(Operation.UPDATED)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([gone], operation_timeout=20)[gone].result(20)
    products.update_one({"_id": 1}, {"$set": {"write": 1}})
    words = f"Not all topics exist ({gone}). Create them with `marketsync init`."
    wait_until(lambda: any(words in keeper.output() for keeper in world.keepers), 60, "it does not say so")
    world.installation.initialise()
    world.caught_up(60)
    assert [keeper.unasked() for keeper in world.keepers] == [[], []]
    assert world.close() == []
    seen = [record.event for record in read_all(bootstrap, names.products) if record.headers["ce_type"] != MARKER]
    told = sorted((event.operation, (event.product or {})["write"]) for event in seen)
    assert told == [(Operation.CREATED, 0), (Operation.UPDATED, 1)]
