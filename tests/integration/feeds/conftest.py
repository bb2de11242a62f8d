"""A feed of its own for each test, in a real MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.feeds import Feed, FeedItem, FeedRules, Tools
from adapters.model import Command, Operation
from adapters.registry import make_adapter
from adapters.trovaprezzi import TrovaprezziAdapter, TrovaprezziFormat
from consumer.embedded import Endpoints
from consumer.feeds.builder import Built, FeedBuilder
from consumer.feeds.items import FeedItemStore
from consumer.feeds.model import FeedKey, FeedState
from consumer.feeds.store import FeedStore
from consumer.mongo import Database, Document, connect, connect_async
from tests.unit.adapters.trovaprezzi import make_offer, make_shop

FEED = Feed(TrovaprezziFormat(), FeedRules(interval=60, shrink_share=0.2, shrink_count=2))
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_item(code: str, price: str = "9.90") -> FeedItem:
    """An item as an adapter would write it."""
    body = (
        f"<Offer><Name>{code}</Name><Price>{price}</Price><Code>{code}</Code><Link>https://shop.example/{code}</Link>"
    )
    body += "<Categories>casa</Categories></Offer>\n"
    return FeedItem(key=code.casefold(), sku=code, listing=code, body=body.encode(), title=code, category="casa")


@dataclass
class World:
    """One feed. now: the clock of builders, moved by the test."""

    uri: str
    database: Database[Document]
    key: FeedKey = field(default_factory=lambda: FeedKey("acme", "trovaprezzi", "main"))
    now: datetime = START

    @property
    def store(self) -> FeedStore:
        return FeedStore(self.database)

    def state(self) -> FeedState:
        found = self.store.find(self.key)
        assert found is not None
        return found

    def builder(self, may_go_on: Callable[[], bool] = lambda: True) -> FeedBuilder:
        builder = FeedBuilder(self.database, now=lambda: self.now, may_go_on=may_go_on)
        builder.store.files.ensure_indexes()
        return builder

    def build(self, feed: Feed = FEED) -> Built:
        """A build, a minute later than the last."""
        self.now += timedelta(minutes=1)
        return self.builder().build(self.key, feed)

    def file(self) -> str:
        """The published file."""
        published = self.state().published
        assert published is not None
        return b"".join(self.store.files.read(published.plain.id)).decode()

    @asynccontextmanager
    async def items(self, kind: type[FeedItemStore] = FeedItemStore) -> Any:
        async with connect_async(self.uri) as client:
            yield kind(client[self.database.name], self.key)

    async def put(self, *items: FeedItem) -> None:
        async with self.items() as store:
            assert await store.put(items) == {}

    async def remove(self, *codes: str) -> None:
        async with self.items() as store:
            await store.remove([code.casefold() for code in codes])

    async def sell(self, codes: Sequence[str], operation: Operation = Operation.CREATE, **changes: Any) -> None:
        """What delivery does: commands through the adapter."""
        async with self.items() as store:
            adapter = make_adapter("trovaprezzi", make_shop(), Tools(store))
            assert isinstance(adapter, TrovaprezziAdapter)
            listings = [make_offer(sku=code, **changes) for code in codes]
            outcomes = await adapter.apply([Command(operation, one.sku, one) for one in listings])
            assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)


@pytest.fixture
def world(servers: Endpoints, fresh_name: str) -> Iterator[World]:
    name = f"marketsync-{fresh_name}"
    with connect(servers.mongodb_uri) as client:
        yield World(servers.mongodb_uri, client[name])
        client.drop_database(name)
