"""Accidents at scale on real servers: held, seen, released or dropped; nothing lost, nothing sent that is held."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from adapters.memory import MemoryAdapter
from consumer.events import ProductEvent
from consumer.listings.brakes import Brake, Brakes
from consumer.listings.brakes.ledger import Ask
from consumer.listings.brakes.store import BrakeStore, Place
from consumer.listings.held import HeldStore, OwedGroup, Which
from consumer.listings.owed import Cause
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import CHANNEL, make_account, make_document, make_event
from tests.waiting import eventually

CODES = [f"P-{number}" for number in range(1, 31)]
FEW = Brakes.model_validate(
    {
        "mass_zero_stock": {"least": 4, "percent": 0},
        "mass_delisting": {"least": 4, "percent": 0},
        "count_drop": None,
    }
)


def event(code: str, version: int, **changes: Any) -> ProductEvent:
    """The same price and text whatever the version, so that only what is said differs."""
    pricing = {"retail": 100, "currency": "EUR", "vat_included": True}
    same: dict[str, Any] = {"name": {"it": f"Trapano {code} versione 1"}, "pricing": pricing, "quantity": 10}
    return make_event(code, version, **(same | changes))


async def change(line: Line, version: int, codes: list[str] = CODES, **changes: Any) -> None:
    """The PIM changes these products, and capture tells of it."""
    events = [event(code, version, **changes) for code in codes]
    for each in events:
        assert each.product is not None
        line.pim[PRODUCTS].replace_one({"entity_code": each.entity_code}, {**each.product}, upsert=True)
    await line.publish(*events)


def stock(line: Line) -> Counter[int | None]:
    return Counter(line.channel.listings[code].quantity for code in CODES)


def shown_price(line: Line, code: str) -> Decimal | None:
    price = line.channel.listings[code].price
    return None if price is None else price.amount


def sells(line: Line, code: str, quantity: int) -> bool:
    return line.channel.listings[code].quantity == quantity


def held(line: Line) -> HeldStore:
    return HeldStore(line.store._collection, line.owed.brakes)


async def groups(line: Line) -> list[OwedGroup]:
    return await held(line).groups(Which(CHANNEL), Cause.HELD, Cause.CAPPED)


async def listed(line: Line) -> None:
    await change(line, 1)
    await eventually(lambda: len(line.channel.listings) == len(CODES), 30)
    await line.settles()


@pytest.mark.timeout(120)
async def test_p14_a_mass_of_zero_stock_is_held_until_a_person_releases_it(line: Line) -> None:
    line.brakes = FEW
    async with line.running():
        await listed(line)
        await change(line, 2, quantity=0)
        await line.settles()
        assert stock(line) == {0: 4, 10: 26}
        [group] = await groups(line)
        assert (group.count, group.brake) == (26, "mass_zero_stock")
        assert group.words == "more than 4 listings go to zero stock within an hour"
        assert all("(10 → 0 pieces)" in example for example in group.examples)
        closed = {"account": "shop/default", "brake": "mass_zero_stock"}
        await eventually(lambda: line.metric("brake_closed", **closed) == 1, 15)

        assert await held(line).release(Which(CHANNEL, brake=Brake.MASS_ZERO_STOCK)) == 26
        await eventually(lambda: stock(line) == {0: 30}, 30)
        assert await groups(line) == []
        await eventually(lambda: line.metric("brake_closed", **closed) == 0, 15)


@pytest.mark.timeout(120)
async def test_what_is_dropped_stays_and_what_is_corrected_goes_on_by_itself(line: Line) -> None:
    line.brakes = FEW
    async with line.running():
        await listed(line)
        await change(line, 2, status="archived")
        await line.settles()
        live = [code for code in CODES if line.channel.listings[code].live]
        assert len(live) == 26
        assert sum(group.count for group in await groups(line)) == 26
        assert await held(line).drop(Which(CHANNEL)) == 26
        assert await groups(line) == []

        await change(line, 3, live[:10], status="archived")
        await line.settles()
        assert [group.count for group in await groups(line)] == [10], "what passed in the window still counts"
        await change(line, 4, live[:10])
        await line.settles()
        assert await groups(line) == []
        assert [code for code in CODES if line.channel.listings[code].live] == live


@pytest.mark.timeout(120)
async def test_p14_what_is_held_outlives_the_process_and_the_next_one_counts_on(line: Line) -> None:
    line.brakes = FEW
    async with line.running():
        await listed(line)
        await change(line, 2, CODES[:10], quantity=0)
        await line.settles()
    async with line.running():
        await change(line, 2, CODES[10:], quantity=0)
        await line.settles()
        assert stock(line) == {0: 4, 10: 26}
        # A sale while the brake is closed, and goods that come in, pass at once.
        one = next(code for code in CODES if line.channel.listings[code].quantity == 10)
        for version, quantity in ((3, 1), (4, 0), (5, 7)):
            await change(line, version, [one], quantity=quantity)
            await eventually(partial(sells, line, one, quantity), 20)
        assert await held(line).release(Which(CHANNEL)) == 25
        await eventually(lambda: stock(line) == {0: 29, 7: 1}, 30)


@pytest.mark.timeout(120)
async def test_another_account_goes_on_while_a_brake_is_closed(line: Line) -> None:
    line.brakes = FEW
    line.channels["second"] = MemoryAdapter(CHANNEL)
    async with line.running():
        await listed(line)
        await line.owed.pauses.pause(CHANNEL, "second", "not now")
        await eventually(lambda: line.metric("paused", account="shop/second") == 1, 10)
        await change(line, 2, quantity=0)
        await line.settles()
        assert await held(line).drop(Which(CHANNEL, account="default")) == 26
        await line.owed.pauses.resume(CHANNEL, "second")
        second = line.channels["second"].listings
        await eventually(lambda: sum(shown.quantity == 0 for shown in second.values()) == 4, 30)


async def test_a_price_that_is_held_and_released_is_the_one_that_people_saw(line: Line) -> None:
    line.brakes = Brakes()
    async with line.running():
        await change(line, 1, ["P-1"])
        await line.shows("P-1", 1)
        cheap = make_document("P-1", 2)["pricing"] | {"retail": 1}
        await change(line, 2, ["P-1"], pricing=cheap, quantity=6)
        await line.settles()
        assert line.channel.listings["P-1"].quantity == 6
        [group] = await groups(line)
        assert group.examples == ("P-1 (100.00 → 1.00 EUR)",)
        assert await held(line).release(Which(CHANNEL, brake=Brake.PRICE_CHANGE)) == 1
        await eventually(lambda: shown_price(line, "P-1") == 1, 20)


async def test_processes_that_ask_at_once_never_let_more_pass(line: Line) -> None:
    listings = line.store._collection
    ledgers = listings.database["brakes"]
    place = Place(CHANNEL, "shop", make_account().name)
    stores = [BrakeStore(ledgers, listings) for _ in range(5)]
    ask = Ask(FEW.model_copy(update={"creates_per_hour": 37}), {Brake.CREATES_PER_HOUR: 3})
    answers = await asyncio.gather(*(store.ask({place: ask}, 1_700_000_000.0) for store in stores for _ in range(4)))
    assert sum(answer[place].passes[Brake.CREATES_PER_HOUR] for answer in answers) == 37
