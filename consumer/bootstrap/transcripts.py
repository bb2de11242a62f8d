"""What went over the wire for a product, for `marketsync exchanges`."""

from __future__ import annotations

import asyncio

from consumer.embedded import Endpoints
from consumer.listings.exchanges import COLLECTION, ExchangeStore, Kept
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings


def exchanges_of(
    settings: Settings, endpoints: Endpoints, code: str, *, tenant: str, channel: str, most: int
) -> dict[str, list[Kept]]:
    """By listing of the product, newest first. tenant, channel: "" = all. Raises UnavailableError."""

    async def read() -> dict[str, list[Kept]]:
        async with connect_async(endpoints.mongodb_uri) as client:
            database = client[settings.place.database]
            store = ExchangeStore(database[COLLECTION])
            named = {"entity_code": code, "tenant": tenant, "channel": channel}
            query = {name: value for name, value in named.items() if value}
            ids = [str(found["_id"]) async for found in database[LISTINGS].find(query, {"_id": True})]
            return {listing: await store.of(listing, most) for listing in sorted(ids)}

    try:
        return asyncio.run(read())
    except PyMongoError as error:
        raise unavailable(error) from error
