"""What a channel says of a listing by itself is a hint: the listing is read back soon, and only that counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from consumer.mongo import AsyncCollection, Document


class Hints:
    """listings: their collection. clock: UTC. Methods raise PyMongoError."""

    def __init__(self, listings: AsyncCollection[Document], clock: Callable[[], datetime]) -> None:
        self._listings = listings
        self._clock = clock

    async def look_again(self, channel: str, skus: Sequence[str], tenant: str = "") -> int:
        """Have these listings read back now, in all accounts; tenant: "" = of every tenant. Returns how many.

        Only listings that were read back before: the others are going to be anyhow.
        """
        if not skus:
            return 0
        whose = {"tenant": tenant} if tenant else {}
        query: Document = {"channel": channel, "sku": {"$in": list(skus)}, "seen": {"$ne": None}} | whose
        changed = await self._listings.update_many(query, {"$set": {"seen.again": self._clock()}})
        return changed.modified_count
