"""Since when each account has been followed without a hole: MongoDB, collection `followed_accounts`.

Whoever passes over an account's records, because it is off or was removed, says so here first. An account that comes
back, or is new, is read whole; from then on nothing of it is passed over, and it says so here.

And below which states of an account nothing is listed any more, because a whole reading brought all that is newer:
collection `account_floors`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from consumer.delivery.work import AccountKey
from consumer.events import Sequence
from consumer.mongo import AsyncCollection, Document

COLLECTION = "followed_accounts"
FLOORS = "account_floors"


@dataclass(frozen=True, slots=True)
class Entry:
    """followed: nothing was passed over since it was read whole. left: how often its records may have been."""

    followed: bool
    left: int


class AccountBook:
    """The accounts of one consumer group. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document], group: str) -> None:
        self._collection = collection
        self._group = group

    async def only(self, accounts: Iterable[AccountKey]) -> None:
        """Records of all others are passed over from now on."""
        ids = [self._id(account) for account in accounts]
        others = {"group": self._group, "_id": {"$nin": ids}}
        await self._collection.update_many(others, {"$set": {"followed": False}, "$inc": {"left": 1}})

    async def entries(self, accounts: Collection[AccountKey]) -> dict[AccountKey, Entry]:
        """What is written of these. Of one that is not known yet, that it is not followed."""
        found = await self._find(accounts)
        for account in accounts - found.keys():
            fresh = {"group": self._group, "followed": False, "left": 0}
            await self._collection.update_one({"_id": self._id(account)}, {"$setOnInsert": fresh}, upsert=True)
        return found if len(found) == len(accounts) else await self._find(accounts)

    async def read_whole(self, account: AccountKey, left: int) -> bool:
        """All of its products were read, or will be, since it was left so often. False: it was left once more."""
        change = {"$set": {"followed": True}}
        answer = await self._collection.update_one({"_id": self._id(account), "left": left}, change)
        return answer.matched_count > 0

    async def begin(self, accounts: Iterable[AccountKey]) -> None:
        """The group is new, and all of it is read for these."""
        for account in accounts:
            fresh = {"group": self._group, "followed": True, "left": 0}
            await self._collection.update_one({"_id": self._id(account)}, {"$setOnInsert": fresh}, upsert=True)

    async def _find(self, accounts: Collection[AccountKey]) -> dict[AccountKey, Entry]:
        names = {self._id(account): account for account in accounts}
        cursor = self._collection.find({"_id": {"$in": list(names)}})
        return {names[document["_id"]]: Entry(document["followed"], document["left"]) async for document in cursor}

    def _id(self, account: AccountKey) -> str:
        return f"{self._group}/{account}"


class FloorBook:
    """The floors of one channel's accounts. Keeps `floors.FloorBook`; a floor never sinks."""

    def __init__(self, collection: AsyncCollection[Document], channel: str) -> None:
        self._collection = collection
        self._channel = channel

    async def raise_to(self, account: AccountKey, partition: int, sequence: Sequence) -> None:
        """The floor of this partition is this high at least. The account's name "": of all of the tenant."""
        change = {"$max": {f"floors.{partition}": sequence}}
        await self._collection.update_one({"_id": self._id(account)}, change, upsert=True)

    async def floors(self, accounts: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[int, Sequence]]:
        """Account -> partition -> floor, as far as there are any."""
        names = {self._id(account): account for account in accounts}
        found = self._collection.find({"_id": {"$in": list(names)}})
        return {
            names[document["_id"]]: {int(number): Sequence(floor) for number, floor in document["floors"].items()}
            async for document in found
        }

    def _id(self, account: AccountKey) -> str:
        return f"{self._channel}/{account}"
