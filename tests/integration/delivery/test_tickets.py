"""On real servers: what the channel took is followed until it has decided, and what changed meanwhile goes out then."""

from __future__ import annotations

import pytest

from adapters.memory import MemoryAdapter
from consumer.listings.state import Status
from consumer.listings.undecided import SUBMITTED, undecided
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import make_event
from tests.waiting import eventually


@pytest.mark.timeout(90)
async def test_a_listing_waits_for_the_channel_and_shows_the_newest_state_in_the_end(line: Line) -> None:
    channel = line.channel
    assert isinstance(channel, MemoryAdapter)
    channel.deferring, channel.jobs.patience = True, 1_000_000
    async with line.running(line.make_worker()):
        await line.publish(make_event("P-1", 1), make_event("P-2", 1))

        async def submitted() -> bool:
            states = [await line.state(code) for code in ("P-1", "P-2")]
            return all(state is not None and state.status is Status.SUBMITTED for state in states)

        await eventually(submitted, 20)
        line.keep(("P-1", 3), ("P-2", 1))
        await line.publish(make_event("P-1", 2), make_event("P-1", 3))

        async def behind() -> bool:
            state = await line.state("P-1")
            return state is not None and state.owed is not None and state.owed.cause == "submitted"

        await eventually(behind, 20)
        found = await undecided(line.owed.submissions._listings)
        assert [(each.what, each.listings) for each in found] == [(SUBMITTED, 2)]
        assert not channel.listings
        channel.deferring, channel.jobs.patience = False, 0
        for job in channel.jobs._jobs.values():
            job.asks = 0
        await line.shows("P-1", 3)
        await line.shows("P-2", 1)
        assert [call.listing.title[-1] for call in channel.journal if call.sku == "P-1" and call.listing] == ["1", "3"]
