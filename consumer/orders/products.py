"""What the SKUs of an order stand for, and what every account offers of it made due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from consumer.events import Sequence
from consumer.listings.debts import Debt, DebtStore
from consumer.listings.owed import Cause
from consumer.listings.reader import read_product
from consumer.listings.sales import Product
from consumer.listings.sold import stock_of
from consumer.listings.state import ListingKey
from consumer.mongo import AsyncCollection, Document
from consumer.mongo.documents import decode_leniently
from consumer.mongo.tenant_products import TenantProducts
from consumer.orders.booking import Sku

_STOCK_LANE = 0
"""The lane of withdrawals and of stock that is gone: nothing goes before it."""


class SoldProducts:
    """accounts: ids of all accounts there are. Methods raise PyMongoError, MarketsyncError."""

    def __init__(
        self,
        listings: AsyncCollection[Document],
        debts: DebtStore,
        pim: TenantProducts,
        accounts: Callable[[], Iterable[str]],
        now: Callable[[], datetime],
    ) -> None:
        self._listings = listings
        self._debts = debts
        self._pim = pim
        self._accounts = accounts
        self._now = now

    async def find(self, account: str, skus: Iterable[str]) -> Mapping[str, Sku]:
        """SKU -> what it stands for, of those that the PIM has. A SKU that is no listing's may be an entity code."""
        tenant = account.partition("/")[0]
        codes = await self._codes(account, set(skus))
        reading = await asyncio.to_thread(self._pim.read, tenant, list(codes.values()))
        found: dict[str, Sku] = {}
        for sku, code in codes.items():
            raw = None if reading is None else reading.documents.get(code)
            if raw is not None:
                product = read_product(decode_leniently(raw), code)
                found[sku] = Sku((tenant, code), 1, product.parent or "", stock_of(product))
        return found

    async def owe(self, products: Iterable[tuple[Product, str]]) -> None:
        """The listings of these products, and of the groups they are sold in, are due on every account."""
        at = self._now()
        ids: dict[str, ListingKey] = {}
        for (tenant, code), parent in products:
            for account in self._accounts():
                owner, channel, name = account.split("/", 2)
                if owner == tenant:
                    keys = [ListingKey(channel, name, tenant, each) for each in {code, parent} - {""}]
                    ids |= {str(key): key for key in keys}
        there = await self._listings.find({"_id": {"$in": list(ids)}}, {"_id": True}).to_list()
        nothing = Sequence("")
        debts = [Debt(ids[each["_id"]], Cause.SOLD, at, nothing, lane=_STOCK_LANE, beside=True) for each in there]
        await self._debts.mark(debts, at)

    async def _codes(self, account: str, skus: set[str]) -> dict[str, str]:
        """SKU -> entity code."""
        tenant, channel, name = account.split("/", 2)
        place: Document = {"tenant": tenant, "channel": channel, "account": name, "sku": {"$in": list(skus)}}
        found = {each["sku"]: each["entity_code"] async for each in self._listings.find(place)}
        return {sku: found.get(sku, sku) for sku in skus}
