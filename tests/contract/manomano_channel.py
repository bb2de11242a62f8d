"""ManoMano under contract: its stand-in, served in this event loop, and an adapter whose feed it fetches at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.base import Adapter
from adapters.feeds import FeedItem, Tools
from adapters.manomano import CarrierGrid, ManomanoAccount
from adapters.manomano.feed import ContentFormat
from adapters.memory_feeds import MemoryFeedItems
from adapters.model import Listing
from adapters.registry import make_adapter
from adapters.sandbox.manomano import DEFAULT_CONTRACT, DEFAULT_GRID, ManomanoSandbox, Rules, Seller, Serving, serve
from adapters.sandbox.manomano.contents import import_feed
from tests.contract.channels import Shown, mug
from tests.contract.manomano_schemas import manomano_schemas, manomano_specs
from tests.contract.vendor_schemas import Inspector


class FetchedFeed(MemoryFeedItems):
    """A feed that is built at every change. fetch: what ManoMano does with the file."""

    def __init__(self, fetch: Callable[[bytes], object]) -> None:
        super().__init__()
        self.fetch = fetch

    async def put(self, items: Sequence[FeedItem]) -> Mapping[str, str]:
        refused = await super().put(items)
        self.fetch(self.publish(ContentFormat()))
        return refused

    async def remove(self, keys: Sequence[str]) -> None:
        await super().remove(keys)
        self.fetch(self.publish(ContentFormat()))


class ManomanoChannel:
    """One contract of the stand-in."""

    name = "manomano"
    has_tokens = False

    def __init__(self, adapter: Adapter, serving: Serving, feed: MemoryFeedItems, http: httpx.AsyncClient) -> None:
        self.adapter = adapter
        self._http = http
        self.url = serving.url
        self.sandbox: ManomanoSandbox = serving.sandbox
        self.feed = feed

    @property
    def offers(self) -> Mapping[str, Any]:
        """SKU -> what ManoMano has of it."""
        return self.sandbox.shops[Seller().name, DEFAULT_CONTRACT].offers

    def listing(self, sku: str) -> Listing:
        return replace(mug(sku), weight=Decimal("0.35"))

    async def listings(self, sku: str) -> list[Shown]:
        rows = (await self.control("listings", sku=sku, fields="full"))["listings"]
        return [Shown(row["title"], Decimal(row["price"]), row["quantity"], row["content"]) for row in rows]

    async def writes(self) -> int:
        return int((await self.control("counts"))["entries"])

    async def calls(self, sku: str) -> list[dict[str, Any]]:
        """The journal of this SKU, in order of arrival."""
        found: list[dict[str, Any]] = (await self.control("calls", sku=sku))["calls"]
        return found

    async def control(self, name: str, **query: str) -> dict[str, Any]:
        """A read of the stand-in's control plane."""
        body: dict[str, Any] = (await self._http.get(f"/_sandbox/{name}", params=query)).json()
        return body

    async def plant(self, offers: list[dict[str, Any]]) -> dict[str, Any]:
        """Offers that were there before us."""
        query = {"contract": DEFAULT_CONTRACT}
        body: dict[str, Any] = (await self._http.post("/_sandbox/offers", json=offers, params=query)).json()
        return body

    def switch_on(self, fault: dict[str, Any]) -> None:
        """A fault, as the control plane takes it."""
        self.sandbox.faults.switch_on(fault)

    def throttle(self, *, times: int, delay: float | None) -> None:
        fault: dict[str, Any] = {"kind": "rate_limited", "count": times}
        self.switch_on(fault if delay is None else {**fault, "retry_after": int(delay)})

    def fail(self, *, times: int) -> None:
        self.switch_on({"kind": "status", "status": 500, "count": times})

    def lose_answer(self, sku: str) -> None:
        self.switch_on({"kind": "lost_answer", "count": 1, "sku": sku})

    def refuse(self, sku: str) -> None:
        self.switch_on({"kind": "refused_sku", "sku": sku})

    def mend(self) -> None:
        self.sandbox.faults.switch_off()

    def expire_token(self) -> None:
        raise AssertionError("its key does not end, and no test may ask")

    def revoke(self) -> None:
        self.switch_on({"kind": "key_revoked"})


def manomano_account(url: str, **changes: Any) -> ManomanoAccount:
    """An account of the stand-in's first contract."""
    account = ManomanoAccount(
        api_key=SecretStr(Seller().api_key),
        seller_contract_id=DEFAULT_CONTRACT,
        api_url=url,
        carrier_grids=(CarrierGrid(name=DEFAULT_GRID, shipping_time_min=2, shipping_time_max=5, carrier="BRT"),),
        page_size=50,
    )
    return account.model_copy(update=changes)


@asynccontextmanager
async def manomano_channel(rules: Rules | None = None, **changes: Any) -> AsyncIterator[ManomanoChannel]:
    """ManoMano; at the end every exchange must be one that the contract knows. changes: of the account."""
    inspector = Inspector(manomano_schemas()) if manomano_specs().is_dir() else None
    async with serve(rules=rules, observer=inspector) as serving:
        shop = serving.sandbox.shops[Seller().name, DEFAULT_CONTRACT]
        feed = FetchedFeed(lambda data: import_feed(shop, data))
        adapter = make_adapter("manomano", manomano_account(serving.url, **changes), Tools(items=feed))
        try:
            async with httpx.AsyncClient(base_url=serving.url) as http:
                yield ManomanoChannel(adapter, serving, feed, http)
        finally:
            await adapter.close()
    if inspector is not None and inspector.found:
        raise AssertionError("against ManoMano's contract:\n" + "\n".join(dict.fromkeys(inspector.found)))
