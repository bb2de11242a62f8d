"""A group's offsets set back with Kafka's own means: what was delivered is read again, and nothing goes backwards."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.delivery.assembly import group_of
from consumer.kafka.groups import committed_offsets
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually


def set_back(line: Line) -> bool:
    """As `kafka-consumer-groups --reset-offsets --to-earliest` does; Kafka refuses while somebody is in the group."""
    bootstrap, group = line.endpoints.kafka_bootstrap_servers, group_of(CHANNEL, line.names)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    places = [TopicPartition(*place, 0) for place in committed_offsets(bootstrap, group, line.names.products)]
    with suppress(Exception):
        asked = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])
        asked[group].result(10)
    return set(committed_offsets(bootstrap, group, line.names.products).values()) == {0}


async def test_equal_states_are_quiet_unless_the_listings_are_put_in_doubt_first(line: Line) -> None:
    await line.publish(make_event("P-1", 1), make_event("P-1", 2), make_event("P-2", 1), make_event("P-3", 1))
    async with line.running():
        await line.shows("P-1", 2)
        await line.settles()
    before = line.channel.calls
    await eventually(partial(asyncio.to_thread, set_back, line), 30)
    async with line.running():
        await line.settles()
    assert line.channel.calls == before
    assert await line.store.distrust(CHANNEL, ["shop"]) == 3
    await eventually(partial(asyncio.to_thread, set_back, line), 30)
    async with line.running():
        await line.settles()
    versions = [line.versions(code)[-1] for code in ("P-1", "P-2", "P-3")]
    assert versions == [2, 1, 1]
    assert line.versions("P-1") == sorted(line.versions("P-1"))
    assert line.channel.calls > before
    assert await line.store.distrust(CHANNEL, ["shop"], account="other") == 0
