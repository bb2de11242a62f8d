"""P3 on real servers: what the channel took is read back; what it took and does not show is told."""

from __future__ import annotations

import pytest

from consumer.delivery.work import AccountKey
from consumer.delivery.worker import DeliveryWorker
from consumer.listings.confirmation import Confirmation
from consumer.listings.state import ListingState
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import make_event
from tests.waiting import eventually

SOON = Confirmation(after=0.2, deadline=2)
ACCOUNT = {"account": "shop/default"}


def quick(line: Line) -> DeliveryWorker:
    """A worker that looks at once."""
    line.confirmation = SOON
    worker = line.make_worker()
    worker.parts.confirmer._pause = 0.05
    return worker


async def confirmed(line: Line, code: str) -> ListingState:
    """Wait until what was accepted last is confirmed."""

    async def is_so() -> bool:
        state = await line.state(code)
        return state is not None and state.confirmed is not None and state.confirmed.sequence == state.planned_sequence

    await eventually(is_so, 20)
    state = await line.state(code)
    assert state is not None
    return state


@pytest.mark.timeout(90)
async def test_p3_what_is_accepted_and_not_shown_is_told_and_what_is_shown_is_confirmed(line: Line) -> None:
    async with line.running(quick(line)):
        await line.publish(make_event("P-1", 1), make_event("P-2", 1))
        await line.shows("P-1", 1)
        await line.shows("P-2", 1)
        await confirmed(line, "P-1")
        # The channel takes it and does nothing: a price that stays, as users of real channels have met it.
        line.channel.faults.ignore("P-2")
        await line.publish(make_event("P-2", 2))
        await eventually(lambda: line.metric("confirmations_total", **ACCOUNT, outcome="late") == 1, 20)
        state = await line.state("P-2")
        assert state is not None
        assert state.seen is not None
        assert state.accepted is not None
        assert "not confirmed: it shows 101.00 EUR, and 102.00 EUR was accepted" in state.seen.words
        assert state.confirmed is None or state.confirmed.sequence < state.accepted.sequence
        await line.publish(make_event("P-2", 3))
        assert (await confirmed(line, "P-2")).seen is not None


async def test_an_account_that_does_not_want_it_is_not_read_back(line: Line) -> None:
    worker = quick(line)
    async with line.running(worker):
        await line.publish(make_event("P-1", 1))
        await confirmed(line, "P-1")
    line.confirmation = Confirmation(enabled=False)
    worker = line.make_worker()
    async with line.running(worker):
        await line.publish(make_event("P-1", 2))
        await line.shows("P-1", 2)
        await line.settles()
        assert await worker.parts.confirmer.look(AccountKey("shop", "default")) == 0
    state = await line.state("P-1")
    assert state is not None
    assert state.confirmed is not None
    assert state.confirmed.sequence < state.planned_sequence
