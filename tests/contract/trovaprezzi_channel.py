"""A shop on Trovaprezzi for the contract suite: the file is read again whenever somebody looks.

What a channel cannot do that only reads a file: it counts no calls, it gives no tokens, and no seller can take a
consent back. It refuses an offer where another one has its code.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import NoReturn

import pytest

from adapters.base import Adapter
from adapters.errors import ChannelUnavailableError
from adapters.feeds import FeedItem, StoredItem, Tools
from adapters.memory_feeds import MemoryFeedItems
from adapters.model import Listing
from adapters.registry import make_adapter
from adapters.trovaprezzi import TrovaprezziAccount, TrovaprezziFormat
from adapters.trovaprezzi.mapping import OFFER_TAGS
from adapters.xml import read_children
from tests.contract.channels import Channel, Shown, mug

FORMAT = TrovaprezziFormat()
LINK = "https://shop.example/p/{sku}"


class ReadAtOnce(MemoryFeedItems):
    """Items whose file is published whenever somebody asks what buyers see."""

    async def read(self, listings: Sequence[str]) -> Sequence[StoredItem]:
        self.publish(FORMAT)
        return await super().read(listings)


class TrovaprezziChannel:
    """Trovaprezzi: buyers see what stands in the file."""

    name = "trovaprezzi"
    has_tokens = False

    def __init__(self) -> None:
        self.items = ReadAtOnce()
        self.adapter: Adapter = make_adapter("trovaprezzi", TrovaprezziAccount(link=LINK), Tools(self.items))
        self._refused: set[str] = set()

    def listing(self, sku: str) -> Listing:
        return replace(mug(sku), category="Casa; Tazze")

    async def listings(self, sku: str) -> list[Shown]:
        file = self.items.publish(FORMAT)
        if self.items.items:
            findings = [found for found in FORMAT.check(io.BytesIO(file)) if found.rule != "empty"]
            assert findings == []
        found = [dict(node.texts) for node in read_children(io.BytesIO(file)) if node.raw is not None]
        return [_shown(texts) for texts in found if texts["Code"] == sku]

    async def writes(self) -> int:
        return self.items.writes

    def throttle(self, *, times: int, delay: float | None) -> None:
        self._cannot("it is never called, so it counts no calls")

    def fail(self, *, times: int) -> None:
        self.items.faults = deque([ChannelUnavailableError("Away")] * times)

    def lose_answer(self, sku: str) -> None:
        self.items.lost.append(ChannelUnavailableError("No answer", effect_unknown=True))

    def refuse(self, sku: str) -> None:
        """Another product has the same code, but for its capitals."""
        other = sku.swapcase()
        body = f"<Offer><Name>A</Name><Price>1.00</Price><Code>{other}</Code><Link>https://shop.example/1</Link>"
        body += "<Stock>1</Stock><Categories>a</Categories></Offer>"
        item = FeedItem(key=sku.casefold(), sku=other, listing=other, body=body.encode())
        self.items.items[item.key] = StoredItem(item)
        self._refused.add(item.key)

    def mend(self) -> None:
        for key in self._refused:
            del self.items.items[key]
        self._refused.clear()
        self.items.faults.clear()
        self.items.lost.clear()

    def expire_token(self) -> None:
        self._cannot("it has no tokens")

    def revoke(self) -> None:
        self._cannot("there is no credential: it reads a file")

    def _cannot(self, why: str) -> NoReturn:
        pytest.skip(f"{self.name}: {why}")


@asynccontextmanager
async def trovaprezzi_channel() -> AsyncIterator[Channel]:
    """Its contract is the schema beside its adapter, which the whole file is held against whenever it is read."""
    yield TrovaprezziChannel()


def _shown(texts: Mapping[str, str]) -> Shown:
    content = {tag: text for tag, text in texts.items() if tag not in OFFER_TAGS}
    return Shown(texts["Name"], Decimal(texts["Price"]), int(texts["Stock"]), content)
