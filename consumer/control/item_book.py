"""The items of jobs in MongoDB: collection `job_items`, one small document per job and listing.

Progress is read from the listings in pages, so that a job of very many products costs no memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from consumer.control.items import ENDS, Progress, standing
from consumer.events import Sequence
from consumer.listings.state import ListingKey
from consumer.listings.store import ListingStore
from consumer.mongo import AsyncCollection, Document, UpdateOne

COLLECTION = "job_items"

_PAGE = 500
# Seconds after which an item is forgotten, with its job's progress: people ask about last week, not about last month.
_KEPT = 14 * 86400


@dataclass(frozen=True, slots=True)
class AccountProgress:
    """How many listings of one account stand where."""

    tenant: str
    channel: str
    account: str
    counts: Mapping[Progress, int]

    @property
    def total(self) -> int:
        """All that were asked for."""
        return sum(self.counts.values())


class ItemBook:
    """Items of jobs. patience: seconds a confirmation is waited for. clock: seconds since 1970."""

    def __init__(
        self,
        collection: AsyncCollection[Document],
        listings: ListingStore,
        *,
        patience: float,
        clock: Callable[[], float],
    ) -> None:
        self._collection = collection
        self._listings = listings
        self._patience = timedelta(seconds=patience)
        self._clock = clock

    async def prepare(self) -> None:
        """Create the indexes. Idempotent. Raises PyMongoError."""
        await self._collection.create_index([("job", 1), ("ended", 1), ("_id", 1)], name="by_job")
        await self._collection.create_index([("at", 1)], name="expiry", expireAfterSeconds=_KEPT)

    async def plan(self, job: str, wanted: Iterable[tuple[ListingKey, Sequence]]) -> None:
        """Of each listing a state of this sequence is asked for; of two the newer counts. Raises PyMongoError."""
        at = datetime.fromtimestamp(self._clock(), UTC)
        writes = [
            UpdateOne(
                {"_id": f"{job}:{key}"},
                {
                    "$max": {"sequence": sequence},
                    "$setOnInsert": {
                        "job": job,
                        "listing": str(key),
                        "tenant": key.tenant,
                        "channel": key.channel,
                        "account": key.account,
                        "at": at,
                    },
                    "$set": {"progress": Progress.PLANNED, "ended": False},
                },
                upsert=True,
            )
            for key, sequence in wanted
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def cancel(self, job: str) -> None:
        """Items that have not ended are cancelled; what is on its way already is delivered all the same."""
        change = {"$set": {"progress": Progress.CANCELLED, "ended": True}}
        await self._collection.update_many({"job": job, "ended": False}, change)

    async def refresh(self, job: str) -> bool:
        """Look at every listing that has not come to its end. Returns whether all have now. Raises PyMongoError."""
        last, unfinished = "", False
        while page := await self._page(job, last):
            last = page[-1]["_id"]
            unfinished |= await self._look(page)
        return not unfinished

    async def progress(self, job: str) -> list[AccountProgress]:
        """As of the last look, by tenant, channel and account."""
        names = ("tenant", "channel", "account", "progress")
        group = {"_id": {name: f"${name}" for name in names}, "count": {"$sum": 1}}
        cursor = await self._collection.aggregate([{"$match": {"job": job}}, {"$group": group}])
        found: dict[tuple[str, str, str], Counter[Progress]] = {}
        async for row in cursor:
            of = row["_id"]
            counts = found.setdefault((of["tenant"], of["channel"], of["account"]), Counter())
            counts[Progress(of["progress"])] += row["count"]
        return [AccountProgress(*account, counts) for account, counts in sorted(found.items())]

    async def _page(self, job: str, last: str) -> list[Document]:
        query = {"job": job, "ended": False, "_id": {"$gt": last}}
        return await self._collection.find(query).sort("_id", 1).limit(_PAGE).to_list()

    async def _look(self, page: list[Document]) -> bool:
        """Returns whether one of them has not ended."""
        states = await self._listings.load({item["listing"] for item in page})
        now, writes, unfinished = datetime.fromtimestamp(self._clock(), UTC), [], False
        for item in page:
            found = standing(Sequence(item["sequence"]), states.get(item["listing"]), now, self._patience)
            unfinished |= not found.ended
            if found.ended or found.progress != item["progress"]:
                change = {"$set": {"progress": found.progress, "ended": found.ended}}
                writes.append(UpdateOne({"_id": item["_id"], "ended": False}, change))
        if writes:
            await self._collection.bulk_write(writes, ordered=False)
        return unfinished


def share_done(accounts: Iterable[AccountProgress]) -> tuple[int, int]:
    """How many listings are at their end or accepted, and how many there are."""
    counts: Counter[Progress] = Counter()
    for account in accounts:
        counts.update(account.counts)
    done = sum(count for progress, count in counts.items() if progress in ENDS or progress is Progress.ACCEPTED)
    return done, sum(counts.values())
