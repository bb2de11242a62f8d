"""Healed without a new event: what a dead, frozen or cut-off process left behind."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.memory import LISTING_ID, MemoryAdapter
from consumer.delivery.judging import CLAIM
from consumer.listings.debts import Claim, Debt
from consumer.listings.owed import Cause, moment
from consumer.listings.state import ListingKey, ListingState, Status
from tests.integration.delivery.conftest import TOPICS, Line
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually


async def state_of(line: Line, code: str) -> ListingState:
    state = await line.state(code)
    assert state is not None
    return state


async def change(line: Line, code: str, **fields: Any) -> None:
    """Change a listing's document by hand, as time or a rival would."""
    state = await state_of(line, code)
    await line.store._collection.update_one({"_id": state.id}, {"$set": fields})


async def heals(line: Line, code: str, version: int) -> None:
    """Wait until the channel shows this version and nothing is owed."""
    await line.shows(code, version)

    async def quiet() -> bool:
        state = await state_of(line, code)
        return state.status is Status.LIVE and state.owed is None and not state.uncertain

    await eventually(quiet, 20)


async def test_a_lost_race_is_healed_with_the_newest_state_of_the_pim(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
        line.keep(("P-1", 4))
        # As a process that was frozen in its call does, when it finds that somebody else has written.
        await line.store.mark_uncertain([(await state_of(line, "P-1")).id])
        await heals(line, "P-1", 4)
    assert line.versions("P-1") == [1, 4]


async def test_an_intent_without_an_end_is_found_although_no_event_comes(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
    state = await state_of(line, "P-1")
    document = await line.store._collection.find_one({"_id": state.id})
    assert document is not None
    # A process died between call and stored outcome, and its offset was set ahead by hand.
    old = datetime.now(UTC) - timedelta(hours=1)
    intent = document["sent"] | {"at": old, "by": "0/dead"}
    await change(line, "P-1", status="waiting", intent=intent, updated_at=old)
    line.keep(("P-1", 1))
    async with line.running():
        await heals(line, "P-1", 1)
    assert line.channel.listings["P-1"].references == state.references, "it was adopted, not made twice"
    assert line.versions("P-1") == [1, 1]


async def test_what_a_dead_process_had_claimed_is_looked_at_when_its_partition_has_a_new_owner(line: Line) -> None:
    await line.publish(make_event("P-1", 1), make_event("P-2", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.shows("P-2", 1)
        await line.settles()
    line.keep(("P-1", 4), ("P-2", 4))
    debts, at = line.owed.debts, moment(time.time())
    states = [await state_of(line, code) for code in ("P-1", "P-2")]
    keys = [ListingKey.parse(state.id) for state in states]
    # One is at work in a sweep whose process dies, the other one waits for its next try.
    await debts.mark([Debt(keys[0], Cause.DISTRUST, at, states[0].planned_sequence)], at)
    later = at + timedelta(minutes=4)
    await debts.mark([Debt(keys[1], Cause.RETRY, later, states[1].planned_sequence)], at)
    await line.store.mark_uncertain([states[0].id])
    [found] = await debts.due((CHANNEL, "shop", "default"), range(TOPICS.partitions), moment(time.time()), 10)
    assert not await debts.claim([Claim(found, at + CLAIM, at_work=True)])
    async with line.running():
        await heals(line, "P-1", 4)
    waiting = (await state_of(line, "P-2")).owed
    assert waiting is not None
    assert waiting.due == later, "nobody had it at work"
    assert line.versions("P-2") == [1]


class _Stuck(MemoryAdapter):
    """Its calls reach the channel, and their answers never come."""

    def __init__(self) -> None:
        super().__init__(CHANNEL, answer=self._never)

    async def _never(self) -> None:
        await asyncio.Event().wait()


async def test_a_call_of_a_dead_process_that_lands_late_is_repaired(line: Line) -> None:
    line.channels = {"default": _Stuck()}
    await line.publish(make_event("P-1", 1))
    line.keep(("P-1", 2))
    dying = asyncio.create_task(line.make_worker().run())
    await eventually(lambda: line.versions("P-1") == [1], 20)
    dying.cancel()
    await asyncio.wait([dying])
    # The successor reads the record again and finds the intent of the dead one, whose call may still be under way.
    late = line.channel.listings["P-1"]
    successor = MemoryAdapter(CHANNEL)
    successor.listings.update(line.channel.listings)
    successor.shown.update(line.channel.shown)
    line.channels = {"default": successor}
    await line.publish(make_event("P-1", 2))
    async with line.running():
        await line.shows("P-1", 2)
        await line.settles()
        owed = (await state_of(line, "P-1")).owed
        assert owed is not None
        assert owed.cause is Cause.LATE_CALL
        assert owed.late_until is not None
        assert owed.late_until > datetime.now(UTC) + timedelta(seconds=60)
        assert successor.listings["P-1"].references == late.references, "adopted, not made twice"
        assert LISTING_ID in late.references
        # The old call lands now, and the time in which it can is over.
        successor.listings["P-1"] = late
        assert line.title("P-1") == "Trapano P-1 versione 1"
        past = datetime.now(UTC) - timedelta(seconds=1)
        await change(line, "P-1", **{"owed.late_until": past, "owed.due": past})
        await heals(line, "P-1", 2)


async def test_a_price_that_a_date_changes_is_sent_when_the_date_comes(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
        line.keep(("P-1", 4))
        # The date at which a promotion begins, as the last plan noted it.
        await change(line, "P-1", figures={"due": datetime.now(UTC)})
        await heals(line, "P-1", 4)
    assert (await state_of(line, "P-1")).figures.due is None
