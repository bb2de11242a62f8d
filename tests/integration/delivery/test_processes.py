"""Processes come, stop, die and freeze: nothing is lost or turns back, and what may have been sent twice is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.delivery.conftest import Line
from tests.integration.delivery.journal import Journal
from tests.integration.delivery.processes import Fleet
from tests.unit.delivery.making import make_event

PRODUCTS = 60


@pytest_asyncio.fixture
async def fleet(line: Line, tmp_path: Path) -> AsyncIterator[Fleet]:
    journal = Journal(latency=0.05)
    fleet = Fleet(line, journal, tmp_path, batch_size=3)
    async with journal.serving():
        try:
            yield fleet
        finally:
            fleet.end()


class Writer:
    """Writes version after version of the products, until it is told to stop."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._stop = asyncio.Event()
        self.newest: dict[str, int] = {}

    async def run(self) -> None:
        number = 0
        while not self._stop.is_set():
            codes = [f"P-{(number + step) % PRODUCTS}" for step in range(20)]
            events = [make_event(code, number + step + 1) for step, code in enumerate(codes)]
            await self._line.publish(*events)
            self.newest |= {code: number + step + 1 for step, code in enumerate(codes)}
            number += 20
            await asyncio.sleep(0.1)

    def stop(self) -> None:
        self._stop.set()


async def ends_with_the_newest(fleet: Fleet, newest: dict[str, int], deadline: float = 60) -> None:
    """Every listing shows its newest state and never showed an older one after a newer one."""
    await fleet.until(lambda: fleet.journal.newest() == newest, deadline)
    await fleet.line.settles()
    for code in newest:
        versions = fleet.journal.versions(code)
        assert versions == sorted(versions), code


def repeats(fleet: Fleet) -> int:
    """Calls that brought a state a second time."""
    all_versions = [fleet.journal.versions(sku) for sku in fleet.journal.newest()]
    return sum(len(versions) - len(set(versions)) for versions in all_versions)


def told(fleet: Fleet) -> float:
    """Repeated sends as the processes tell it."""
    return sum(fleet.metric(replica, "marketsync_delivery_repeated_sends_total") for replica in fleet.running)


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


async def test_with_kip_848_two_processes_share_and_one_that_stops_leaves_its_part_to_the_other(fleet: Fleet) -> None:
    fleet.variables["MARKETSYNC_DELIVERY_GROUP_PROTOCOL"] = "consumer"
    writer = Writer(fleet.line)
    writing = asyncio.create_task(writer.run())
    fleet.start("a")
    await fleet.delivering("a")
    fleet.start("b")
    await fleet.delivering("a", "b")
    assert await fleet.stop("a") == 0
    await fleet.delivering("b")
    writer.stop()
    await writing
    await ends_with_the_newest(fleet, writer.newest)
    assert repeats(fleet) == 0
