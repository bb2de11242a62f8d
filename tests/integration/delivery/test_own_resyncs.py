"""A channel that is new, that Kafka forgot, or that missed records reads the PIM by itself, once; real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry

from consumer.control.group_book import COLLECTION, GroupBook
from consumer.control.jobs import JobState
from consumer.control.own_resyncs import Group, OwnResyncs
from consumer.delivery.assembly import group_of
from consumer.kafka.groups import committed_offsets, oldest_offsets
from consumer.metrics import control_metrics
from tests.integration.delivery.conftest import Line
from tests.integration.delivery.jobs import database_of, jobs_of, runner_of
from tests.integration.delivery.test_resync import Pim, pim
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually

__all__ = ["pim"]


class Channel:
    """The line's channel with what it does by itself. whole: tenants whose first reading is done."""

    def __init__(self, pim: Pim, whole: Sequence[str] = ("shop",)) -> None:
        self.pim, self.line = pim, pim.line
        self.registry = CollectorRegistry()
        self.metrics = control_metrics(self.registry)
        self.whole = whole

    def own(self, **runner: Any) -> OwnResyncs:
        line = self.line
        bootstrap, name = line.endpoints.kafka_bootstrap_servers, group_of(CHANNEL, line.names)
        jobs = jobs_of(line, "a process")
        ask = partial(committed_offsets, bootstrap, name, line.names.products)
        return OwnResyncs(
            Group(CHANNEL, name, lambda: bool(ask()), lambda: self.whole, partial(oldest_offsets, bootstrap)),
            GroupBook(database_of(line)[COLLECTION]),
            jobs,
            work=(self.pim.resync, runner_of(line, jobs, **runner)),
            metrics=self.metrics,
            clock=time.time,
        )

    @asynccontextmanager
    async def running(self, own: OwnResyncs | None = None) -> AsyncIterator[OwnResyncs]:
        """As in a delivery process: a look before the group is joined, then both side by side."""
        own = own or self.own()
        await own.begin()
        task = asyncio.create_task(own.run())
        try:
            yield own
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def jobs(self) -> list[tuple[str, JobState]]:
        return [(job.cause, job.state) for job in await jobs_of(self.line).recent(10)]

    async def read_whole(self, count: int) -> None:
        async def done() -> bool:
            jobs = await self.jobs()
            return len(jobs) == count and all(state is JobState.DONE for _, state in jobs)

        await eventually(done, 30, "the resync is done")

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"marketsync_control_{name}", {"channel": CHANNEL, **labels}) or 0.0


async def test_a_new_channel_reads_the_pim_once(pim: Pim) -> None:
    pim.write(["P-1", "P-2"], 7)
    channel = Channel(pim)
    async with channel.running(), pim.line.running():
        await channel.read_whole(1)
        await pim.line.shows("P-1", 7)
        await pim.line.shows("P-2", 7)
        await pim.line.settles()
    async with channel.running(), pim.line.running():
        await pim.line.settles()
    assert await channel.jobs() == [("new_group", JobState.DONE)]
    assert channel.metric("forgotten_offsets_total") == 0


async def test_what_capture_reads_for_the_first_time_is_left_to_it(pim: Pim) -> None:
    channel = Channel(pim, whole=())
    async with channel.running():
        assert await channel.jobs() == []


async def test_offsets_that_kafka_forgot_are_told_and_healed(pim: Pim) -> None:
    line, channel = pim.line, Channel(pim)
    pim.write(["P-1"], 1)
    async with channel.running(), line.running():
        await channel.read_whole(1)
        await line.shows("P-1", 1)
        await line.settles()
        book = database_of(line)[COLLECTION]
        await eventually(partial(book.find_one, {"offsets": True}), 30, "the group's offsets were seen")
    pim.products.update_one({"entity_code": "P-1", "isCurrent": True}, {"$set": {"name.it": "Trapano P-1 versione 2"}})
    admin = AdminClient({"bootstrap.servers": line.endpoints.kafka_bootstrap_servers})
    group = group_of(CHANNEL, line.names)

    async def forget() -> bool:
        """Kafka refuses while it thinks that a member is there."""
        with suppress(Exception):
            admin.delete_consumer_groups([group])[group].result(5)
        return not committed_offsets(line.endpoints.kafka_bootstrap_servers, group, line.names.products)

    await eventually(forget, 30, "the group is forgotten")
    async with channel.running(), line.running():
        await channel.read_whole(2)
        await line.shows("P-1", 2)
    assert [cause for cause, _ in await channel.jobs()] == ["offsets_forgotten", "new_group"]
    assert channel.metric("forgotten_offsets_total") == 1


async def test_records_that_were_deleted_unread_are_told_and_healed(pim: Pim) -> None:
    line, channel = pim.line, Channel(pim)
    await line.publish(*(make_event(f"P-{n}", 1) for n in range(6)))
    async with line.running():
        await line.settles()
    await line.publish(*(make_event(f"P-{n}", 2) for n in range(6)))
    pim.write([f"P-{n}" for n in range(6)], 3)
    admin = AdminClient({"bootstrap.servers": line.endpoints.kafka_bootstrap_servers})
    topic = line.names.products[1]
    ends = [TopicPartition(topic, number, -1) for number in range(3)]
    await asyncio.to_thread(lambda: [future.result(10) for future in admin.delete_records(ends).values()])
    for _ in range(2):
        async with channel.running() as own, line.running(line.make_worker(missed=own.missed)):
            # Also the second time: nothing behind the hole is committed.
            await eventually(partial(_has_met_the_hole, line), 30)
            await eventually(partial(_has_looked, own), 30)
            await channel.read_whole(1)
            for n in range(6):
                await line.shows(f"P-{n}", 3)
    assert await channel.jobs() == [("offsets_out_of_retention", JobState.DONE)]


async def test_a_resync_whose_process_ends_is_gone_on_with_by_another(pim: Pim) -> None:
    pim.write([f"P-{n}" for n in range(40)], 1)
    channel = Channel(pim)
    stopped = channel.own(rate=10)
    async with channel.running(stopped):
        await eventually(lambda: len(pim.sent()) >= 10, 30)
    sent = len(pim.sent())
    assert sent < 40
    async with channel.running():
        await channel.read_whole(1)
    assert len({record.key for record in pim.sent()}) == 41, "every product, and the marker"
    [job] = await jobs_of(pim.line).recent(10)
    assert job.counts["sent"] == 40


def _has_looked(own: OwnResyncs) -> bool:
    return not own._missed


def _has_met_the_hole(line: Line) -> bool:
    return sum(line.metric("reset_offsets_total", topic=name) for name in line.names.products) >= 3
