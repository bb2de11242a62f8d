"""Which consumer groups have had offsets: Kafka forgets those of an idle group, and then it looks like a new one.

Collection `groups`, one document per group.
"""

from __future__ import annotations

from consumer.mongo import AsyncCollection, Document

COLLECTION = "groups"


class GroupBook:
    """What we remember of groups. All methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def had_offsets(self, group: str) -> bool | None:
        """Whether the group had offsets when it was seen last; None where it was never seen."""
        found = await self._collection.find_one({"_id": group})
        return None if found is None else bool(found["offsets"])

    async def remember(self, group: str, *, offsets: bool) -> None:
        """The group has offsets, or has begun without any."""
        await self._collection.update_one(
            {"_id": group}, {"$set": {"offsets": offsets}, "$currentDate": {"seen": True}}, upsert=True
        )
