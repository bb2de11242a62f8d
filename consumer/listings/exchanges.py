"""Requests to channels and their replies as they were, without secrets: MongoDB, collection `exchanges`.

For people only: nothing is decided by it. Written beside the way of a change, with the primary's word alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from consumer.mongo import AsyncCollection, Document, written_by_primary
from consumer.mongo.expiry import expire

COLLECTION = "exchanges"


@dataclass(frozen=True, slots=True)
class Kept:
    """One request and its reply.

    listings: ids of those it was for. operation: of the commands. at: UTC, when it was sent; took: seconds. status:
    0 = no answer. request, reply: bodies as text, cut to a length. words: why there is no answer. missed: exchanges of
    the same call that were too many to keep.
    """

    at: datetime
    listings: tuple[str, ...]
    operation: str
    method: str
    url: str
    status: int
    took: float
    request: str
    reply: str
    words: str = ""
    missed: int = 0


_FIELDS = tuple(field.name for field in fields(Kept))


class ExchangeStore:
    """Writes and reads them. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = written_by_primary(collection)

    async def prepare(self, days: int) -> None:
        """They go after so many days, and are found by listing. Idempotent."""
        await expire(self._collection, "at", days)
        await self._collection.create_index([("listings", 1), ("at", -1)], name="listings")

    async def write(self, kept: Sequence[Kept]) -> None:
        """Add them."""
        await self._collection.insert_many([_document(one) for one in kept], ordered=False)

    async def of(self, listing: str, most: int = 20) -> list[Kept]:
        """The newest of a listing, newest first."""
        found = self._collection.find({"listings": listing}, {"_id": False}).sort("at", -1).limit(most)
        return [_kept(document) async for document in found]


def _document(kept: Kept) -> Document:
    return {name: getattr(kept, name) for name in _FIELDS}


def _kept(document: dict[str, Any]) -> Kept:
    return Kept(**{**document, "listings": tuple(document["listings"])})
