"""Open sales in MongoDB, collection `reservations`: one document per product, written by compare-and-set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapters.values import replace
from consumer.listings.sold import Reserved, Sale
from consumer.listings.state import ListingKey
from consumer.mongo import AsyncCollection, Document, DuplicateKeyError

COLLECTION = "reservations"

Product = tuple[str, str]
"""Tenant, entity code."""


class SalesBook:
    """Reads and writes them. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Make the index by which a group finds its variants. Idempotent."""
        await self._collection.create_index([("tenant", 1), ("parent", 1)], name="parent")

    async def of(self, listings: Iterable[ListingKey]) -> Mapping[str, Mapping[str, Reserved]]:
        """Tenant → entity code → what is open, of these products and of their variants."""
        codes: dict[str, set[str]] = defaultdict(set)
        for key in listings:
            codes[key.tenant].add(key.entity_code)
        found: dict[str, dict[str, Reserved]] = defaultdict(dict)
        for tenant, wanted in codes.items():
            own, of_groups = {"_id": {"$in": [f"{tenant}/{code}" for code in wanted]}}, {"$in": list(wanted)}
            query = {"$or": [own, {"tenant": tenant, "parent": of_groups}]}
            async for document in self._collection.find(query):
                found[tenant][document["entity_code"]] = _reserved(document)
        return found

    async def all(self) -> list[tuple[Product, Reserved]]:
        """Every product of which something is open."""
        return [((each["tenant"], each["entity_code"]), _reserved(each)) async for each in self._collection.find({})]

    async def change(self, product: Product, decide: Callable[[Reserved], Reserved]) -> tuple[Reserved, Reserved]:
        """Put what `decide` makes of what is stored in its place; asked again where another one was quicker.

        Returns what was there, and what is now.
        """
        tenant, code = product
        while True:
            stored = await self._collection.find_one({"_id": f"{tenant}/{code}"})
            before = Reserved() if stored is None else _reserved(stored)
            after = decide(before)
            if after == before or await self._put(product, after):
                return before, after

    async def _put(self, product: Product, after: Reserved) -> bool:
        """After the revision in it; False: somebody else has written meanwhile."""
        id_ = "/".join(product)
        if not after.sales:
            gone = await self._collection.delete_one({"_id": id_, "revision": after.revision})
            return after.revision == 0 or gone.deleted_count == 1
        document = _document(product, replace(after, revision=after.revision + 1))
        if after.revision == 0:
            try:
                await self._collection.insert_one({"_id": id_, **document})
            except DuplicateKeyError:
                return False
            return True
        query = {"_id": id_, "revision": after.revision}
        return (await self._collection.update_one(query, {"$set": document})).matched_count == 1


def _document(product: Product, reserved: Reserved) -> Document:
    tenant, code = product
    return {
        "tenant": tenant,
        "entity_code": code,
        "parent": reserved.parent,
        "seen": reserved.seen,
        "sales": [{"id": sale.id, "pieces": sale.pieces, "until": sale.until} for sale in reserved.sales],
        "revision": reserved.revision,
    }


def _reserved(document: Mapping[str, Any]) -> Reserved:
    return Reserved(
        seen=document["seen"],
        sales=tuple(Sale(each["id"], each["pieces"], each["until"]) for each in document["sales"]),
        parent=document["parent"],
        revision=document["revision"],
    )
