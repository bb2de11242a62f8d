"""What happened to each listing, for people: MongoDB, collection `listing_history`, kept for some days.

Nothing is decided by it. It is written beside the way of a change and never in it, with the primary's word alone: after
a crash or an election the last entries may be missing, while the listing's own state is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from consumer.mongo import AsyncCollection, Document, written_by_primary
from consumer.mongo.expiry import expire

COLLECTION = "listing_history"


class Reason(StrEnum):
    """Why something was done for a listing."""

    CHANGE = "change"
    """Its product changed."""
    READ = "read"
    """All products were read: at first, after a gap, or because somebody asked capture to."""
    RULE = "rule"
    """The rules or the mode of its account changed, or a price's date came."""
    RESYNC = "resync"
    REPLAY = "replay"
    REDRIVE = "redrive"
    PERSON = "person"
    """Somebody forced it, or distrusted what the channel shows."""
    RELEASE = "release"
    """A person released it from a brake."""
    CHANNEL = "channel"
    """The channel said how something ended that it had taken before."""
    REPAIR = "repair"
    """It waited, or it was in doubt what the channel shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or decided, for a listing.

    at: UTC. operation: of the command, "none" without one. outcome: accepted, refused, failed, held, invalid ...
    sequence: of the product's state. payload: hash of what was sent. content: all of it but price and stock, as JSON,
    where it was sent whole. price: with its currency, quantity: as sent; None where neither was.
    reply: the channel's words, or ours. waited: seconds since the write in the PIM; took: seconds
    from the intent to the answer; None where there was no call.
    """

    listing: str
    at: datetime
    reason: Reason
    operation: str
    outcome: str
    sequence: str
    payload: str | None = None
    price: str | None = None
    quantity: int | None = None
    content: str | None = None
    reply: str = ""
    waited: float | None = None
    took: float | None = None


class HistoryStore:
    """Writes and reads entries. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = written_by_primary(collection)

    async def keep_for(self, days: int) -> None:
        """Entries go after so many days. Idempotent."""
        await expire(self._collection, "at", days)

    async def write(self, entries: Sequence[Entry], first: int) -> None:
        """Add them. first: a number that these entries of this process begin with, so that ids differ."""
        documents = [_document(entry, first + place) for place, entry in enumerate(entries)]
        await self._collection.insert_many(documents, ordered=False)

    async def accepted_content(self, listing: str) -> str | None:
        """What the channel accepted last of everything but price and stock, as JSON; None where it is too long ago."""
        query = {
            "_id": {"$gt": f"{listing} @", "$lt": f"{listing} @~"},
            "outcome": {"$in": ["accepted", "submitted"]},
            "content": {"$ne": None},
        }
        found = await self._collection.find(query, {"content": True}).sort("_id", -1).limit(1).to_list()
        return str(found[0]["content"]) if found else None

    async def of(self, listing: str, most: int = 50) -> list[Entry]:
        """The newest entries of a listing, newest first."""
        # The id begins with the listing and the time, so that one index less has to be kept.
        query = {"_id": {"$gt": f"{listing} @", "$lt": f"{listing} @~"}}
        return [_entry(document) async for document in self._collection.find(query).sort("_id", -1).limit(most)]


def _document(entry: Entry, number: int) -> Document:
    at = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    found: Document = {"_id": f"{entry.listing} @{at} {number:08x}", "at": entry.at, "reason": entry.reason.value}
    told = ("operation", "outcome", "sequence", "payload", "content", "price", "quantity", "reply", "waited", "took")
    for name in told:
        value = getattr(entry, name)
        if value is not None and value != "":
            found[name] = value
    return found


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        listing=document["_id"].rsplit(" @", 1)[0],
        at=document["at"],
        reason=Reason(document["reason"]),
        operation=document["operation"],
        outcome=document["outcome"],
        sequence=document["sequence"],
        payload=document.get("payload"),
        content=document.get("content"),
        price=document.get("price"),
        quantity=document.get("quantity"),
        reply=document.get("reply", ""),
        waited=document.get("waited"),
        took=document.get("took"),
    )
