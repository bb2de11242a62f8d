"""Which accepted listings are to be read back next, and what was found: in the listings' own documents.

It goes along the time of their last change, so nothing has to be written for that when a change is accepted. How far it
has come stands in the collection `confirmations`. Nothing here touches a listing's revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from consumer.listings.codec import UnreadableStateError, from_document, seen_document, to_document
from consumer.listings.state import ListingState, Status
from consumer.mongo import AsyncCollection, Document, UpdateOne

COLLECTION = "confirmations"
LOOK_AGAIN_INDEX = "look_again"
LOOK_AGAIN_KEYS = ("channel", "tenant", "account", "seen.again")

_LOOKED_AT = (Status.LIVE.value, Status.WITHDRAWN.value)


class ConfirmationStore:
    """account, everywhere: channel, tenant, name. Methods raise PyMongoError."""

    def __init__(self, listings: AsyncCollection[Document], cursors: AsyncCollection[Document]) -> None:
        self._listings = listings
        self._cursors = cursors

    async def cursor(self, account: tuple[str, str, str]) -> datetime | None:
        """Up to when changed listings were looked at; None where none ever was."""
        found = await self._cursors.find_one({"_id": "/".join(account)})
        return None if found is None else found["until"]

    async def move(self, account: tuple[str, str, str], until: datetime) -> None:
        """They were looked at up to then."""
        await self._cursors.update_one({"_id": "/".join(account)}, {"$set": {"until": until}}, upsert=True)

    async def changed(
        self, account: tuple[str, str, str], after: datetime, until: datetime, most: int
    ) -> list[ListingState]:
        """Listings that changed last in this time, oldest first; of one moment all, also beyond `most`."""
        query = _of(account) | {"status": {"$in": list(_LOOKED_AT)}, "updated_at": {"$gt": after, "$lte": until}}
        documents = await self._listings.find(query, hint="by_status").sort("updated_at", 1).limit(most).to_list()
        if len(documents) == most:
            last = documents[-1]["updated_at"]
            same = await self._listings.find(query | {"updated_at": last}, hint="by_status").to_list()
            documents = [document for document in documents if document["updated_at"] < last] + same
        return _readable(documents)

    async def again(self, account: tuple[str, str, str], at: datetime, most: int) -> list[ListingState]:
        """Listings that did not show what was accepted, and are to be looked at once more."""
        query = _of(account) | {"seen.again": {"$lte": at}}
        documents = await self._listings.find(query, hint=LOOK_AGAIN_INDEX).limit(most).to_list()
        return _readable(documents)

    async def write(self, states: Sequence[ListingState]) -> None:
        """What was found; not over a listing that changed meanwhile, which is looked at for itself."""
        await self._write([(state.revision, state, seen_document(state)) for state in states])

    async def judge(self, states: Sequence[ListingState]) -> None:
        """The same for those that have another status for it: one revision more."""
        await self._write([(state.revision - 1, state, _judged(state)) for state in states])

    async def overdue(self, account: tuple[str, str, str]) -> int:
        """How many the channel accepted so long ago that it should show them, and does not."""
        query = _of(account) | {"seen.again": {"$exists": True}, "seen.late": True}
        return await self._listings.count_documents(query, hint=LOOK_AGAIN_INDEX)

    async def _write(self, found: Iterable[tuple[int, ListingState, Document]]) -> None:
        writes = [
            UpdateOne({"_id": state.id, "revision": revision}, {"$set": changes}) for revision, state, changes in found
        ]
        if writes:
            await self._listings.bulk_write(writes, ordered=False)


def _judged(state: ListingState) -> Document:
    document = to_document(state)
    told = {name: document[name] for name in ("status", "problems", "revision", "updated_at")}
    return told | seen_document(state)


def _readable(documents: Iterable[Document]) -> list[ListingState]:
    """Without those that somebody changed by hand: delivery puts them right."""
    found = []
    for document in documents:
        with suppress(UnreadableStateError):
            found.append(from_document(document))
    return found


def _of(account: tuple[str, str, str]) -> Document:
    channel, tenant, name = account
    return {"channel": channel, "tenant": tenant, "account": name}
