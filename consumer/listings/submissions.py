"""What is with the channels and has not ended, found in the listings' own documents by its tickets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from consumer.listings.codec import UnreadableStateError, from_document
from consumer.listings.owed import Cause
from consumer.listings.state import ListingState
from consumer.mongo import AsyncCollection, Document

TICKETS_INDEX = "tickets"
TICKETS_KEYS = ("channel", "tenant", "account", "submitted.ticket", "submitted.version.at")


class OpenTicket(NamedTuple):
    """One job or call of an account that has not ended. since: UTC, when it was taken. listings: how many share it."""

    ticket: str
    since: datetime
    listings: int


class SubmissionStore:
    """account, everywhere: channel, tenant, name. Methods raise PyMongoError."""

    def __init__(self, listings: AsyncCollection[Document]) -> None:
        self._listings = listings

    async def open(self, account: tuple[str, str, str], most: int) -> list[OpenTicket]:
        """The account's tickets that have not ended, oldest first."""
        group = {
            "_id": "$submitted.ticket",
            "since": {"$min": "$submitted.version.at"},
            "listings": {"$sum": 1},
        }
        steps: list[Document] = [
            {"$match": _of(account) | {"submitted.ticket": {"$exists": True}}},
            {"$group": group},
            {"$sort": {"since": 1}},
            {"$limit": most},
        ]
        cursor = await self._listings.aggregate(steps, hint=TICKETS_INDEX)
        return [OpenTicket(row["_id"], row["since"], row["listings"]) async for row in cursor]

    async def of(self, account: tuple[str, str, str], ticket: str, most: int) -> list[ListingState]:
        """Up to `most` listings that share a ticket."""
        query = _of(account) | {"submitted.ticket": ticket}
        documents = await self._listings.find(query, hint=TICKETS_INDEX, batch_size=most).limit(most).to_list()
        states = []
        for document in documents:
            try:
                states.append(from_document(document))
            except UnreadableStateError:
                # Changed by hand: whoever plans it next puts it right. Until then it has no ticket.
                await self._listings.update_one({"_id": document["_id"]}, {"$unset": {"submitted": True}})
        return states

    async def wake(self, ids: Iterable[str], at: datetime) -> None:
        """Whatever waited behind what these listings had with the channel is due now."""
        query = {"_id": {"$in": list(ids)}, "owed.cause": Cause.SUBMITTED.value}
        await self._listings.update_many(query, {"$set": {"owed.due": at, "owed.claimed": False}})


def _of(account: tuple[str, str, str]) -> Document:
    channel, tenant, name = account
    return {"channel": channel, "tenant": tenant, "account": name}
