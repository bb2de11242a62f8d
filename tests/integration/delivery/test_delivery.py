"""What goes right: events in, listings out, in order, once; stop, restart and rebalance on the way."""

from __future__ import annotations

import asyncio
import random

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from adapters.memory import MemoryAdapter
from consumer.errors import FencedError
from consumer.events import Operation
from consumer.listings.state import Status
from tests.integration.delivery.conftest import SETTINGS, TOPICS, Line
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually


def slow_channel(seconds: float, batch_size: int = 25) -> MemoryAdapter:
    """A channel that takes its time."""
    return MemoryAdapter(CHANNEL, batch_size, latency=lambda: asyncio.sleep(seconds))


async def test_events_become_listings(line: Line) -> None:
    await line.publish(
        make_event("P-1", 1, Operation.CREATED),
        make_event("P-2", 2, Operation.READ),
        make_event("P-3", 3, Operation.UPDATED),
    )
    async with line.running():
        await line.shows("P-1", 1)
        await line.shows("P-2", 2)
        await line.shows("P-3", 3)
        await line.publish(make_event("P-1", 4), make_event("P-2", 5, Operation.DELETED))
        await line.shows("P-1", 4)
        await line.settles()
    assert line.title("P-2") is None
    state = await line.state("P-1")
    assert state is not None
    assert state.status is Status.LIVE
    assert line.metric("outcomes_total", account="shop/default", operation="create", outcome="accepted") == 3
    assert line.metric("write_to_channel_seconds_count", account="shop/default") == 5


async def test_many_versions_of_many_products_end_with_the_newest_and_never_go_back(line: Line) -> None:
    rng = random.Random(7)
    line.channels["default"] = slow_channel(0.005, batch_size=5)
    versions = [(f"P-{rng.randint(1, 20)}", number) for number in range(1, 601)]
    async with line.running():
        for place in range(0, len(versions), 50):
            kinds = rng.choices((Operation.UPDATED, Operation.CREATED, Operation.READ), k=50)
            events = [make_event(c, n, kind) for (c, n), kind in zip(versions[place : place + 50], kinds, strict=False)]
            await line.publish(*events)
        for code, newest in dict(versions).items():
            await line.shows(code, newest)
        await line.settles()
    for code in dict(versions):
        assert line.versions(code) == sorted(set(line.versions(code)))
    saved = line.metric("superseded_total", account="shop/default")
    assert saved + len(line.channel.journal) == len(versions)


async def test_a_restart_sends_nothing_again(line: Line) -> None:
    await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 41)))
    async with line.running():
        await line.settles()
    sent = len(line.channel.journal)
    assert sent == 40
    await line.publish(make_event("P-1", 41, name={"it": "Trapano P-1 versione 1"}, pricing=..., quantity=1))
    async with line.running():
        await line.settles()
    assert line.lag() == 0
    assert len(line.channel.journal) == sent


async def test_stopping_lets_calls_in_flight_end_and_commits_them(line: Line) -> None:
    line.channels["default"] = slow_channel(0.5)
    await line.publish(make_event("P-1", 1))
    worker = line.make_worker()
    async with line.running(worker):
        await eventually(lambda: line.channel.calls > 0, 10)
        worker.stop()
    assert line.channel.calls == 1
    assert line.title("P-1") == "Trapano P-1 versione 1"
    assert line.lag() == 0
    state = await line.state("P-1")
    assert state is not None
    assert (state.status, state.intent) == (Status.LIVE, None)


async def test_a_crash_in_the_middle_loses_nothing_and_turns_nothing_back(line: Line) -> None:
    """Cancelling stops the worker anywhere: nothing is drained, stored or committed after that."""
    line.channels["default"] = slow_channel(0.03, batch_size=3)
    newest = {}
    for number in range(1, 301):
        newest[f"P-{number % 30}"] = number
        await line.publish(make_event(f"P-{number % 30}", number))
        if number % 100 == 0:
            before = line.channel.calls
            crashing = asyncio.create_task(line.make_worker().run())
            await eventually(lambda before=before: line.channel.calls >= before + 4, 20)  # type: ignore[misc]
            crashing.cancel()
            await asyncio.wait([crashing])
    async with line.running():
        for code, number in newest.items():
            await line.shows(code, number)
        await line.settles()
    for code in newest:
        assert line.versions(code) == sorted(line.versions(code))


async def test_partitions_move_between_processes_without_loss_or_turning_back(line: Line) -> None:
    line.channels["default"] = slow_channel(0.01, batch_size=2)
    second = line.make_worker(SETTINGS.model_copy(update={"replica": "second"}))
    newest = {}
    async with line.running():
        joined = asyncio.create_task(second.run())
        for number in range(1, 301):
            newest[f"P-{number % 40}"] = number
            await line.publish(make_event(f"P-{number % 40}", number))
        await eventually(lambda: second.unready() == [], 20)
        second.stop()
        await joined
        # A static member's partitions wait for it; it comes back under its name.
        async with line.running(line.make_worker(SETTINGS.model_copy(update={"replica": "second"}))):
            for code, number in newest.items():
                await line.shows(code, number)
            await line.settles()
    for code in newest:
        assert line.versions(code) == sorted(set(line.versions(code)))


async def test_a_flood_in_the_background_stays_bounded_and_lets_live_changes_pass(line: Line) -> None:
    line.settings = SETTINGS.model_copy(update={"max_waiting": 100})
    line.channels["default"] = slow_channel(0.02, batch_size=5)
    await line.publish(*(make_event(f"P-{n}", n, Operation.READ) for n in range(1, 1501)))
    worker = line.make_worker()
    slots = worker.parts.core.slots
    rested, most = 0, 0
    async with line.running(worker):
        await eventually(lambda: slots.waiting_background >= 50, 20)
        await line.publish(make_event("P-9999", 9999))
        while line.title("P-9999") is None:
            most = max(most, slots.waiting)
            await asyncio.sleep(0)
        overtaken = sum(line.title(f"P-{n}") is None for n in range(1, 1501))
        while not all(line.title(f"P-{n}") for n in range(1, 1501)):
            most = max(most, slots.waiting)
            rested = max(rested, len(worker.parts.core.resting))
            await asyncio.sleep(0.001)
        await line.settles()
    assert overtaken > 500
    assert 0 < rested <= TOPICS.partitions
    # So much may be on its way from Kafka when the partitions begin to rest.
    assert most <= 100 + 750


async def test_two_processes_with_one_name_are_told_apart(line: Line) -> None:
    first = line.make_worker()
    running = asyncio.create_task(first.run())
    await eventually(lambda: first.unready() == [], 20)
    second = line.make_worker()
    async with line.running(second):
        with pytest.raises(FencedError, match="MARKETSYNC_DELIVERY_REPLICA"):
            await asyncio.wait_for(running, 20)


async def test_offsets_that_fell_out_of_retention_are_an_alarm(line: Line) -> None:
    await line.publish(*(make_event("P-1", number) for number in range(1, 6)))
    async with line.running():
        await line.settles()
    await line.publish(*(make_event("P-1", number) for number in range(6, 11)))
    topic = line.names.of(Operation.UPDATED)
    await asyncio.to_thread(_delete_all_records, line.endpoints.kafka_bootstrap_servers, topic)
    async with line.running():
        await eventually(lambda: line.metric("reset_offsets_total", topic=topic) == 1, 20)
        await line.publish(make_event("P-1", 11))
        await line.shows("P-1", 11)
        await line.settles()


async def test_what_concerns_no_account_is_finished_and_counted(line: Line) -> None:
    await line.publish(make_event("P-1", 1, tenant="stranger"))
    async with line.running():
        await line.settles()
        assert line.metric("ignored_total", reason="no_account") == 1
    assert not line.channel.journal


async def test_a_dry_run_calls_nothing(line: Line) -> None:
    line.modes = {"default": "dry-run"}
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.settles()
    assert line.channel.calls == 0
    state = await line.state("P-1")
    assert state is not None
    assert state.status is Status.DRY_RUN


async def test_every_account_of_a_tenant_gets_the_product(line: Line) -> None:
    line.channels = {"default": MemoryAdapter(CHANNEL), "outlet": MemoryAdapter(CHANNEL)}
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1, "default")
        await line.shows("P-1", 1, "outlet")
        await line.settles()


def _delete_all_records(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
    ends = [TopicPartition(topic, partition, -1) for partition in partitions]
    for future in admin.delete_records(ends).values():
        future.result(10)
