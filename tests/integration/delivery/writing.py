"""Product after product changes while processes come and go, and what must hold at the end."""

from __future__ import annotations

import asyncio

from tests.integration.delivery.conftest import Line
from tests.integration.delivery.processes import Fleet
from tests.unit.delivery.making import make_event

PRODUCTS = 60


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
    """Every listing shows its newest state and no call with an older one began after a call with a newer one.

    What counts is when calls began: one that was on its way while its process was frozen may land late, and what it
    spoiled has been put right at the end.
    """
    await fleet.until(lambda: fleet.journal.newest() == newest, deadline)
    await fleet.line.settles()
    assert fleet.journal.newest() == newest
    for code in newest:
        versions = fleet.journal.begun(code)
        assert versions == sorted(versions), f"{code}: {versions}"


def repeats(fleet: Fleet) -> int:
    """Calls that brought a state a second time."""
    all_versions = [fleet.journal.versions(sku) for sku in fleet.journal.newest()]
    return sum(len(versions) - len(set(versions)) for versions in all_versions)


def told(fleet: Fleet) -> float:
    """Repeated sends as the processes tell it."""
    return sum(fleet.metric(replica, "marketsync_delivery_repeated_sends_total") for replica in fleet.running)
