"""The history of listings in a real MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from consumer.embedded import Endpoints
from consumer.listings.history import COLLECTION, Entry, HistoryStore, Reason
from consumer.mongo import AsyncDatabase, Document, connect_async
from tests.majority import majority_has_all

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE = Entry(
    "ebay/default/shop/P-1",
    AT,
    Reason.CHANGE,
    "create",
    "accepted",
    "7",
    payload="a/b",
    price="9.90 EUR",
    quantity=3,
    reply="ok",
    waited=1.5,
    took=0.2,
)


@pytest_asyncio.fixture
async def database(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncDatabase[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        yield client[fresh_name]
        await client.drop_database(fresh_name)


async def test_the_newest_entries_of_one_listing_come_first(database: AsyncDatabase[Document]) -> None:
    store = HistoryStore(database[COLLECTION])
    other = replace(ONE, listing="ebay/default/shop/P-10")
    later = replace(ONE, at=AT + timedelta(seconds=1), outcome="held", payload=None, price=None, reply="")
    await store.write([ONE, other, later], 1)
    await majority_has_all(database)
    assert await store.of(ONE.listing) == [later, ONE]
    assert await store.of(other.listing) == [other]
    assert await store.of(ONE.listing, most=1) == [later]


async def test_two_entries_of_one_moment_are_both_kept(database: AsyncDatabase[Document]) -> None:
    store = HistoryStore(database[COLLECTION])
    await store.write([ONE, replace(ONE, outcome="refused")], 1)
    await majority_has_all(database)
    assert [entry.outcome for entry in await store.of(ONE.listing)] == ["refused", "accepted"]


async def test_how_long_they_are_kept_can_be_changed(database: AsyncDatabase[Document]) -> None:
    store = HistoryStore(database[COLLECTION])
    for days in (30, 30, 7):
        await store.keep_for(days)
    indexes = await database[COLLECTION].index_information()
    assert indexes["expiry"]["expireAfterSeconds"] == 7 * 86_400
