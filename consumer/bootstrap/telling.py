"""One product's listings with their history, for `marketsync history`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from consumer.embedded import Endpoints
from consumer.listings.codec import from_document
from consumer.listings.history import COLLECTION as HISTORY
from consumer.listings.history import Entry, HistoryStore
from consumer.listings.state import ListingState
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class Told:
    """A listing, and what happened to it, newest first."""

    state: ListingState
    entries: Sequence[Entry]


def tell_product(settings: Settings, endpoints: Endpoints, code: str, *, tenant: str = "", most: int) -> list[Told]:
    """All listings of a product. tenant: "" = of every tenant. most: entries of each.

    Raises UnavailableError, UnreadableStateError.
    """
    try:
        return asyncio.run(_tell(settings, endpoints, code, tenant, most))
    except PyMongoError as error:
        raise unavailable(error) from error


async def _tell(settings: Settings, endpoints: Endpoints, code: str, tenant: str, most: int) -> list[Told]:
    async with connect_async(endpoints.mongodb_uri) as client:
        database = client[settings.place.database]
        history = HistoryStore(database[HISTORY])
        query = {"entity_code": code} | ({"tenant": tenant} if tenant else {})
        documents = await database[LISTINGS].find(query).sort("_id", 1).to_list()
        states = [from_document(document) for document in documents]
        return [Told(state, await history.of(state.id, most)) for state in states]
