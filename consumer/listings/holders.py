"""Which listings of an account show which products, where products move between groups and listings of their own.

A SKU must not stand on the channel twice: who is to show it asks first whether another listing shows it still.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from consumer.listings.state import Doubt, ListingKey
from consumer.mongo import AsyncCollection, Document

GROUP_INDEX = "by_group"
GROUP_KEYS = ("channel", "tenant", "account", "group")
MEMBERS_INDEX = "by_member"
MEMBERS_KEYS = ("channel", "tenant", "account", "members")

Place = tuple[str, str, str]
"""Channel, tenant, account."""


class Holder(NamedTuple):
    """A listing and what a buyer may see in it. skus: the group's variants, or the one that is sold by itself."""

    entity_code: str
    skus: frozenset[str]


class Holders:
    """Reads the collection `listings`. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def of(self, place: Place, products: Mapping[str, str]) -> list[Holder]:
        """The listings that show, or may show, any of these products. products: entity code -> SKU."""
        channel, tenant, account = place
        own = [str(ListingKey(channel, account, tenant, code)) for code in products]
        members = {
            "channel": channel,
            "tenant": tenant,
            "account": account,
            "members": {"$in": list(products.values()), "$gt": ""},
        }
        there = [
            *({name: {"$ne": None}} for name in ("accepted", "intent", "submitted")),
            {"doubt": Doubt.EXISTENCE.name.lower()},
        ]
        alone = {"_id": {"$in": own}, "members": {"$in": [[], None]}, "$or": there}
        fields = {"entity_code": True, "members": True, "sku": True}
        found = await self._collection.find(alone, fields).to_list()
        found += await self._collection.find(members, fields, hint=MEMBERS_INDEX).to_list()
        return [_holder(document) for document in found]

    async def variants(self, place: Place, parents: Collection[str]) -> list[tuple[str, str]]:
        """(parent, entity code) of the products that were sold in the groups of these when they were planned last."""
        channel, tenant, account = place
        query = {"channel": channel, "tenant": tenant, "account": account, "group": {"$in": list(parents), "$gt": ""}}
        found = await self._collection.find(query, {"entity_code": True, "group": True}, hint=GROUP_INDEX).to_list()
        pairs = [(document["group"], document["entity_code"]) for document in found]
        return [(group, code) for group, code in pairs if group != code]


def _holder(document: Document) -> Holder:
    return Holder(document["entity_code"], frozenset(document.get("members") or (document["sku"],)))


def taken_from(holders: Iterable[Holder], asking: str, products: Mapping[str, str]) -> dict[str, str]:
    """SKU -> entity code of the listing that shows it, of those that the asking one is to show. Pure."""
    wanted = frozenset(products.values())
    return {
        sku: holder.entity_code for holder in holders if holder.entity_code != asking for sku in holder.skus & wanted
    }
