"""A channel that answers nothing for long, with much waiting: Kafka is polled in time, and memory stays flat."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from tests.integration.delivery.processes import Fleet
from tests.unit.delivery.making import make_event

MEGABYTE = 1024 * 1024
# Seconds without a poll that are far below what Kafka allows (five minutes), and far above what anything needs.
LATE = 10.0


@dataclass(frozen=True, slots=True)
class Outage:
    """What happens. seconds: for how long nothing is answered. growth: bytes memory may grow by meanwhile."""

    events: int
    seconds: float
    growth: int
    patience: float

    async def happen(self, fleet: Fleet) -> None:
        """Begins and ends with a channel that answers; asserts on the way."""
        fleet.start("a")
        await fleet.line.publish(make_event("P-0", 1))
        await fleet.delivering("a")
        fleet.journal.silent = True
        begin = memory(fleet)
        for first in range(1, self.events + 1, 1000):
            last = min(first + 1000, self.events + 1)
            await fleet.line.publish(*(make_event(f"P-{n}", n) for n in range(first, last)))
        await fleet.until(lambda: fleet.metric("a", "marketsync_delivery_channel_down") == 1, 60)
        most = await self._watch(fleet, time.monotonic() + self.seconds)
        assert most - begin <= self.growth, f"{(most - begin) // MEGABYTE} MB more than before"
        assert fleet.metric("a", "marketsync_delivery_longest_poll_pause_seconds") < LATE
        fleet.journal.silent = False
        expected = {f"P-{n}": n for n in range(1, self.events + 1)}
        await fleet.until(lambda: expected.items() <= fleet.journal.newest().items(), self.patience)
        await fleet.line.settles(60)

    async def _watch(self, fleet: Fleet, end: float) -> float:
        most = 0.0
        while time.monotonic() < end:
            most = max(most, memory(fleet))
            assert fleet.metric("a", "marketsync_delivery_dead_letters_total") == 0
            await asyncio.sleep(0.5)
        return most


def memory(fleet: Fleet) -> float:
    """Bytes that the process holds."""
    return fleet.metric("a", "process_resident_memory_bytes")
