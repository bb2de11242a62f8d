"""Pauses: nothing leaves while one stands, offsets finish, and afterwards the newest states arrive."""

from __future__ import annotations

import pytest

from consumer.delivery.pauses import Pauses
from consumer.delivery.work import AccountKey
from consumer.events import Operation
from consumer.listings.held import HeldStore, Which
from consumer.listings.owed import Cause
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import CHANNEL, make_event
from tests.waiting import eventually


async def owed(line: Line) -> int:
    """How many listings are owed."""
    held = HeldStore(line.store._collection, line.owed.brakes)
    return sum(group.count for group in await held.groups(Which(CHANNEL)))


async def test_a_pause_is_seen_while_running_and_survives_a_restart(line: Line) -> None:
    line.keep(*((f"P-{n}", 200 + n) for n in range(1, 21)))
    await line.publish(make_event("P-0", 1))
    async with line.running():
        await line.shows("P-0", 1)
        assert await line.owed.pauses.pause(CHANNEL, "default", "stocktaking", tenant="shop", who="anna")
        await eventually(lambda: line.metric("paused", account="shop/default") == 1, 10)
        calls = line.channel.calls
        await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 11)))
        await line.settles()
    await line.publish(*(make_event(f"P-{n}", n) for n in range(11, 21)))
    async with line.running():
        await line.settles()
        assert line.channel.calls == calls
        assert await owed(line) == 20
        state = await line.state("P-1")
        assert state is not None
        assert state.owed is not None
        assert (state.owed.cause, state.owed.words) == (Cause.PAUSED, "stocktaking (paused by anna)")
        assert await line.owed.pauses.resume(CHANNEL, None)
        for number in range(1, 21):
            await line.shows(f"P-{number}", 200 + number)
            assert line.versions(f"P-{number}") == [200 + number], "the newest state only"
        await eventually(lambda: _nothing_owed(line), 10)


async def _nothing_owed(line: Line) -> bool:
    return await owed(line) == 0


async def test_what_was_deleted_during_a_pause_is_withdrawn_after_it(line: Line) -> None:
    await line.publish(make_event("P-1", 1), make_event("P-2", 2))
    line.keep(("P-2", 2))
    async with line.running():
        await line.shows("P-1", 1)
        await line.shows("P-2", 2)
        await line.owed.pauses.pause(CHANNEL, None, "stocktaking")
        await eventually(lambda: line.metric("paused", account="shop/default") == 1, 10)
        await line.publish(make_event("P-1", 3, Operation.DELETED))
        await line.settles()
        assert line.title("P-1") is not None
        await line.owed.pauses.resume(CHANNEL, None)
        await eventually(lambda: line.title("P-1") is None, 20)
    assert line.title("P-2") is not None


async def test_a_product_of_which_no_current_version_is_left_is_looked_at_twice(line: Line) -> None:
    """The PIM replaces versions in two writes: between them there is none."""
    await line.owed.pauses.pause(CHANNEL, None, "stocktaking")
    line.keep(("P-1", 1), ("P-2", 2))
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.settles()
        line.pim[PRODUCTS].update_one({"entity_code": "P-1"}, {"$set": {"isCurrent": False}})
        await line.owed.pauses.resume(CHANNEL, None)

        async def looked_at() -> bool:
            state = await line.state("P-1")
            return state is not None and state.owed is not None and state.owed.gone_since is not None

        await eventually(looked_at, 10)
        line.keep(("P-1", 7))
        await line.shows("P-1", 7)


@pytest.mark.parametrize(
    ("account", "tenant", "covered"),
    [
        (None, None, {"a/x", "a/y", "b/x"}),
        ("x", None, {"a/x", "b/x"}),
        (None, "a", {"a/x", "a/y"}),
        ("x", "b", {"b/x"}),
    ],
)
async def test_a_pause_covers_what_it_names(
    line: Line, account: str | None, tenant: str | None, covered: set[str]
) -> None:
    pauses = Pauses(line.store._collection.database["pauses"])
    assert await pauses.pause(CHANNEL, account, "why", tenant=tenant)
    assert not await pauses.pause(CHANNEL, account, "another word", tenant=tenant), "it stands already"
    [pause] = await pauses.current(CHANNEL)
    everybody = [AccountKey("a", "x"), AccountKey("a", "y"), AccountKey("b", "x")]
    assert {str(each) for each in everybody if pause.covers(each)} == covered
    assert pause.why == "why"
    assert await pauses.current("another") == []
    assert await pauses.resume(CHANNEL, "z") == []
    assert await pauses.resume(CHANNEL, account, tenant=tenant) == [pause]
    assert await pauses.current() == []
