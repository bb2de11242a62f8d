"""ManoMano's whole way: the adapter keeps records in MongoDB, the file is built of them, ManoMano fetches it, offers go
online."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from adapters.errors import UnderReviewError
from adapters.feeds import FeedRules, Tools
from adapters.manomano.opening import content_feed, open_manomano
from adapters.model import Command, Operation, Outcome
from adapters.sandbox.manomano import DEFAULT_CONTRACT, Seller, serve
from adapters.sandbox.manomano.contents import import_feed
from consumer.feeds.model import FeedKey
from tests.integration.feeds.conftest import World
from tests.unit.adapters.manomano_listings import make_manomano, make_mug


async def test_offers_wait_for_the_file_and_leave_it_when_they_are_taken_down(world: World) -> None:
    world.key = FeedKey("acme", "manomano", "it")
    mugs = [make_mug(sku="A", attributes={"Colore": ("Blu",)}), make_mug(sku="B")]
    async with serve() as serving, world.items() as store:
        shop = serving.sandbox.shops[Seller().name, DEFAULT_CONTRACT]
        account = make_manomano(api_url=serving.url, api_key=Seller().api_key, feed=FeedRules(shrink_count=5))
        adapter = open_manomano(account, Tools(store))
        feed = content_feed(account)

        async def fetched() -> list[str]:
            await asyncio.to_thread(world.build, feed)
            import_feed(shop, world.file().encode())
            return world.file().splitlines()

        async def sent(operation: Operation, *skus: str) -> list[Outcome]:
            wanted = {} if operation is Operation.WITHDRAW else {mug.sku: mug for mug in mugs}
            return await adapter.apply([Command(operation, sku, wanted.get(sku)) for sku in skus])

        await adapter.learn(mugs)
        assert all(isinstance(one.error, UnderReviewError) for one in await sent(Operation.CREATE, "A", "B"))
        header, first, second = await fetched()
        assert header.endswith(";colour")
        assert (first.endswith(";blue"), second.endswith(";")) == (True, True)
        assert [one.error for one in await sent(Operation.CREATE, "A", "B")] == [None, None]
        assert sorted(shop.offers) == ["A", "B"]
        (outcome,) = await sent(Operation.WITHDRAW, "A")  # without references: MongoDB remembers price and weight
        assert outcome.error is None
        assert [call.operation for call in serving.sandbox.journal.select(sku="A")] == ["put_offers"] * 3
        assert len(await fetched()) == 2
        found = await adapter.read_back(["A", "B"])
        assert [(found[sku].live, found[sku].quantity) for sku in "AB"] == [(False, 0), (True, 7)]
        (outcome,) = await adapter.apply([Command(Operation.REVISE_OFFER, "B", replace(mugs[1], quantity=0))])
        assert outcome.error is None
        sold_out = (await adapter.read_back(["B"]))["B"]
        assert (sold_out.live, sold_out.quantity) == (True, 0)
        await adapter.close()
