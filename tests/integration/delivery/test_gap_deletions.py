"""What was deleted while nobody watched is found by the reading afterwards: withdrawn, or held if it is much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from consumer.capture import Capture, enable_pre_images
from consumer.capture.forget import forget_progress
from consumer.delivery.judging import EMPTY
from consumer.listings.held import HeldStore, OwedGroup, Which
from consumer.listings.owed import Cause
from consumer.metrics import capture_metrics
from consumer.mongo.pim import PRODUCTS
from consumer.settings import CaptureSettings, TopicSettings
from tests.integration.capture.conftest import Running
from tests.integration.delivery.conftest import SETTINGS, TOPICS, Line
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually

CODES = [f"P-{number}" for number in range(1, 11)]
CAPTURE = CaptureSettings(max_await=0.1, idle_position=0.1, transaction_timeout=10, deletion_grace=0.2)


@asynccontextmanager
async def capturing(line: Line) -> AsyncIterator[None]:
    """A capture that lost its history: it begins now, and reads every product of the tenant."""
    topics = TopicSettings(prefix=line.names.prefix, partitions=TOPICS.partitions)
    kafka = line.endpoints.kafka_bootstrap_servers
    await asyncio.to_thread(forget_progress, kafka, settings=CAPTURE, topics=topics)
    registry = CollectorRegistry()
    metrics = capture_metrics(registry)
    tenants = {"shop": line.pim.name}
    capture = Capture(line.pim.client, kafka, tenants=tenants, settings=CAPTURE, topics=topics, metrics=metrics)
    running = Running(capture, registry)
    running.start()
    try:
        await asyncio.to_thread(running.wait_until_leading)
        await asyncio.to_thread(running.wait_until_read)
        yield
    finally:
        await asyncio.to_thread(running.stop)


def live(line: Line) -> set[str]:
    """What a buyer sees."""
    return {code for code in CODES if line.title(code) is not None}


async def held(line: Line) -> list[OwedGroup]:
    """What waits for a person."""
    return await HeldStore(line.store._collection, line.owed.brakes).groups(Which(CHANNEL), Cause.HELD)


async def wait_until_held(line: Line, count: int) -> OwedGroup:
    async def enough() -> bool:
        return sum(group.count for group in await held(line)) == count

    await eventually(enough, 30, f"{count} held listings")
    [group] = await held(line)
    return group


@pytest.mark.timeout(120)
async def test_what_a_gap_hid_is_withdrawn_and_a_mass_of_it_waits_for_a_person(line: Line) -> None:
    line.settings = SETTINGS.model_copy(update={"withdrawals": 1, "withdrawals_share": 0.2})
    await asyncio.to_thread(enable_pre_images, line.pim)
    line.keep(*((code, 1) for code in CODES))
    async with line.running():
        async with capturing(line):
            await eventually(lambda: live(line) == set(CODES), 30)

        line.pim[PRODUCTS].delete_one({"entity_code": "P-1"})
        async with capturing(line):
            await eventually(lambda: live(line) == set(CODES[1:]), 30)
        calls = line.channel.calls

        line.pim[PRODUCTS].delete_many({"entity_code": {"$in": CODES[1:5]}})
        async with capturing(line):
            group = await wait_until_held(line, 4)
        assert "5 of 10 listings have no product any more" in group.words, "the one that passed counts too"
        assert live(line) == set(CODES[1:])
        assert line.channel.calls == calls
        labels = {"account": "shop/default", "cause": "held"}
        await eventually(lambda: line.metric("owed_listings", **labels) == 4, 15)

        assert await HeldStore(line.store._collection, line.owed.brakes).release(Which(CHANNEL)) == 4
        await eventually(lambda: live(line) == set(CODES[5:]), 30)
        assert await held(line) == []


@pytest.mark.timeout(120)
async def test_an_empty_or_missing_catalogue_withdraws_nothing(line: Line) -> None:
    await line.publish(*(make_event(code, 1) for code in CODES))
    async with line.running():
        await eventually(lambda: live(line) == set(CODES), 30)
        # All that is asked of the PIM while its products are dropped.
        await line.owed.pauses.pause(CHANNEL, None, "a move")
        await eventually(lambda: line.metric("paused", account="shop/default") == 1, 10)
        await line.publish(*(make_event(code, 2) for code in CODES))
        await line.settles()
        line.pim.drop_collection(PRODUCTS)
        await line.owed.pauses.resume(CHANNEL, None)
        group = await wait_until_held(line, len(CODES))
        assert group.words == EMPTY
        assert live(line) == set(CODES)
        assert await HeldStore(line.store._collection, line.owed.brakes).drop(Which(CHANNEL)) == len(CODES)
        # An empty one is told from one that was never there: a reading of it ends without a marker.
        line.pim.create_collection(PRODUCTS)
        async with capturing(line):
            await line.settles()
    assert live(line) == set(CODES)
    assert await held(line) == []
    assert {version for code in CODES for version in line.versions(code)} == {1}
