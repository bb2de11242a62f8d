"""Listings that a person took down by request: withdrawn until somebody asks for them again.

The mark stands beside the listing's state and is never stored with it. Setting or taking it moves the revision, so that
a plan made before it cannot be carried out after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from consumer.events import Sequence
from consumer.listings.codec import to_document
from consumer.listings.state import ListingKey, ListingState, Status
from consumer.mongo import AsyncCollection, Document, UpdateOne
from consumer.partitions import partition_of

_NEVER_PLANNED = Sequence("0" * 24)


class Withholding:
    """Marks listings in the collection `listings`. partitions: of every topic keyed by product."""

    def __init__(self, collection: AsyncCollection[Document], partitions: int) -> None:
        self._collection = collection
        self._partitions = partitions

    async def withhold(self, keys: Iterable[ListingKey], words: str, at: float) -> None:
        """From now on these are not wanted, also those that nobody has planned yet. words: who asked.

        at: seconds since 1970. Raises PyMongoError; done again it does no harm.
        """
        time = datetime.fromtimestamp(int(at), UTC)
        writes = [self._mark(key, words, time) for key in keys]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def allow(self, keys: Iterable[ListingKey]) -> None:
        """These are wanted again, as far as their products and rules say so. Raises PyMongoError."""
        query = {"_id": {"$in": [str(key) for key in keys]}, "withheld": {"$gt": ""}}
        await self._collection.update_many(query, {"$unset": {"withheld": True}, "$inc": {"revision": 1}})

    def _mark(self, key: ListingKey, words: str, at: datetime) -> UpdateOne:
        unknown = ListingState(str(key), 1, _NEVER_PLANNED, Status.UNLISTED, at, at)
        document = to_document(unknown)
        del document["_id"], document["revision"]
        document["partition"] = partition_of(key.tenant, key.entity_code, self._partitions)
        change = {"$set": {"withheld": words}, "$inc": {"revision": 1}, "$setOnInsert": document}
        return UpdateOne({"_id": str(key)}, change, upsert=True)
