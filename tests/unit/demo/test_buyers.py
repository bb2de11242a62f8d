"""The demo's buyers order at a stand-in, and its shop reads their orders as the service does."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx

from adapters.sandbox.manomano import serve
from consumer.demo.buyers import go_shopping, orders_of
from consumer.demo.shops import manomano_shops


async def test_what_was_bought_is_what_the_orders_say() -> None:
    async with serve() as serving:
        shops = manomano_shops(serving.url)
        async with httpx.AsyncClient(base_url=serving.url) as http:
            await http.post("/_sandbox/offers", json=[{"sku": sku, "price": 5, "stock": 3} for sku in ("A", "B")])
        products = [{"sku": sku, "quantity": pieces} for sku, pieces in (("A", 3), ("B", 2), ("none", 9), ("out", 0))]
        bought = await asyncio.to_thread(go_shopping, shops, products, 10, 1)
        assert set(bought) == {"A", "B"}
        assert await orders_of(shops) == bought


async def test_without_orders_nothing_was_sold() -> None:
    async with serve() as serving:
        assert await orders_of(manomano_shops(serving.url)) == Counter()
