"""The new group protocol: two processes share, one stops, one is killed; the other one takes over its part."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.delivery.processes import Fleet
from tests.integration.delivery.writing import Writer, ends_with_the_newest, repeats, told


@pytest.mark.timeout(240)
async def test_what_a_process_leaves_behind_goes_to_the_other_one(fleet: Fleet) -> None:
    fleet.variables["MARKETSYNC_DELIVERY_GROUP_PROTOCOL"] = "consumer"
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
    await fleet.kill("a")
    # The broker gives its partitions away after its own session timeout, 45 s.
    await fleet.delivering("b")
    writer.stop()
    await writing
    await ends_with_the_newest(fleet, writer.newest, deadline=120)
    assert repeats(fleet) <= told(fleet) + 24
