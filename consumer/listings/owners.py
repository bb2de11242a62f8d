"""Which product a SKU on the channel is of, as far as it is ours."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.listings.state import Doubt
from consumer.mongo import AsyncCollection, Document


class OwnerStore:
    """Looks into the listings' own collection. Few are asked for, and seldom: there is no index of SKUs."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def owners(self, channel: str, tenant: str, account: str, skus: Sequence[str]) -> dict[str, str]:
        """SKU -> entity code, of listings of ours that are, or may be, on the channel. Raises PyMongoError."""
        there: Document = {
            "$or": [
                *({name: {"$ne": None}} for name in ("accepted", "intent", "submitted")),
                {"doubt": Doubt.EXISTENCE.name.lower()},
            ]
        }
        place: Document = {"channel": channel, "account": account, "tenant": tenant, "sku": {"$in": list(skus)}}
        found = self._collection.find(place | there, {"sku": True, "entity_code": True}, hint="by_status")
        return {document["sku"]: document["entity_code"] async for document in found}
