"""Marks of owed listings in MongoDB, in the listings' own documents: made, found when due, moved ahead, paid.

No mark touches a listing's revision, so none ever costs a process that works on it the race; only what is paid does.
Every method is one or two round trips; all raise PyMongoError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from consumer.events import Sequence as EventSequence
from consumer.listings.codec import read_owed, to_document
from consumer.listings.marks import Claim, Debt, Found, Payment, claimed_by, kept_beside, marking
from consumer.listings.owed import Cause
from consumer.listings.state import Doubt, ListingKey, ListingState, Status
from consumer.mongo import AsyncCollection, Document, ObjectId, UpdateOne
from consumer.partitions import partition_of

__all__ = ["Claim", "Debt", "DebtStore", "Found", "Payment", "marking"]

OWED_INDEX = "owed"
URGENT_INDEX = "urgent"
PRICE_DUE_INDEX = "price_due"
# Of what is more urgent than any text: it is found whatever else is owed.
URGENT_KEYS = ("channel", "tenant", "account", "partition", "owed.lane", "owed.due")
PRICE_DUE_KEYS = ("channel", "tenant", "account", "partition", "figures.due")

_NEVER_PLANNED = EventSequence("")


class DebtStore:
    """The marks. partitions: of every topic keyed by product. new_stamp: makes each mark distinct."""

    def __init__(
        self,
        collection: AsyncCollection[Document],
        partitions: int,
        new_stamp: Callable[[], ObjectId] = ObjectId,
    ) -> None:
        self._collection = collection
        self._partitions = partitions
        self._new_stamp = new_stamp

    async def mark(self, debts: Iterable[Debt], at: datetime) -> None:
        """Mark these listings. A mark that stands already keeps its `since`, and whatever it said about a gap."""
        writes = [UpdateOne({"_id": str(debt.key)}, [{"$set": self._marked(debt, at)}], upsert=True) for debt in debts]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def pay(self, payments: Iterable[Payment]) -> None:
        """These are not owed any more, unless they were marked anew or written by another process meanwhile.

        The revision moves: a process that planned on the mark loses the race, for nothing would stand for its intent.
        """
        writes = [
            UpdateOne(
                {"_id": paid.listing, "owed.mark": paid.mark, "revision": paid.revision},
                {"$unset": {"owed": True}, "$inc": {"revision": 1}},
            )
            for paid in payments
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def due(
        self, account: tuple[str, str, str], partitions: Iterable[int], at: datetime, most: int, *, urgent: int = -1
    ) -> list[Found]:
        """Up to `most` listings that are owed and due, longest due first. account: channel, tenant, name.

        urgent: only those of this lane and more urgent ones; -1 = all.
        """
        channel, tenant, name = account
        query = {
            "channel": channel,
            "tenant": tenant,
            "account": name,
            "partition": {"$in": list(partitions)},
            "owed.due": {"$lte": at},
        }
        if urgent >= 0:
            query["owed.lane"] = {"$lte": urgent}
        found = self._collection.find(query, {"partition": True, "owed": True, "group": True}, batch_size=most)
        documents = await found.sort("owed.due", 1).limit(most).to_list()
        return [_found(document) for document in documents]

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        """Move these marks ahead. Returns the ids of those that were paid or made anew meanwhile: they are left alone.

        A claim is a mark of its own: what was planned before it does not pay it.
        """
        if not claims:
            return set()
        stamp = str(self._new_stamp())
        writes = [
            UpdateOne(
                {"_id": str(claim.found.key), "owed.mark": claim.found.owed.mark}, {"$set": claimed_by(claim, stamp)}
            )
            for claim in claims
        ]
        result = await self._collection.bulk_write(writes, ordered=False)
        if result.matched_count == len(claims):
            return set()
        ids = {str(claim.found.key) for claim in claims}
        query = {"_id": {"$in": list(ids)}, "owed.mark": stamp}
        won = await self._collection.find(query, {"_id": True}, batch_size=len(claims)).to_list()
        return ids - {document["_id"] for document in won}

    async def take_over(
        self, account: tuple[str, str, str], partitions: Iterable[int], *, until: datetime, at: datetime
    ) -> int:
        """Whatever sweeps had at work in these partitions is due now. until: when the latest such claim ends.

        Returns how many.
        """
        channel, tenant, name = account
        query = {
            "channel": channel,
            "tenant": tenant,
            "account": name,
            "partition": {"$in": list(partitions)},
            "owed.due": {"$gt": at, "$lte": until},
            "owed.claimed": True,
        }
        changes = {"owed.due": at, "owed.claimed": False}
        return (await self._collection.update_many(query, {"$set": changes})).modified_count

    async def counts(self, channel: str, partitions: Iterable[int]) -> dict[tuple[str, str], tuple[int, datetime]]:
        """("tenant/account", cause) → how many of these partitions are owed, and since when the first of them."""
        query = {"channel": channel, "partition": {"$in": list(partitions)}, "owed.due": {"$exists": True}}
        group = {
            "_id": {"tenant": "$tenant", "account": "$account", "cause": "$owed.cause"},
            "count": {"$sum": 1},
            "since": {"$min": "$owed.since"},
        }
        cursor = await self._collection.aggregate([{"$match": query}, {"$group": group}], hint=OWED_INDEX)
        return {
            (f"{row['_id']['tenant']}/{row['_id']['account']}", row["_id"]["cause"]): (row["count"], row["since"])
            async for row in cursor
        }

    async def mark_unfinished(
        self, account: tuple[str, str, str], partitions: Iterable[int], *, before: datetime, at: datetime
    ) -> int:
        """Listings whose intent has had no end since `before`, and which nothing stands for. Returns how many."""
        channel, tenant, name = account
        query = {
            "channel": channel,
            "account": name,
            "tenant": tenant,
            "status": Status.WAITING.value,
            "updated_at": {"$lt": before},
            "partition": {"$in": list(partitions)},
            "intent": {"$ne": None},
            "owed": None,
        }
        return await self._mark_all(query, Cause.UNFINISHED, at, sequence="$planned_sequence")

    async def mark_price_due(
        self, account: tuple[str, str, str], partitions: Iterable[int], *, at: datetime, most: int
    ) -> int:
        """Up to `most` listings whose price may be another by now, because of the date alone. Returns how many.

        The date goes as the mark comes; the next plan says when the one after it is due. What is owed already is
        planned anyway, and looked at again once that is paid.
        """
        channel, tenant, name = account
        query = {
            "channel": channel,
            "tenant": tenant,
            "account": name,
            "partition": {"$in": list(partitions)},
            "figures.due": {"$lte": at},
            "owed": None,
        }
        found = self._collection.find(query, {"_id": True}, batch_size=most, hint=PRICE_DUE_INDEX)
        ids = [document["_id"] for document in await found.limit(most).to_list()]
        if not ids:
            return 0
        marked = marking(Cause.PRICE_DUE, due=at, at=at, sequence=None, mark=self._new_stamp())
        those = query | {"_id": {"$in": ids}}
        result = await self._collection.update_many(those, [{"$set": marked}, {"$unset": "figures.due"}])
        return result.modified_count

    async def mark_unseen(
        self, channel: str, tenant: str, partition: int, *, sequence: EventSequence, at: datetime, account: str = ""
    ) -> int:
        """Listings of this partition that a reading of the whole tenant, begun at `sequence`, did not meet.

        Only those of which the channel may show something. account: "" = of all. Returns how many.
        """
        query = ({"account": account} if account else {}) | {
            "channel": channel,
            "tenant": tenant,
            "partition": partition,
            "planned_sequence": {"$lt": sequence},
            "$or": [
                {"accepted": {"$ne": None}},
                {"doubt": Doubt.EXISTENCE.name.lower()},
                {"intent": {"$ne": None}},
                {"submitted": {"$ne": None}},
            ],
        }
        return await self._mark_all(query, Cause.GAP, at, sequence={"$literal": sequence}, gap=sequence)

    async def _mark_all(
        self, query: Mapping[str, Any], cause: Cause, at: datetime, *, sequence: Any, gap: EventSequence | None = None
    ) -> int:
        marked = marking(cause, due=at, at=at, sequence=sequence, mark=self._new_stamp())
        if gap is not None:
            marked |= {"owed.gap": {"$max": ["$owed.gap", {"$literal": gap}]}}
        result = await self._collection.update_many(query, [{"$set": marked}])
        return result.modified_count

    def _marked(self, debt: Debt, at: datetime) -> Document:
        key = debt.key
        sequence = {"$literal": debt.sequence}
        marked = marking(debt.cause, due=debt.due, at=at, sequence=sequence, mark=self._new_stamp())
        marked |= {
            "owed.words": {"$literal": debt.words},
            "owed.attempts": debt.attempts,
            "owed.first_failure": debt.first_failure,
            "owed.suspect": debt.suspect,
            "owed.told": debt.told,
            "partition": partition_of(key.tenant, key.entity_code, self._partitions),
        }
        if debt.beside:
            marked |= kept_beside(debt)
        if debt.lane is not None:
            marked["owed.lane"] = {"$min": ["$owed.lane", debt.lane]}
        if debt.brake:
            marked |= {"owed.brake": debt.brake, "owed.leave": None}
        if debt.late_until is not None:
            marked["owed.late_until"] = {"$max": ["$owed.late_until", debt.late_until]}
        # Of a listing nobody planned for so far, all but the mark is what an unknown listing is.
        unknown = ListingState(str(key), 0, _NEVER_PLANNED, Status.WAITING, at, at)
        fresh = {name: value for name, value in to_document(unknown).items() if name != "_id"}
        return {name: {"$ifNull": [f"${name}", {"$literal": value}]} for name, value in fresh.items()} | marked


def _found(document: Document) -> Found:
    owed = read_owed(document["owed"])
    assert owed is not None  # noqa: S101  for the type checker: the query asks for a mark
    return Found(ListingKey.parse(document["_id"]), document["partition"], owed, document.get("group") or "")
