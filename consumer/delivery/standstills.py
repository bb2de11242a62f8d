"""Accounts that do not call now, and why, as each delivery process sees it: MongoDB, collection `standstills`.

For people only: nothing is decided by these documents. A process tells again while it lasts; one that has not told for
long has died, and is not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from consumer.delivery.accounts import Gate
from consumer.delivery.work import AccountKey
from consumer.mongo import AsyncCollection, Document, UpdateOne

COLLECTION = "standstills"
# Seconds between two tellings, and how long one is believed.
TELL_EVERY = 5.0
_BELIEVED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Standstill:
    """state: "broken", "halted", "down" or "throttled". replica: the process. why: in words. next_try: UTC."""

    channel: str
    tenant: str
    account: str
    replica: str
    state: str
    why: str
    since: datetime
    next_try: datetime


def state_of(gate: Gate, now: float) -> str:
    """What keeps this account from calling; "" = nothing but what people decided."""
    if gate.broken:
        return "broken"
    if gate.halted:
        return "halted"
    if not gate.closed_for(now):
        return ""
    return "down" if gate.down else "throttled"


class Standstills:
    """Tells and reads them. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def tell(
        self, channel: str, replica: str, standing: Mapping[AccountKey, tuple[str, str, float]], at: datetime
    ) -> None:
        """Exactly these accounts of this process stand still: state, why, seconds until the next try."""
        ids = {account: f"{channel}/{account}/{replica}" for account in standing}
        gone = {"channel": channel, "replica": replica, "_id": {"$nin": list(ids.values())}}
        await self._collection.delete_many(gone)
        writes = []
        for account, (state, why, pause) in standing.items():
            place = {"channel": channel, "tenant": account.tenant, "account": account.name, "replica": replica}
            told = {"state": state, "why": why, "next_try": at + timedelta(seconds=pause), "told": at}
            # A change of state begins a new standstill.
            since = {"$cond": [{"$eq": ["$state", state]}, "$since", at]}
            fields = {name: {"$literal": value} for name, value in (place | told).items()}
            writes.append(UpdateOne({"_id": ids[account]}, [{"$set": fields | {"since": since}}], upsert=True))
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def current(self) -> list[Standstill]:
        """What every living process tells, the longest first."""
        believed = {"told": {"$gt": datetime.now(UTC) - _BELIEVED}}
        documents = await self._collection.find(believed).sort("since", 1).to_list()
        names = ("channel", "tenant", "account", "replica", "state", "why", "since", "next_try")
        return [Standstill(**{name: document[name] for name in names}) for document in documents]
