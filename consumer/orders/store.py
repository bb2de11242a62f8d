"""Orders in MongoDB, collection `orders`, and how far each account was read, collection `order_positions`.

Personal data is encrypted by the accounts' machinery and bound to its order: copied to another one it does not open.
After its time it is removed, and it does not come back when the channel shows the order again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.orders import Order, OrderStatus
from consumer.errors import MarketsyncError
from consumer.mongo import AsyncCollection, AsyncDatabase, Document, DuplicateKeyError
from consumer.mongo.encryption import Cipher
from consumer.orders.stored import Happening, OrderEvent, StoredOrder, personal, read

COLLECTION = "orders"
POSITIONS = "order_positions"

_WAITING = [
    status.value
    for status in (
        OrderStatus.PENDING,
        OrderStatus.TO_ACCEPT,
        OrderStatus.TO_SHIP,
        OrderStatus.PARTLY_SHIPPED,
        OrderStatus.UNKNOWN,
    )
]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders of an account, "tenant/channel/account", in one status. oldest: when the first of them was placed, UTC."""

    account: str
    status: str
    orders: int
    oldest: datetime


class OrderStore:
    """keep: seconds after the last change that personal data is kept. Methods raise PyMongoError, MarketsyncError."""

    def __init__(self, database: AsyncDatabase[Document], cipher: Cipher, *, keep: float) -> None:
        self._orders: AsyncCollection[Document] = database[COLLECTION]
        self._positions: AsyncCollection[Document] = database[POSITIONS]
        self._cipher = cipher
        self._keep = timedelta(seconds=keep)

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        await self._orders.create_index([("account", 1), ("placed_at", -1)], name="account")
        # Few are in it, and all of what is counted.
        await self._orders.create_index(
            [("account", 1), ("order.status", 1), ("placed_at", 1)],
            name="waiting",
            partialFilterExpression={"order.status": {"$in": _WAITING}},
        )
        await self._orders.create_index([("personal_until", 1)], name="personal_until", sparse=True)
        await self._orders.create_index(
            [("first_waiting", 1)], name="unpublished", partialFilterExpression={"first_waiting": {"$exists": True}}
        )

    async def take(self, account: str, order: Order, at: datetime) -> bool:
        """Store what the channel showed. account: "tenant/channel/account". Returns whether it was news."""
        id_ = f"{account}/{order.order_id}"
        while True:
            found = await self._orders.find_one({"_id": id_})
            after = read(None if found is None else _stored(found), order, at)
            if after is None:
                return False
            document = _document(account, order, after)
            if found is None or not found.get("erased"):
                document |= await self._sealed(id_, order, at)
            if await self._put(id_, found, document):
                return True

    async def position(self, account: str) -> datetime | None:
        """Up to when all changes of the account are stored; None = it was never read."""
        found = await self._positions.find_one({"_id": account})
        return None if found is None else found["until"]

    async def reached(self, account: str, until: datetime) -> None:
        """All changes up to then are stored. Never goes back."""
        await self._positions.update_one({"_id": account}, {"$max": {"until": until}}, upsert=True)

    async def unpublished(self, most: int) -> list[tuple[str, OrderEvent]]:
        """Order id, with its account, and the events that wait; of one order the oldest first."""
        found = self._orders.find({"first_waiting": {"$exists": True}}).sort("first_waiting", 1).limit(most)
        return [(each["_id"], event) async for each in found for event in _stored(each).unpublished]

    async def published(self, numbers: Mapping[str, int]) -> None:
        """The events up to these numbers are in Kafka. numbers: order id -> number of its newest one."""
        for id_, number in numbers.items():
            keep = {"$filter": {"input": "$unpublished", "cond": {"$gt": ["$$this.number", number]}}}
            left = {"$cond": [{"$eq": [{"$size": "$unpublished"}, 0]}, "$$REMOVE", "$first_waiting"]}
            stages: list[Document] = [{"$set": {"unpublished": keep}}, {"$set": {"first_waiting": left}}]
            stages.append({"$set": {"revision": {"$add": ["$revision", 1]}}})
            await self._orders.update_one({"_id": id_}, stages)

    async def booked(self, order: str) -> frozenset[str]:
        """Lines of the order whose pieces were kept back once. order: its id, with its account."""
        found = await self._orders.find_one({"_id": order}, {"booked": True})
        return frozenset(() if found is None else found.get("booked", ()))

    async def book(self, order: str, lines: Iterable[str], freed: Iterable[str]) -> None:
        """The pieces of these lines were kept back; those of `freed` are not any more."""
        booked = {"$setUnion": [{"$ifNull": ["$booked", []]}, list(lines)]}
        await self._orders.update_one({"_id": order}, [{"$set": {"booked": {"$setDifference": [booked, list(freed)]}}}])

    async def find(self, account: str, order_id: str) -> Document | None:
        """One order, its personal data still closed."""
        return await self._orders.find_one({"_id": f"{account}/{order_id}"})

    async def newest(self, tenant: str, most: int, *, account: str = "", status: str = "") -> Sequence[Document]:
        """The newest orders of a tenant, their personal data left out. account: "" = all of them. status: the same."""
        query: Document = {"tenant": tenant} if tenant else {}
        query |= {"account": account} if account else {}
        query |= {"order.status": status} if status else {}
        return await self._orders.find(query, {"personal": False}).sort("placed_at", -1).limit(most).to_list()

    async def waiting(self) -> list[Waiting]:
        """What is not sent and not off, by account and status."""
        group = {
            "_id": {"account": "$account", "status": "$order.status"},
            "orders": {"$sum": 1},
            "oldest": {"$min": "$placed_at"},
        }
        stages: list[Document] = [{"$match": {"order.status": {"$in": _WAITING}}}, {"$group": group}]
        cursor = await self._orders.aggregate(stages, hint="waiting")
        return [Waiting(**row["_id"], orders=row["orders"], oldest=row["oldest"]) async for row in cursor]

    async def personal(self, document: Document) -> dict[str, Any] | None:
        """Who bought; None where it was removed."""
        if "personal" not in document:
            return None
        opened = await self._cipher.decrypt(document["personal"])
        if opened["order"] != document["_id"]:
            raise MarketsyncError(f"order {document['_id']}: its personal data was copied here from another order")
        found: dict[str, Any] = opened["personal"]
        return found

    async def forget_due(self, at: datetime) -> int:
        """Remove personal data whose time is over. Returns of how many orders."""
        change = {"$unset": {"personal": True, "personal_until": True}, "$set": {"erased": at}, "$inc": {"revision": 1}}
        return (await self._orders.update_many({"personal_until": {"$lte": at}}, change)).modified_count

    async def erase_buyer(self, channel: str, logins: frozenset[str], at: datetime) -> int:
        """Remove the personal data of these buyers' orders on a channel. Returns how many."""
        erased = 0
        query = {"channel": channel, "personal": {"$exists": True}}
        async for found in self._orders.find(query):
            who = await self.personal(found)
            if who is not None and who["buyer"]["login"] in logins:
                change: Document = {"$unset": {"personal": True, "personal_until": True}, "$set": {"erased": at}}
                erased += (await self._orders.update_one({"_id": found["_id"]}, change)).modified_count
        return erased

    async def _sealed(self, id_: str, order: Order, at: datetime) -> Document:
        key = (await self._cipher.current_key()).id
        sealed = await self._cipher.encrypt({"order": id_, "personal": personal(order)}, key)
        return {"personal": sealed, "personal_until": max(order.changed_at, at) + self._keep}

    async def _put(self, id_: str, found: Document | None, document: Document) -> bool:
        """False: somebody else has written meanwhile."""
        if found is None:
            try:
                await self._orders.insert_one({"_id": id_, **document})
            except DuplicateKeyError:
                return False
            return True
        query = {"_id": id_, "revision": found["revision"], "erased": found.get("erased")}
        return (await self._orders.update_one(query, {"$set": document})).matched_count == 1


def _document(account: str, order: Order, after: StoredOrder) -> Document:
    return {
        "account": account,
        "tenant": account.partition("/")[0],
        "channel": account.split("/")[1],
        "order_id": order.order_id,
        "placed_at": order.placed_at,
        "changed_at": after.changed_at,
        "order": after.order,
        "revision": after.revision + 1,
        "number": after.number,
        "first_waiting": after.unpublished[0].at,
        "unpublished": [
            {"number": each.number, "happening": each.happening.value, "at": each.at, "order": each.order}
            for each in after.unpublished
        ],
    }


def _stored(document: Mapping[str, Any]) -> StoredOrder:
    return StoredOrder(
        order=document["order"],
        changed_at=document["changed_at"],
        revision=document["revision"],
        number=document["number"],
        unpublished=tuple(
            OrderEvent(each["number"], Happening(each["happening"]), each["at"], each["order"])
            for each in document["unpublished"]
        ),
    )
