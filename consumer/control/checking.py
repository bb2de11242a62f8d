"""Before products are looked at: what the channel's own rules are, and what the channel itself says of a listing.

Nothing is sent. The channel's check costs a call and is slow, so that of a whole catalogue some listings only are asked
for, at the channel's pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime

from adapters.base import Adapter
from adapters.errors import AdapterError
from adapters.model import Listing, Operation
from consumer.control.preview import Preview
from consumer.events import ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import wanted
from consumer.listings.validation import examine

REFUSED = "refused"
"""The verdict where the channel says that it would refuse a listing."""
MOST_REHEARSED = 60
"""Listings of one catalogue for which the channel is asked."""

_SENT_WHOLE = frozenset({Operation.CREATE.value, Operation.REVISE_CONTENT.value})
_WORDS = "the channel says that it would refuse it"


async def learn_for(products: Iterable[Product], account: Account, adapter: Adapter, at: datetime) -> None:
    """Let the adapter fetch the rules that these products' listings are held against. at: now, UTC."""
    targets = (wanted(product, account, at).target for product in products)
    unknown = [target for target in targets if isinstance(target, Listing) and not adapter.knows(target)]
    if unknown:
        await adapter.learn(unknown)


def products_of(events: Iterable[ProductEvent], account: Account) -> list[Product]:
    """The products of these events, as the account reads them."""
    return [
        read_product(event.product, event.entity_code, text_language=account.text_language)
        for event in events
        if event.product is not None
    ]


class Rehearser:
    """Asks the channel itself. most: calls at most. sleep: waits so many seconds."""

    def __init__(
        self,
        account: Account,
        adapter: Adapter,
        at: datetime,
        *,
        most: int = MOST_REHEARSED,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._adapter = adapter
        self._at = at
        self._left = most
        self._sleep = sleep
        self._asked = False

    async def ask(self, found: Preview, event: ProductEvent) -> Preview:
        """The preview, with what the channel says; unchanged where it has no such check, or was asked often enough."""
        pace = self._adapter.rehearsals
        if pace <= 0 or self._left <= 0 or found.verdict not in _SENT_WHOLE or found.problems:
            return found
        products = products_of([event], self._account)
        listing = examine(products[0], self._account, self._adapter, self._at) if products else None
        if not isinstance(listing, Listing):
            return found
        if self._asked:
            await self._sleep(1.0 / pace)
        self._asked = True
        self._left -= 1
        try:
            problems = await self._adapter.rehearse(listing)
        except AdapterError as error:
            return replace(found, remarks=(*found.remarks, f"the channel could not be asked: {error.message}"))
        if not problems:
            return found
        return replace(found, verdict=REFUSED, words=_WORDS, problems=tuple(problems))
