"""Listings that were planned by other rules than their account has now: they are marked, and owed from then on.

Each listing says by which rules it was planned last, so nobody has to remember how far the marking came: a process that
dies leaves the rest to the next one, and what somebody still planned by the old rules is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from consumer.listings.debts import marking
from consumer.listings.owed import Cause
from consumer.listings.state import Doubt
from consumer.mongo import AsyncCollection, Document, ObjectId

RULES_INDEX = "by_rules"
RULES_KEYS = ("channel", "tenant", "partition", "account", "planned_rules")

# Before the print of the rules by which a listing is to be planned, once that is owed: marked once, and not again.
_OWED = "owed "


class ReplanStore:
    """In the listings' own documents. new_stamp: makes each mark distinct. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document], new_stamp: Callable[[], ObjectId] = ObjectId) -> None:
        self._collection = collection
        self._new_stamp = new_stamp

    async def mark(
        self, account: tuple[str, str, str], partitions: Iterable[int], rules: str, *, at: datetime, most: int
    ) -> int:
        """Mark up to `most` listings of these partitions that were planned by other rules. Returns how many there were.

        account: channel, tenant, name. One that is owed already stays so for its own reason, under a new mark: what is
        being planned for it now may still go by the old rules, and must not pay.
        """
        channel, tenant, name = account
        outdated = {"planned_rules": {"$nin": [rules, _OWED + rules]}}
        place = {"channel": channel, "tenant": tenant, "partition": {"$in": list(partitions)}, "account": name}
        found = self._collection.find(place | outdated, {"_id": True}, batch_size=most, hint=RULES_INDEX)
        ids = [document["_id"] for document in await found.limit(most).to_list()]
        if not ids:
            return 0
        those = {"_id": {"$in": ids}} | outdated
        told = {"planned_rules": {"$literal": _OWED + rules}}
        await self._collection.update_many(those | {"owed": None}, [{"$set": self._marked(at) | told}])
        await self._collection.update_many(those | {"owed": {"$ne": None}}, [{"$set": self._marked_anew(at) | told}])
        return len(ids)

    def _marked_anew(self, at: datetime) -> Document:
        """One that a sweep has at work is taken up again at once: nothing else would come back to it soon."""
        due = {"$cond": [{"$eq": ["$owed.claimed", True]}, at, "$owed.due"]}
        return {"owed.mark": str(self._new_stamp()), "owed.due": due, "owed.claimed": False}

    def _marked(self, at: datetime) -> Document:
        marked = marking(Cause.RULES, due=at, at=at, sequence=None, mark=self._new_stamp())
        # Of what the channel does not show, nothing can be withdrawn by mistake: no brake counts it.
        nothing_shown = {
            "$and": [
                *({"$eq": [{"$ifNull": [f"${name}", None]}, None]} for name in ("accepted", "intent", "submitted")),
                {"$ne": ["$doubt", Doubt.EXISTENCE.name.lower()]},
            ]
        }
        return marked | {"owed.allowed": nothing_shown}
