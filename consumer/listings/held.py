"""Listings that wait for a person's word, and all else that is owed, as people see it. All raise PyMongoError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consumer.listings.brakes.model import Brake
from consumer.listings.brakes.store import BrakeStore, Place
from consumer.listings.debts import OWED_INDEX
from consumer.listings.owed import Cause
from consumer.mongo import AsyncCollection, Document

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Which:
    """Of which listings; None = all of them. brake: held by this one."""

    channel: str | None = None
    tenant: str | None = None
    account: str | None = None
    brake: Brake | None = None

    def query(self) -> Document:
        """The same for MongoDB."""
        named = {
            "channel": self.channel,
            "tenant": self.tenant,
            "account": self.account,
            "owed.brake": None if self.brake is None else self.brake.value,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OwedGroup:
    """Listings of one account that are owed for the same reason. since: of the oldest.

    examples: entity codes, and of what a brake holds what would change. brake: "" = none of an account's brakes.
    """

    channel: str
    tenant: str
    account: str
    cause: Cause
    words: str
    count: int
    since: datetime
    examples: tuple[str, ...]
    brake: str = ""


class HeldStore:
    """What is owed, in groups; what is held, let go or given up. brakes: their counts, which a decision opens."""

    def __init__(self, collection: AsyncCollection[Document], brakes: BrakeStore) -> None:
        self._collection = collection
        self._brakes = brakes

    async def groups(self, which: Which, *causes: Cause) -> list[OwedGroup]:
        """What is owed by account, cause and reason; most first. causes: only these."""
        fields = ("channel", "tenant", "account")
        braked = {"$ifNull": ["$owed.brake", ""]}
        # How many a brake lets pass moves with the account's size, so its words differ where the reason does not.
        words = {"$cond": [{"$eq": [braked, ""]}, "$owed.words", ""]}
        group = {name: f"${name}" for name in fields} | {"cause": "$owed.cause", "words": words, "brake": braked}
        example = {"code": "$entity_code", "shown": "$accepted", "held": "$proposed"}
        stages: list[Document] = [
            {"$match": _owed(which, *causes)},
            {
                "$group": {
                    "_id": group,
                    "count": {"$sum": 1},
                    "since": {"$min": "$owed.since"},
                    "words": {"$max": "$owed.words"},
                    "examples": {"$firstN": {"input": example, "n": _EXAMPLES}},
                }
            },
            {"$sort": {"count": -1}},
        ]
        cursor = await self._collection.aggregate(stages, hint=OWED_INDEX)
        return [_group(row, fields) async for row in cursor]

    async def release(self, which: Which) -> int:
        """Held listings may change: as far as people were shown, if their products still say so. Returns how many.

        Withdrawals that no event explains: those whose products are still gone.
        """
        now = datetime.now(UTC)
        gone = {"owed.cause": Cause.GAP.value, "owed.allowed": True, "owed.due": now, "owed.words": ""}
        count = 0
        if which.brake is None:
            count = await self._change(_by_no_brake(which), {"$set": gone})
        await self._decide(which, released=True)
        leave = {"$cond": [{"$ifNull": ["$proposed", False]}, _shown_to_people(), None]}
        released = {"owed.cause": Cause.RELEASED.value, "owed.due": now, "owed.words": "", "owed.leave": leave}
        return count + await self._change(_by_brake(which), [{"$set": released}])

    async def drop(self, which: Which) -> int:
        """Held listings stay as they are until their products' next change. Returns how many."""
        count = 0
        if which.brake is None:
            count = await self._change(_by_no_brake(which), {"$unset": {"owed": True}})
        await self._decide(which, released=False)
        return count + await self._change(_by_brake(which), {"$unset": {"owed": True}})

    async def _decide(self, which: Which, *, released: bool) -> None:
        """Tell the brakes, before anything moves: what follows is counted from here on."""
        fields = ("channel", "tenant", "account")
        group = {name: f"${name}" for name in fields} | {"brake": "$owed.brake"}
        stages = [{"$match": _by_brake(which)}, {"$group": {"_id": group, "count": {"$sum": 1}}}]
        for row in await (await self._collection.aggregate(stages, hint=OWED_INDEX)).to_list():
            place = Place(*(row["_id"][name] for name in fields))
            await self._brakes.decide(place, Brake(row["_id"]["brake"]), row["count"] if released else None)

    async def _change(self, query: Document, changes: Document | list[Document]) -> int:
        result = await self._collection.update_many(query, changes, hint=OWED_INDEX)
        return result.modified_count


def _owed(which: Which, *causes: Cause) -> Document:
    query = which.query() | {"owed.due": {"$exists": True}}
    return query if not causes else query | {"owed.cause": {"$in": [cause.value for cause in causes]}}


def _by_no_brake(which: Which) -> Document:
    return _owed(which, Cause.HELD) | {"owed.brake": {"$in": [None, ""]}}


def _by_brake(which: Which) -> Document:
    """What is capped goes on by itself: a person means it only by name."""
    if which.brake is Brake.CREATES_PER_HOUR:
        return _owed(which, Cause.CAPPED)
    query = _owed(which, Cause.HELD)
    return query if which.brake is not None else query | {"owed.brake": {"$nin": [None, ""]}}


def _shown_to_people() -> Document:
    """The leave (see `owed.Leave`) for what is held now."""
    return {name: f"$proposed.{name}" for name in ("operation", "price", "currency", "quantity", "variants")}


def _group(row: Mapping[str, Any], fields: tuple[str, ...]) -> OwedGroup:
    return OwedGroup(
        **{name: row["_id"][name] for name in fields},
        cause=Cause(row["_id"]["cause"]),
        words=row["words"] or "",
        count=row["count"],
        since=row["since"],
        examples=tuple(_example(example, row["_id"]["brake"]) for example in row["examples"]),
        brake=row["_id"]["brake"],
    )


def _example(example: Mapping[str, Any], brake: str) -> str:
    shown, held = example.get("shown") or {}, example.get("held") or {}
    code = str(example["code"])
    if brake in (Brake.PRICE_CHANGE, Brake.MASS_PRICE_CHANGE) and held.get("price"):
        return f"{code} ({shown.get('price')} → {held['price']} {held['currency']})"
    if brake == Brake.MASS_ZERO_STOCK and shown.get("quantity") is not None:
        return f"{code} ({shown['quantity']} → 0 pieces)"
    return code
