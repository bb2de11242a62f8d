"""Listings that wait for a person's word, and all else that is owed, as people see it. All raise PyMongoError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.listings.debts import OWED_INDEX
from consumer.listings.owed import Cause
from consumer.mongo import AsyncCollection, Document

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Which:
    """Of which listings; None = all of them."""

    channel: str | None = None
    tenant: str | None = None
    account: str | None = None

    def query(self) -> Document:
        """The same for MongoDB."""
        named = {"channel": self.channel, "tenant": self.tenant, "account": self.account}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OwedGroup:
    """Listings of one account that are owed for the same reason. examples: entity codes. since: of the oldest."""

    channel: str
    tenant: str
    account: str
    cause: Cause
    words: str
    count: int
    since: datetime
    examples: tuple[str, ...]


class HeldStore:
    """What is owed, in groups; what is held, let go or given up."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def groups(self, which: Which, cause: Cause | None = None) -> list[OwedGroup]:
        """What is owed by account, cause and words; most first. cause: only this one."""
        fields = ("channel", "tenant", "account")
        group = {name: f"${name}" for name in fields} | {"cause": "$owed.cause", "words": "$owed.words"}
        stages: list[Document] = [
            {"$match": _owed(which, cause)},
            {
                "$group": {
                    "_id": group,
                    "count": {"$sum": 1},
                    "since": {"$min": "$owed.since"},
                    "examples": {"$firstN": {"input": "$entity_code", "n": _EXAMPLES}},
                }
            },
            {"$sort": {"count": -1}},
        ]
        cursor = await self._collection.aggregate(stages, hint=OWED_INDEX)
        return [
            OwedGroup(
                **{name: row["_id"][name] for name in fields},
                cause=Cause(row["_id"]["cause"]),
                words=row["_id"].get("words") or "",
                count=row["count"],
                since=row["since"],
                examples=tuple(row["examples"]),
            )
            async for row in cursor
        ]

    async def release(self, which: Which) -> int:
        """Held listings may be withdrawn: those whose products are still gone will be. Returns how many."""
        now = datetime.now(UTC)
        changes = {"owed.cause": Cause.GAP.value, "owed.allowed": True, "owed.due": now, "owed.words": ""}
        result = await self._collection.update_many(_owed(which, Cause.HELD), {"$set": changes}, hint=OWED_INDEX)
        return result.modified_count

    async def drop(self, which: Which) -> int:
        """Held listings stay as they are until their products' next change. Returns how many."""
        query = _owed(which, Cause.HELD)
        result = await self._collection.update_many(query, {"$unset": {"owed": True}}, hint=OWED_INDEX)
        return result.modified_count


def _owed(which: Which, cause: Cause | None) -> Document:
    query = which.query() | {"owed.due": {"$exists": True}}
    return query if cause is None else query | {"owed.cause": cause.value}
