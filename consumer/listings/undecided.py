"""What channels have taken and not decided, and what they accepted and do not show: counts, for people."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from consumer.listings.confirming import LOOK_AGAIN_INDEX
from consumer.listings.submissions import TICKETS_INDEX
from consumer.mongo import AsyncCollection, Document

SUBMITTED = "with the channel"
OVERDUE = "accepted and not shown"


class Undecided(NamedTuple):
    """Listings of one account that are alike. what: SUBMITTED or OVERDUE. since: of the first of them, UTC."""

    channel: str
    tenant: str
    account: str
    what: str
    listings: int
    since: datetime


async def undecided(listings: AsyncCollection[Document]) -> list[Undecided]:
    """Of all accounts, most first. Raises PyMongoError."""
    taken = await _groups(listings, SUBMITTED, {"submitted.ticket": {"$exists": True}}, "$submitted.version.at")
    late = await _groups(listings, OVERDUE, {"seen.again": {"$exists": True}, "seen.late": True}, "$updated_at")
    return sorted((*taken, *late), key=lambda found: -found.listings)


async def _groups(listings: AsyncCollection[Document], what: str, query: Document, since: str) -> list[Undecided]:
    group: Document = {name: f"${name}" for name in ("channel", "tenant", "account")}
    steps: list[Document] = [
        {"$match": query},
        {"$group": {"_id": group, "count": {"$sum": 1}, "since": {"$min": since}}},
    ]
    cursor = await listings.aggregate(steps, hint=TICKETS_INDEX if what == SUBMITTED else LOOK_AGAIN_INDEX)
    return [Undecided(**row["_id"], what=what, listings=row["count"], since=row["since"]) async for row in cursor]
