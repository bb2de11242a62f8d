"""Items of a feed: kept, found again, never two of one code; what is in the published file is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from adapters.errors import ChannelUnavailableError
from adapters.feeds import Published
from adapters.model import Money, Operation
from consumer.feeds.items import FeedItemStore
from consumer.feeds.model import FeedKey, FeedState
from consumer.mongo import AsyncMongoClient, Document, connect_async
from tests.integration.feeds.conftest import World, make_item


async def test_an_item_comes_back_as_it_was_put(world: World) -> None:
    await world.sell(["A-1"], attributes={"x.y$": ("1",)})
    async with world.items() as store:
        (found,) = await store.read(["A-1", "unknown"])
    assert (found.item.sku, found.item.key, found.item.quantity) == ("A-1", "a-1", 7)
    assert found.item.price == Money(Decimal("19.90"), "EUR")
    assert found.item.gtins == ("4006381333931",)
    assert found.item.parts["offer"]["Price"] == "19.90"
    assert (found.gone, found.in_file, found.before) == (False, False, None)


async def test_in_file_follows_the_published_file_and_what_it_says_meanwhile_is_known(world: World) -> None:
    await world.put(make_item("A"), make_item("B"))
    world.build()
    async with world.items() as store:
        assert [one.in_file for one in await store.read(["A", "B"])] == [True, True]
        await store.put([make_item("A", "5.00")])
        await store.put([make_item("A", "4.00")])
        await store.remove(["b"])
        changed, gone = sorted(await store.read(["A", "B"]), key=lambda one: one.item.key)
        assert (changed.in_file, changed.before) == (False, Published("A", None, None))
        assert (gone.in_file, gone.gone, gone.shown().live) == (False, True, True)
        world.build()
        changed, gone = sorted(await store.read(["A", "B"]), key=lambda one: one.item.key)
        assert (changed.in_file, changed.before, gone.in_file, gone.shown().live) == (True, None, True, False)


class _Between(FeedItemStore):
    """Lets a whole build run just before items are written, or just after, before the feed is marked."""

    world: ClassVar[World]
    moment: ClassVar[str]

    async def _write(self, items: Any, state: FeedState) -> dict[str, str]:
        if self.moment == "before":
            self.world.build()
        return await super()._write(items, state)

    async def _settle(self, before: FeedState, ids: Sequence[str], columns: Sequence[str] = ()) -> None:
        if self.moment == "after":
            self.world.build()
        await super()._settle(before, ids, columns)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_build_in_the_middle_of_a_write_never_makes_an_item_look_published(world: World, moment: str) -> None:
    await world.put(make_item("A"))
    world.build()
    async with world.items(_Between) as store:
        await store.read(["A"])
        _Between.world, _Between.moment = world, "never"
        await store.put([make_item("B")])
        _Between.moment = moment
        await store.put([make_item("A", "5.00")])
        _Between.moment = "never"
        (found,) = await store.read(["A"])
        assert not found.in_file or "5.00" in world.file()
        assert world.state().dirty
        world.build()
        (found,) = await store.read(["A"])
    assert found.in_file
    assert "5.00" in world.file()


async def test_one_code_belongs_to_one_listing_until_that_is_gone(world: World) -> None:
    async with world.items() as store:
        assert await store.put([make_item("k1"), make_item("K1")]) == {"k1": "k1"}
        assert await store.put([make_item("K1"), make_item("k2")]) == {"k1": "k1"}
        assert [one.item.sku for one in await store.read(["k1", "K1", "k2"])] == ["k1", "k2"]
        await store.remove(["k1"])
        assert await store.put([make_item("K1")]) == {}
        assert await store.put([make_item("k1")]) == {"k1": "K1"}
    world.build()
    assert "<Code>K1</Code>" in world.file()


async def test_pages_have_every_listing_once(world: World) -> None:
    await world.put(*(make_item(f"A-{number:03}") for number in range(25)))
    await world.remove("A-007")
    async with world.items() as store:
        found: list[str] = []
        while page := await store.page(found[-1] if found else "", 10):
            found += [one.item.listing for one in page]
    assert found == [f"A-{number:03}" for number in range(25)]


async def test_feeds_do_not_see_each_other(world: World) -> None:
    await world.put(make_item("A"))
    async with connect_async(world.uri) as client:
        other = FeedItemStore(client[world.database.name], FeedKey("acme", "trovaprezzi", "second"))
        assert await other.put([make_item("a")]) == {}
        assert [one.item.sku for one in await other.page("", 10)] == ["a"]
        await other.remove(["a"])
    world.build()
    assert "<Code>A</Code>" in world.file()
    tokens = [state.token for state in world.store.all()]
    assert len(set(tokens)) == 2
    assert min(len(token) for token in tokens) >= 32


async def test_a_database_that_is_away_is_a_channel_that_is_away() -> None:
    async with AsyncMongoClient[Document]("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50) as client:
        store = FeedItemStore(client["nowhere"], FeedKey("acme", "trovaprezzi", "main"))
        with pytest.raises(ChannelUnavailableError) as caught:
            await store.put([make_item("A")])
        assert caught.value.effect_unknown
        with pytest.raises(ChannelUnavailableError):
            await store.read(["A"])


async def test_what_delivery_does_ends_in_the_file(world: World) -> None:
    await world.sell(["A-1", "A-2"])
    world.build()
    await world.sell(["A-1"], Operation.REVISE_OFFER, price=Money(Decimal("15.00"), "EUR"), title="Un altro titolo")
    await world.sell(["A-2"], Operation.WITHDRAW)
    world.build()
    assert "<Price>15.00</Price>" in world.file()
    assert "Un altro titolo" not in world.file()
    assert "<Code>A-2</Code>" not in world.file()
