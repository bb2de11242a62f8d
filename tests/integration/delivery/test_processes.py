"""Processes come, stop, die and freeze: nothing is lost or turns back, and what may have been sent twice is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.delivery.conftest import Line
from tests.integration.delivery.journal import Journal
from tests.integration.delivery.outage import MEGABYTE, Outage
from tests.integration.delivery.processes import Fleet, fleet_of
from tests.integration.delivery.writing import PRODUCTS, Writer, ends_with_the_newest, repeats, told
from tests.unit.delivery.making import make_event


@pytest_asyncio.fixture
async def fleet(line: Line, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_of(line, Journal(latency=0.05), tmp_path, batch_size=3) as fleet:
        yield fleet


async def test_processes_added_stopped_killed_and_frozen(fleet: Fleet) -> None:
    writer = Writer(fleet.line)
    writing = asyncio.create_task(writer.run())
    fleet.start("a")
    await fleet.delivering("a")
    fleet.start("b")
    await fleet.delivering("a", "b")
    assert await fleet.stop("a") == 0
    await fleet.delivering("b")
    fleet.start("a")
    await fleet.delivering("a", "b")
    await fleet.kill("b")
    fleet.start("b")
    await fleet.delivering("a", "b")
    # Frozen for longer than the session may last: the other one takes over all partitions.
    fleet.signal("a", signal.SIGSTOP)
    await fleet.until(lambda: fleet.owned("b") == 18, 40)
    await fleet.delivering("b")
    fleet.signal("a", signal.SIGCONT)
    await fleet.delivering("a", "b")
    writer.stop()
    await writing
    await ends_with_the_newest(fleet, writer.newest)
    # Killed and frozen once each, with at most 8 calls of 3 listings in flight.
    assert repeats(fleet) <= told(fleet) + 24
    assert repeats(fleet) <= 2 * 24


async def test_a_process_that_was_killed_in_the_middle_of_calls_repeats_those_and_says_how_many(fleet: Fleet) -> None:
    fleet.journal.silent = True
    await fleet.line.publish(*(make_event(f"P-{n}", n) for n in range(1, PRODUCTS + 1)))
    fleet.start("a")
    await fleet.until(lambda: len(fleet.journal.arrivals) >= 24, 40)
    await fleet.kill("a")
    begun = len(fleet.journal.arrivals)
    fleet.journal.silent = False
    fleet.start("a")
    await fleet.until(lambda: len(fleet.journal.newest()) == PRODUCTS, 40)
    await fleet.line.settles()
    assert len(fleet.journal.arrivals) == PRODUCTS + begun
    # What was intended counts: calls that were planned and not begun may have been made, as far as anybody can know.
    assert begun <= told(fleet) <= PRODUCTS


async def test_while_a_channel_answers_nothing_kafka_is_polled_in_time_and_memory_stays_flat(fleet: Fleet) -> None:
    """The short version of a ten-minute outage, which is tried with the long faults."""
    fleet.batch_size = 25
    fleet.variables = {"MARKETSYNC_DELIVERY_OUTAGE_CEILING": "1", "MARKETSYNC_DELIVERY_MAX_WAITING": "500"}
    await Outage(events=4000, seconds=8, growth=120 * MEGABYTE, patience=60).happen(fleet)
