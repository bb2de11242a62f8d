"""The channels that sell, under contract: how to put goods on sale there, let buyers act, and make calls fail.

A new one adds such a class and a line to DESKS; the suite in `test_every_order_channel.py` then holds for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

from adapters.base import Adapter
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.memory_orders import MemoryOrders
from adapters.model import Command, Listing, Operation
from adapters.orders import OrderChannel, OrderStatus
from adapters.registry import find_channel
from adapters.sandbox.amazon import Seller as AmazonSeller
from adapters.sandbox.ebay import Seller as EbaySeller
from tests.contract.amazon_channel import amazon_account, amazon_channel
from tests.contract.channels import Channel, ebay_account, ebay_channel
from tests.contract.manomano_channel import manomano_account, manomano_channel

Json = dict[str, Any]


class Desk(Protocol):
    """One account with goods on sale, its buyers and its faults. tracked: it tells which parcels it knows."""

    name: str
    orders: OrderChannel
    tracked: bool

    async def sell(self, *lines: tuple[str, int], ready: bool = True) -> str:
        """A buyer orders; ready: paid and accepted, so that it can be shipped. The order's id."""

    async def cancel(self, order_id: str) -> None:
        """The buyer is given everything back before it was sent."""

    async def parcels(self, order_id: str) -> int:
        """How many parcels reached the channel for this order."""

    def long_ago(self) -> datetime:
        """Before anything was sold."""

    def fail(self) -> None:
        """The next call fails at the channel's end, without effect."""

    def throttle(self) -> None:
        """The next call is one too many."""

    def lose_shipment(self) -> None:
        """The next parcel arrives, and its answer is lost."""


class MemoryDesk:
    """The channel in memory."""

    name = "memory"
    tracked = True

    def __init__(self) -> None:
        self.memory = MemoryOrders()
        self.orders: OrderChannel = self.memory

    async def sell(self, *lines: tuple[str, int], ready: bool = True) -> str:
        return self.memory.sell(*lines, status=None if ready else OrderStatus.PENDING)

    async def cancel(self, order_id: str) -> None:
        self.memory.move(order_id, OrderStatus.CANCELED)

    async def parcels(self, order_id: str) -> int:
        return len(self.memory.placed[order_id].parcels)

    def long_ago(self) -> datetime:
        return self.memory.now - timedelta(days=1)

    def fail(self) -> None:
        self.memory.faults.calls.append(ChannelUnavailableError("Down", status=500))

    def throttle(self) -> None:
        self.memory.faults.calls.append(RateLimitedError("Too many calls"))

    def lose_shipment(self) -> None:
        self.memory.faults.lost = 1


class StandInDesk:
    """A stand-in that sells, spoken to by HTTP. shipping: its route of parcels. unready: what an order waits for."""

    def __init__(
        self,
        name: str,
        orders: OrderChannel,
        http: httpx.AsyncClient,
        switch_on: Callable[[Json], object],
        *,
        shipping: str,
        ready: Json,
        unready: Json,
    ) -> None:
        self.name = name
        self.orders = orders
        self.http = http
        self.switch_on = switch_on
        self.tracked = name != "manomano"
        self._shipping = shipping
        self._wishes = {True: ready, False: unready}

    async def sell(self, *lines: tuple[str, int], ready: bool = True) -> str:
        rows = [{"sku": sku, "quantity": pieces} for sku, pieces in lines]
        answer = await self.http.post("/_sandbox/buy", json={"lines": rows, **self._wishes[ready]})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["order_id"])

    async def act(self, act: str, order_id: str, **more: Any) -> None:
        """pay, cancel or return."""
        answer = await self.http.post(f"/_sandbox/{act}", json={"order_id": order_id, **more})
        assert answer.status_code == 200, answer.text

    async def cancel(self, order_id: str) -> None:
        await self.act("cancel", order_id)

    async def parcels(self, order_id: str) -> int:
        rows = (await self.http.get("/_sandbox/orders")).json()["orders"]
        found = (row for row in rows if order_id in str(row))
        return len(next(found).get("parcels") or ()) if self.name != "amazon" else len(next(found)["packages"])

    def long_ago(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=1)

    def fail(self) -> None:
        self.switch_on({"kind": "status", "status": 500, "count": 1})

    def throttle(self) -> None:
        self.switch_on({"kind": "rate_limited", "count": 1})

    def lose_shipment(self) -> None:
        self.switch_on({"kind": "lost_answer", "count": 1, "route": self._shipping})


async def put_on_sale(adapter: Adapter, listing: Listing, *skus: str) -> None:
    """Nine pieces of each."""
    await adapter.learn([listing])
    wanted = [replace(listing, sku=sku, quantity=9) for sku in skus]
    for outcome in await adapter.apply([Command(Operation.CREATE, one.sku, one) for one in wanted]):
        assert outcome.error is None, outcome.error


@asynccontextmanager
async def memory_desk() -> AsyncIterator[Desk]:
    """It has everything on sale."""
    yield MemoryDesk()


@asynccontextmanager
async def ebay_desk() -> AsyncIterator[StandInDesk]:
    """eBay's stand-in. Every exchange must be one that its contracts know."""
    async with ebay_channel(replies=True) as channel:
        orders = _orders("ebay", ebay_account(channel.url, EbaySeller(), carriers={"Bartolini": "BRT"}))
        wishes: Mapping[str, Json] = {"ready": {}, "unready": {"paid": False}}
        async with _opened("ebay", orders, channel, channel.url, channel.switch_on, "ship", wishes) as desk:
            yield desk


@asynccontextmanager
async def amazon_desk() -> AsyncIterator[StandInDesk]:
    """Amazon's stand-in; as above."""
    async with amazon_channel(replies=True) as channel:
        orders = _orders("amazon", amazon_account(channel.url, AmazonSeller(), carriers={"Bartolini": "BRT"}))
        wishes: Mapping[str, Json] = {"ready": {}, "unready": {"paid": False}}
        faults = channel.switch_on
        async with _opened("amazon", orders, channel, channel.url, faults, "confirm_shipment", wishes) as desk:
            yield desk


@asynccontextmanager
async def manomano_desk() -> AsyncIterator[StandInDesk]:
    """ManoMano's stand-in; as above."""
    async with manomano_channel() as channel:
        orders = _orders("manomano", manomano_account(channel.url, carriers={"Bartolini": "BRT"}))
        wishes: Mapping[str, Json] = {"ready": {"status": "PREPARATION"}, "unready": {"status": "WAITING_PAYMENT"}}
        faults = channel.switch_on
        async with _opened("manomano", orders, channel, channel.url, faults, "ship_orders", wishes) as desk:
            yield desk


def _orders(channel: str, account: Any) -> OrderChannel:
    make = find_channel(channel).orders
    assert make is not None
    return make(account)


@asynccontextmanager
async def _opened(
    name: str,
    orders: OrderChannel,
    channel: Channel,
    url: str,
    switch_on: Callable[[Json], object],
    shipping: str,
    wishes: Mapping[str, Json],
) -> AsyncIterator[StandInDesk]:
    await put_on_sale(channel.adapter, channel.listing("A1"), "A1", "B2")
    try:
        async with httpx.AsyncClient(base_url=url) as http:
            yield StandInDesk(name, orders, http, switch_on, shipping=shipping, **wishes)
    finally:
        await orders.close()


DESKS: Mapping[str, Callable[[], AbstractAsyncContextManager[Desk]]] = {
    "memory": memory_desk,
    "ebay": ebay_desk,
    "amazon": amazon_desk,
    "manomano": manomano_desk,
}
