"""Which notifications came: MongoDB, collection `channel_notices`, kept for some days. Nothing of a person stands here.

A notification is begun before it is acted on and ended after, so that one whose work was cut off is done when the
channel sends it again, and one that is done is not done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from consumer.mongo import AsyncCollection, Document, DuplicateKeyError
from consumer.mongo.expiry import expire

COLLECTION = "channel_notices"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notification. at: UTC, when it came first. outcome: "" = it was begun and not ended. times: it came."""

    channel: str
    id: str
    topic: str
    at: datetime
    outcome: str
    times: int


class NoticeBook:
    """Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def prepare(self, days: int) -> None:
        """They go after so many days. Idempotent."""
        await expire(self._collection, "at", days)

    async def begin(self, channel: str, notice_id: str, topic: str, at: datetime) -> bool:
        """Whether it is still to be done: it is new, or its work was cut off."""
        name = f"{channel}/{notice_id}"
        row: Document = {"_id": name, "channel": channel, "topic": topic, "at": at, "outcome": "", "times": 1}
        try:
            await self._collection.insert_one(row)
        except DuplicateKeyError:
            found = await self._collection.find_one_and_update({"_id": name}, {"$inc": {"times": 1}})
            return found is None or not found["outcome"]
        return True

    async def end(self, channel: str, notice_id: str, outcome: str) -> None:
        """It is done, with this."""
        await self._collection.update_one({"_id": f"{channel}/{notice_id}"}, {"$set": {"outcome": outcome}})

    async def newest(self, most: int = 50) -> list[NoticeRow]:
        """The newest first."""
        return [_row(found) async for found in self._collection.find().sort("at", -1).limit(most)]


def _row(document: Document) -> NoticeRow:
    channel, _, notice_id = document["_id"].partition("/")
    fields = ("topic", "at", "outcome", "times")
    return NoticeRow(channel, notice_id, *(document[name] for name in fields))
