"""`marketsync unmapped` and `marketsync validate`, put together: products of one account are looked at, no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

from adapters.model import Listing, Problem
from adapters.registry import make_adapter
from consumer.bootstrap.previewing import catalogue, sold_of
from consumer.control.checking import learn_for, products_of
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.events import ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.findings import Findings
from consumer.listings.product import Product
from consumer.listings.rules import Unwanted
from consumer.listings.unmapped import Unmapped
from consumer.listings.validation import examine_event
from consumer.mongo import connect_async
from consumer.settings import Settings

Watch = Callable[[int], None]
"""Is told how many products have been looked at."""


def find_unmapped(settings: Settings, endpoints: Endpoints, account: Account, watch: Watch) -> Unmapped:
    """Everything the account has no mapping for. Raises MarketsyncError."""
    unmapped = Unmapped(account)

    async def run() -> None:
        async for events in _events(settings, endpoints, account, ()):
            for product in products_of(events, account):
                unmapped.add(product)
            watch(unmapped.products)

    asyncio.run(run())
    return unmapped


def validate(
    settings: Settings,
    endpoints: Endpoints,
    account: Account,
    codes: Sequence[str],
    see: Callable[[Product, Listing | Unwanted | list[Problem]], None],
) -> Findings:
    """Check products as a delivery would. codes: none = all. see: is told of each product.

    Raises MarketsyncError, also where a code is of no product.
    """
    findings = Findings()

    async def run() -> None:
        adapter = make_adapter(account.channel, account.settings)
        now = datetime.now(UTC)
        try:
            async for events in _events(settings, endpoints, account, codes):
                products = products_of(events, account)
                await learn_for(products, account, adapter, now)
                for event, product in zip(events, products, strict=True):
                    found = examine_event(event, account, adapter, now)
                    findings.add(product.entity_code, found)
                    see(product, found)
        finally:
            await adapter.close()

    asyncio.run(run())
    return findings


async def _events(
    settings: Settings, endpoints: Endpoints, account: Account, codes: Sequence[str]
) -> AsyncIterator[Sequence[ProductEvent]]:
    with catalogue(settings, endpoints) as products:
        async with connect_async(endpoints.mongodb_uri) as client:
            sold = sold_of(client[settings.place.database], account)
            if codes:
                yield _there(account, await products.find(account.tenant, codes, sold))
                return
            async for events in products.chunks(account.tenant, sold):
                yield events


def _there(account: Account, events: Sequence[ProductEvent]) -> Sequence[ProductEvent]:
    gone = [event.entity_code for event in events if event.product is None]
    if gone:
        raise MarketsyncError(f"{account.tenant} has no product {', '.join(gone)}: give its entity_code")
    return events
