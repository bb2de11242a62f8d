"""Two minutes of processes that come, stop, die and freeze in any order, while products change."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time

import pytest

from tests.integration.delivery.processes import Fleet
from tests.integration.delivery.writing import Writer, ends_with_the_newest, repeats, told

_SECONDS = 120.0
_REPLICAS = ("a", "b", "c")
# Calls of one process in flight, times their listings.
_IN_FLIGHT = 8 * 3


@pytest.mark.timeout(_SECONDS + 300)
async def test_nothing_is_lost_or_turns_back_and_only_calls_in_flight_are_repeated(fleet: Fleet) -> None:
    seed = int(time.time())
    sys.stdout.write(f"\nseed {seed}\n")
    rng = random.Random(seed)
    writer = Writer(fleet.line)
    writing = asyncio.create_task(writer.run())
    counted, accidents = 0.0, 0
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        for replica in _REPLICAS:
            if replica not in fleet.running:
                fleet.start(replica)
        await fleet.delivering(*_REPLICAS, deadline=90)
        replica = rng.choice(_REPLICAS)
        what = rng.choice(("stop", "kill", "freeze"))
        if what == "freeze":
            fleet.signal(replica, signal.SIGSTOP)
            await asyncio.sleep(rng.uniform(1, 15))  # around the session's timeout, 6 s
            fleet.signal(replica, signal.SIGCONT)
        else:
            counted += fleet.metric(replica, "marketsync_delivery_repeated_sends_total")
            await (fleet.stop(replica) if what == "stop" else fleet.kill(replica))
        accidents += what != "stop"
    writer.stop()
    await writing
    for replica in set(_REPLICAS) - set(fleet.running):
        fleet.start(replica)
    await ends_with_the_newest(fleet, writer.newest, deadline=240)
    sys.stdout.write(f"{accidents} kills and freezes, {repeats(fleet)} repeats, {counted + told(fleet):.0f} told\n")
    assert repeats(fleet) <= accidents * _IN_FLIGHT
