"""Listing states in MongoDB, collection `listings`. Every call is one round trip, lost races cost one more."""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Mapping, Sequence

from consumer.listings.state import ListingState, Status
from consumer.mongo import AsyncCollection, Document

COLLECTION = "listings"


class ListingStore:
    """Loads and stores listing states in bulk.

    Stores are compare-and-set on `revision`: of two processes that work on one listing, the second loses and is told.
    A store that raises may have had its effect: load again before going on.
    """

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Create what the queries below need. Idempotent."""

    async def load(self, ids: AnyCollection[str]) -> dict[str, ListingState]:
        """The states of these listings; unknown ones are absent."""
        raise NotImplementedError

    async def store_intents(self, states: Sequence[ListingState]) -> set[str]:
        """Store states before their calls. Returns the ids that lost the race: they must not be sent."""
        raise NotImplementedError

    async def store_outcomes(self, states: Sequence[ListingState]) -> set[str]:
        """Store states after their calls or plans. Returns the ids that lost the race: `mark_uncertain` them."""
        raise NotImplementedError

    async def mark_uncertain(self, ids: Iterable[str]) -> None:
        """Whatever else is stored: the newest state of these listings has to be sent again, whole."""
        raise NotImplementedError

    async def counts_by_status(self) -> Mapping[tuple[str, str, str], Mapping[Status, int]]:
        """(channel, account, tenant) -> how many listings have each status."""
        raise NotImplementedError

    async def problems(self, limit: int = 100) -> list[ListingState]:
        """Listings a person should look at: invalid, refused, given up. Last changed first."""
        raise NotImplementedError
