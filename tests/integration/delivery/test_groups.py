"""Variants of one product, which may live in other partitions than their parent, are one listing on the channel."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

import pytest_asyncio

from consumer.events import Operation, ProductEvent, change_sequence
from consumer.listings.rules.variations import Variations
from consumer.listings.state import Status
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import make_document, make_event
from tests.waiting import eventually

PARENT, RED, BLUE = "G-1", "V-red", "V-blue"


class Family:
    """The products of one line, written to the PIM and published like capture does."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._numbers = count(1)
        self._documents: dict[str, dict[str, Any]] = {}

    async def write(self, code: str, **changes: Any) -> None:
        """The product is like that from now on, and its event is on its way."""
        base = self._documents.get(code) or make_document(code, 1, quantity=5)
        document = {name: value for name, value in {**base, **changes}.items() if value is not ...}
        self._documents[code] = document
        self.line.pim[PRODUCTS].replace_one({"entity_code": code}, document, upsert=True)
        await self._publish(make_event(code, next(self._numbers), **dict.fromkeys(base, ...) | document))

    async def delete(self, code: str) -> None:
        """The product is gone."""
        del self._documents[code]
        self.line.pim[PRODUCTS].delete_many({"entity_code": code})
        await self._publish(make_event(code, next(self._numbers), Operation.DELETED))

    async def _publish(self, event: ProductEvent) -> None:
        """With the time of the write: what a sweep reads is put in order with it."""
        written = self.line.pim.command("ping")["operationTime"]
        await self.line.publish(replace(event, sequence=change_sequence(written.time, written.inc, 0)))

    async def child(self, code: str, colour: str, parent: str = PARENT, **changes: Any) -> None:
        """A variant of that colour."""
        attributes = {"it": [{"key": "color", "label": "Colore", "value": colour}]}
        await self.write(code, parent_entity_code=parent, attributes=attributes, **changes)

    async def complete(self) -> None:
        """A parent with two variants, and the channel shows them."""
        await self.write(PARENT, variants_entity_code=[RED, BLUE])
        await self.child(RED, "Rosso")
        await self.child(BLUE, "Blu")
        await self.shows(PARENT, {RED: 5, BLUE: 5})

    def stocks(self, sku: str) -> dict[str, int | None] | None:
        """What a buyer can buy of each variant of a live listing; of a single one, under its own number."""
        shown = self.line.channel.listings.get(sku)
        if shown is None or not shown.live:
            return None
        return {each.sku: each.quantity for each in shown.variants} or {shown.sku: shown.quantity}

    async def shows(self, sku: str, stocks: dict[str, int] | None) -> None:
        """Wait until the channel shows that."""
        await eventually(lambda: self.stocks(sku) == stocks, 20, f"{sku} shows {stocks}")


@pytest_asyncio.fixture
async def family(line: Line) -> Family:
    line.variations = Variations(sell="group")
    return Family(line)


async def test_a_change_of_one_variant_changes_the_group_at_once_and_drops_no_sibling(family: Family) -> None:
    async with family.line.running():
        await family.complete()
        group = family.line.channel.shown[PARENT]
        begun = time.monotonic()
        await family.child(BLUE, "Blu", quantity=0)
        await family.shows(PARENT, {RED: 5, BLUE: 0})
        took = time.monotonic() - begun
        await family.line.settles()
    assert (group.axes, [variant.choice(group.axes) for variant in group.variants]) == (
        ("Colore",),
        [("Blu",), ("Rosso",)],
    )
    assert family.stocks(RED) is None, "a variant is no listing of its own"
    assert {call.sku for call in family.line.channel.journal} == {PARENT}
    assert took < 30, "a sold-out variant goes off sale within seconds"
    child = await family.line.state(BLUE)
    assert child is not None
    assert (child.status, child.group) == (Status.UNLISTED, PARENT)


async def test_products_move_into_groups_and_out_of_them_and_no_number_is_on_sale_twice(family: Family) -> None:
    async with family.line.running():
        await family.write(PARENT)
        await family.write(RED)
        await family.write(BLUE)
        for code in (PARENT, RED, BLUE):
            await family.shows(code, {code: 5})
        # They become a group.
        await family.child(RED, "Rosso")
        await family.child(BLUE, "Blu")
        await family.shows(PARENT, {RED: 5, BLUE: 5})
        assert (family.stocks(RED), family.stocks(BLUE)) == (None, None)
        # One leaves, for itself.
        await family.write(RED, parent_entity_code=...)
        await family.shows(RED, {RED: 5})
        assert family.stocks(PARENT) == {BLUE: 5}
        # The parent goes; what names it still is sold by itself.
        await family.delete(PARENT)
        await family.shows(BLUE, {BLUE: 5})
        assert family.stocks(PARENT) is None
        # And it comes back.
        await family.write(PARENT)
        await family.shows(PARENT, {BLUE: 5})
        assert family.stocks(BLUE) is None
        # The last variant is deleted.
        await family.delete(BLUE)
        await family.shows(PARENT, {PARENT: 5})
    refused = [call for call in family.line.channel.journal if not call.effect]
    assert not refused, "the channel was never asked to sell a number twice"


async def test_a_variant_moves_to_another_parent(family: Family) -> None:
    async with family.line.running():
        await family.complete()
        await family.write("G-2", variants_entity_code=["V-green"])
        await family.child("V-green", "Verde", parent="G-2")
        await family.shows("G-2", {"V-green": 5})
        await family.child(BLUE, "Blu", parent="G-2")
        await family.shows("G-2", {"V-green": 5, BLUE: 5})
        await family.shows(PARENT, {RED: 5})
    assert all(call.effect for call in family.line.channel.journal)
