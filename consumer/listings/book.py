"""Listings as a person leafs through them: pages, one product's, one listing with its history. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consumer.listings.codec import from_document
from consumer.listings.history import Entry, HistoryStore
from consumer.listings.state import ListingKey, ListingState, Status
from consumer.listings.store import PROBLEM_STATUSES
from consumer.mongo import AsyncCollection, Document


@dataclass(frozen=True, slots=True)
class Told:
    """A listing, and what happened to it, newest first."""

    state: ListingState
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which listings of one account, or of one product. status: None = any."""

    channel: str
    account: str
    status: Status | None = None


class ListingBook:
    """The listings of all tenants; each method shows those of one. Methods raise PyMongoError, UnreadableStateError."""

    def __init__(self, listings: AsyncCollection[Document], history: HistoryStore) -> None:
        self._listings = listings
        self._history = history

    async def page(self, tenant: str, which: ListingFilter, after: str, most: int) -> list[ListingState]:
        """Those of one account by id, from the one after `after` ("" = from the first), at most so many."""
        account = f"{which.channel}/{which.account}/{tenant}/"
        # Ids of an account are one range of the primary index: a page costs what it shows, however many there are.
        query: Document = {"_id": {"$gt": max(account, after), "$lt": account[:-1] + "0"}}
        if which.status is not None:
            query |= {
                "channel": which.channel,
                "account": which.account,
                "tenant": tenant,
                "status": which.status.value,
            }
        found = self._listings.find(query).sort("_id", 1).limit(most)
        return [from_document(document) async for document in found]

    async def of_product(self, tenant: str, entity_code: str) -> list[ListingState]:
        """A product's listings on all accounts."""
        found = self._listings.find({"tenant": tenant, "entity_code": entity_code}).sort("_id", 1)
        return [from_document(document) async for document in found]

    async def one(self, key: ListingKey) -> ListingState | None:
        """One listing, None where no account has planned it."""
        document = await self._listings.find_one({"_id": str(key)})
        return None if document is None else from_document(document)

    async def history(self, listing: str, most: int) -> list[Entry]:
        """What happened to a listing, newest first."""
        return await self._history.of(listing, most)

    async def told(self, tenant: str, entity_code: str, most: int) -> list[Told]:
        """A product's listings with the newest entries of each."""
        return [Told(state, await self.history(state.id, most)) for state in await self.of_product(tenant, entity_code)]

    async def in_trouble(self, tenant: str, most: int) -> list[ListingState]:
        """The newest that the channel or our own checks refused."""
        statuses = [status.value for status in PROBLEM_STATUSES]
        query = {"status": {"$in": statuses}, "tenant": tenant}
        found = self._listings.find(query).sort("updated_at", -1).limit(most)
        return [from_document(document) async for document in found]

    async def ping(self) -> None:
        """Raises PyMongoError where the database does not answer."""
        await self._listings.find_one({"_id": ""}, {"_id": 1})
