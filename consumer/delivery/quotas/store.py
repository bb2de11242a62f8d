"""Leases slices from the ledgers in MongoDB, collection `quotas`: all of a question in one reading and one writing.

Ledgers change by compare-and-set with majority; of two processes that lease at once the second reads again. The time is
the server's. A question that raises may have had its effect: what it leased is wasted then until its window has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from adapters.rate_limits import Limit
from consumer.delivery.quotas.leases import Ask, Lease, answered
from consumer.delivery.quotas.ledger import Grant, Ledger, Slice, pace_of
from consumer.errors import UnavailableError
from consumer.mongo import AsyncCollection, BulkWriteError, Document, ObjectId, UpdateOne

COLLECTION = "quotas"

# So often a ledger is read again because another process was quicker.
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """A quota for people. used: units leased in the last `period` seconds, of `amount`.

    pace: the share that holds since the channel refused calls, 1 = all. closed_for: seconds it is closed, 0 = not.
    """

    key: str
    used: int
    amount: int
    period: float
    pace: float
    closed_for: float


class QuotaStore:
    """Ledgers by the keys of their quotas. Read and write concern are those of the collection."""

    def __init__(self, collection: AsyncCollection[Document], new_stamp: Callable[[], ObjectId] = ObjectId) -> None:
        self._collection = collection
        self._new_stamp = new_stamp

    async def lease(self, lease: Lease) -> dict[str, Slice]:
        """What was leased, by key, one for each ask. Raises PyMongoError, UnavailableError."""
        given: dict[str, Slice] = {}
        asks = list(lease.asks)
        for _ in range(_ROUNDS):
            found = await self._read([ask.quota.key for ask in asks])
            await self._create([ask for ask in asks if ask.quota.key not in found])
            steps = {ask.quota.key: _answered(ask, found[ask.quota.key]) for ask in asks if ask.quota.key in found}
            limits = {ask.quota.key: ask.quota.limit for ask in asks}
            writes = {key: (found[key], _to_document(changed, limits[key])) for key, (changed, _) in steps.items()}
            lost = await self._write(writes)
            given |= {key: slice_ for key, (_, slice_) in steps.items() if key not in lost}
            asks = [ask for ask in asks if ask.quota.key not in given]
            if not asks:
                return given
        raise UnavailableError("the quotas in MongoDB are changed by others all the time")

    async def standings(self) -> list[Standing]:
        """How every quota stands that was ever asked for. Raises PyMongoError."""
        cursor = await self._collection.aggregate([{"$set": {"now": "$$NOW"}}, {"$sort": {"_id": 1}}])
        return [_standing(document) for document in await cursor.to_list()]

    async def _read(self, keys: Sequence[str]) -> dict[str, Document]:
        cursor = await self._collection.aggregate([{"$match": {"_id": {"$in": keys}}}, {"$set": {"now": "$$NOW"}}])
        return {document["_id"]: document for document in await cursor.to_list()}

    async def _create(self, asks: Collection[Ask]) -> None:
        """An empty ledger, unless another process was quicker."""
        if asks:
            writes = [
                UpdateOne(
                    {"_id": ask.quota.key},
                    {"$setOnInsert": {"revision": 0, **_to_document(Ledger(), ask.quota.limit)}},
                    upsert=True,
                )
                for ask in asks
            ]
            with suppress(BulkWriteError):  # one that is there by now is read in the next round
                await self._collection.bulk_write(writes, ordered=False)

    async def _write(self, changes: Mapping[str, tuple[Document, Document]]) -> set[str]:
        """Each over the revision that was read. Returns the keys that lost the race."""
        if not changes:
            return set()
        stamp = self._new_stamp()
        writes = [
            UpdateOne(
                {"_id": key, "revision": read["revision"]},
                {"$set": {"revision": read["revision"] + 1, "stamp": stamp, **changed}},
            )
            for key, (read, changed) in changes.items()
        ]
        result = await self._collection.bulk_write(writes, ordered=False)
        if result.matched_count == len(changes):
            return set()
        mine = self._collection.find({"_id": {"$in": list(changes)}, "stamp": stamp}, {"_id": 1})
        return set(changes) - {document["_id"] for document in await mine.to_list()}


def _answered(ask: Ask, document: Document) -> tuple[Ledger, Slice]:
    return answered(ask, from_document(document), document["now"].timestamp())


def _to_document(ledger: Ledger, limit: Limit) -> Document:
    return {
        # For people; what counts is what the adapter says.
        "amount": limit.amount,
        "period": limit.period,
        "grants": [list(grant) for grant in ledger.grants],
        "latest": ledger.latest,
        "pace": ledger.pace,
        "paced_at": ledger.paced_at,
        "closed_until": ledger.closed_until,
    }


def _standing(document: Document) -> Standing:
    now, period = document["now"].timestamp(), document["period"]
    ledger = from_document(document)
    recovering = Limit(document["_id"], document["amount"], period)
    return Standing(
        key=document["_id"],
        used=sum(grant.units for grant in ledger.grants if grant.at > now - period),
        amount=document["amount"],
        period=period,
        pace=pace_of(ledger, recovering, now),
        closed_for=max(0.0, ledger.closed_until - now),
    )


def from_document(document: Document) -> Ledger:
    """The ledger in a document of the collection."""
    return Ledger(
        grants=tuple(Grant(at, units) for at, units in document["grants"]),
        latest=document["latest"],
        pace=document["pace"],
        paced_at=document["paced_at"],
        closed_until=document["closed_until"],
    )
