"""Many dead letters at once, on real servers: they stop being written, the account is paused, nothing is lost."""

from __future__ import annotations

from adapters.errors import TemporaryError
from adapters.memory import MemoryAdapter
from consumer.delivery.pauses import COLLECTION, Pauses
from consumer.events import Operation
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.conftest import Line
from tests.integration.delivery.jobs import database_of
from tests.unit.delivery.making import CHANNEL, make_document, make_event
from tests.waiting import eventually

LIMIT = 5


async def test_an_account_that_floods_is_paused_and_owes_until_it_is_resumed(line: Line) -> None:
    line.channels["outlet"] = MemoryAdapter(CHANNEL)
    line.settings = line.settings.model_copy(update={"attempts": 1, "flood_letters": LIMIT, "flood_window": 600})
    codes = [f"P-{n}" for n in range(30)]
    pauses = Pauses(database_of(line)[COLLECTION])
    for code in codes:
        line.channel.faults.fail(code, TemporaryError("a new rule nobody knows"), times=99)
    async with line.running():
        await line.publish(*(make_event(code, 1) for code in codes))
        await eventually(lambda: pauses.current(CHANNEL), 20)
        await line.settles()
        [pause] = await pauses.current(CHANNEL)
        assert (pause.tenant, pause.account, pause.who) == ("shop", "default", "flood guard")
        assert f"more than {LIMIT} dead letters" in pause.why
        assert len(await line.dead_letters()) == LIMIT
        assert line.metric("floods_total", whom="shop/default") == 1
        for code in codes:
            await line.shows(code, 1, "outlet")
        line.channel.faults.skus.clear()
        line.pim[PRODUCTS].insert_many(make_document(code, 2) for code in codes)
        await pauses.resume(CHANNEL, None)
        given_up = {letter.key for letter in await line.dead_letters()}
        for code in codes:
            if f"shop/{code}".encode() not in given_up:
                await line.shows(code, 2)
    assert len(await line.dead_letters()) == LIMIT


async def test_records_nobody_can_read_stop_the_channel_and_stay_where_they_are(line: Line) -> None:
    line.settings = line.settings.model_copy(update={"flood_letters": LIMIT, "flood_window": 600})
    pauses = Pauses(database_of(line)[COLLECTION])
    topic = line.names.of(Operation.UPDATED)
    for number in range(12):
        await line.publish_bytes(topic, f"shop/P-{number}".encode(), b"not JSON")
    async with line.running():
        await eventually(lambda: pauses.current(CHANNEL), 20)
        [pause] = await pauses.current(CHANNEL)
        assert (pause.tenant, pause.account) == (None, None)
        await eventually(lambda: line.metric("paused", account="shop/default") == 1, 20)
        assert len(await line.dead_letters()) == LIMIT
        assert not line.is_settled(), "what was not written is not finished"
        await pauses.resume(CHANNEL, None)
        await line.settles()
    assert {letter.key for letter in await line.dead_letters()} == {f"shop/P-{n}".encode() for n in range(12)}
