"""The items of one account's feed in MongoDB, as its adapter writes and reads them. Keeps `adapters.feeds.FeedItems`.

Whether the published file has an item as it is now is told by epochs. A build counts the feed's epoch up, then reads
the items. An item is written with the epoch as it was known before; afterwards the feed is marked as changed, which
tells the epoch as it is by then, and where that is another one the item gets it. So when `put` returns, every build
that may have missed the item has the item's epoch or an older one: published are the items older than the build of the
published file.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import orjson

from adapters.errors import ChannelUnavailableError
from adapters.feeds import FeedItem, Published, StoredItem
from adapters.model import Money
from consumer.feeds.model import FEEDS, ITEMS, FeedKey, FeedState, read_state
from consumer.mongo import AsyncDatabase, Binary, BulkWriteError, Document, PyMongoError, UpdateOne
from consumer.mongo.words import in_words

_DUPLICATE = 11000
_TOKEN_BYTES = 24


class FeedItemStore:
    """One account's. Every method raises ChannelUnavailableError when MongoDB does not answer."""

    def __init__(self, database: AsyncDatabase[Document], key: FeedKey) -> None:
        self._items = database[ITEMS]
        self._feeds = database[FEEDS]
        self._key = key
        self._state: FeedState | None = None

    async def put(self, items: Sequence[FeedItem]) -> Mapping[str, str]:
        """Keep these; returns those whose key another listing has: key -> its SKU."""
        if not items:
            return {}
        async with _answered(effect=True):
            state = self._state or await self._open()
            refused = await self._write(items, state)
            await self._mark(state, [item for item in items if refused.get(item.key) in (None, item.sku)])
        return refused

    async def remove(self, keys: Sequence[str]) -> None:
        """Withdraw these; they are remembered."""
        if not keys:
            return
        async with _answered(effect=True):
            state = self._state or await self._open()
            change = {"gone": True, "epoch": state.epoch, "before": _before(state), "changed_at": "$$NOW"}
            ids = [self._id(key) for key in keys]
            await self._items.update_many({"_id": {"$in": ids}, "gone": False}, [{"$set": change}])
            await self._settle(state, ids)

    async def read(self, listings: Sequence[str]) -> Sequence[StoredItem]:
        """All items of these listings."""
        if not listings:
            return []
        async with _answered():
            state = await self._look()
            found = self._items.find({"feed": str(self._key), "listing": {"$in": list(listings)}})
            return [_stored(one, state) async for one in found]

    async def page(self, after: str, size: int) -> Sequence[StoredItem]:
        """All items of the next listings."""
        async with _answered():
            state = await self._look()
            behind = {"feed": str(self._key), "listing": {"$gt": after}}
            found = [_stored(one, state) async for one in self._items.find(behind).sort(_BY_LISTING).limit(size + 1)]
        if len(found) <= size:
            return found
        # The last listing may have more items than were read: it comes whole with the next page, or alone.
        last = found[-1].item.listing
        whole = [one for one in found if one.item.listing != last]
        return whole or sorted(await self.read([last]), key=lambda one: one.item.key)

    async def _write(self, items: Sequence[FeedItem], state: FeedState) -> dict[str, str]:
        try:
            await self._items.bulk_write([self._update(item, state) for item in items], ordered=False)
        except BulkWriteError as error:
            wrong = error.details["writeErrors"]
            if any(one["code"] != _DUPLICATE for one in wrong) or error.details.get("writeConcernErrors"):
                raise
            return await self._owners([items[one["index"]] for one in wrong], state)
        return {}

    async def _owners(self, items: Sequence[FeedItem], state: FeedState) -> dict[str, str]:
        """Who has these keys. Those that came to be between look and write, for the same listing, are written anew."""
        found = self._items.find({"_id": {"$in": [self._id(item.key) for item in items]}})
        owners = {one["key"]: (one["listing"], one["sku"]) async for one in found}
        again = [item for item in items if owners.get(item.key, (item.listing, ""))[0] == item.listing]
        if again:
            await self._items.bulk_write([self._update(item, state) for item in again], ordered=False)
        return {item.key: owners[item.key][1] for item in items if item not in again}

    def _update(self, item: FeedItem, state: FeedState) -> UpdateOne:
        ours = {"_id": self._id(item.key), "$or": [{"listing": item.listing}, {"gone": True}]}
        document = {**_document(item), "feed": str(self._key), "gone": False, "epoch": state.epoch}
        # What was published stays known until a build has the new one: buyers still see it.
        new = {"$mergeObjects": [{"_id": "$_id", "before": _before(state)}, {"$literal": document}]}
        return UpdateOne(ours, [{"$replaceWith": {"$mergeObjects": [new, {"changed_at": "$$NOW"}]}}], upsert=True)

    async def _mark(self, state: FeedState, items: Sequence[FeedItem]) -> None:
        await self._settle(
            state, [self._id(item.key) for item in items], sorted({name for item in items for name in item.columns})
        )

    async def _settle(self, before: FeedState, ids: Sequence[str], columns: Sequence[str] = ()) -> None:
        """Say that the feed has changed; items get the epoch that is theirs now."""
        dirty = {"$gte": [{"$ifNull": ["$changed", 0]}, {"$ifNull": ["$published.epoch", 1]}]}
        change: dict[str, Any] = {
            "changed": "$epoch",
            "changed_at": "$$NOW",
            "waiting_since": {"$cond": [dirty, "$waiting_since", "$$NOW"]},
        }
        if columns:
            change["columns"] = {"$setUnion": [{"$ifNull": ["$columns", []]}, {"$literal": list(columns)}]}
        stored: Document | None = await self._feeds.find_one_and_update(
            {"_id": str(self._key)}, [{"$set": change}], return_document=True
        )
        # None: somebody removed it by hand.
        self._state = state = await self._open() if stored is None else read_state(stored)
        if state.epoch != before.epoch:
            await self._items.update_many(
                {"_id": {"$in": list(ids)}, "epoch": before.epoch}, {"$set": {"epoch": state.epoch}}
            )

    async def _look(self) -> FeedState:
        stored = await self._feeds.find_one({"_id": str(self._key)})
        return read_state(stored) if stored is not None else await self._open()

    async def _open(self) -> FeedState:
        self._state = read_state(await self._opened())
        return self._state

    async def _opened(self) -> Any:
        """The feed's document, made where there is none. Its address never changes again."""
        await ensure_indexes(self._items)
        key = self._key
        new = {
            "tenant": key.tenant,
            "channel": key.channel,
            "account": key.account,
            "token": secrets.token_urlsafe(_TOKEN_BYTES),
            "epoch": 1,
        }
        return await self._feeds.find_one_and_update(
            {"_id": str(key)}, {"$setOnInsert": new}, upsert=True, return_document=True
        )

    def _id(self, key: str) -> str:
        return f"{self._key}/{key}"


_BY_LISTING = [("listing", 1), ("key", 1)]
IN_FILE_ORDER = [("feed", 1), ("gone", 1), ("key", 1)]
"""The index that a file is written by."""


async def ensure_indexes(items: Any) -> None:
    """Make the indexes of the items. Idempotent. Raises PyMongoError."""
    await items.create_index(IN_FILE_ORDER)
    await items.create_index([("feed", 1), *_BY_LISTING])


@asynccontextmanager
async def _answered(*, effect: bool = False) -> AsyncIterator[None]:
    """MongoDB's failures as those of a channel. effect: what was under way may have been done."""
    try:
        yield
    except PyMongoError as error:
        raise ChannelUnavailableError(in_words(error)[:300], effect_unknown=effect) from error


def _before(state: FeedState) -> Document:
    """What of an item the published file still says when it changes now: an expression over the item as it is."""
    epoch = state.published.epoch if state.published else 0
    in_file = {"$and": [{"$isNumber": "$epoch"}, {"$lt": ["$epoch", epoch]}]}
    figures = {"title": "$title", "price": "$price", "currency": "$currency", "quantity": "$quantity"}
    return {"$cond": [in_file, {"$cond": ["$gone", None, figures]}, {"$ifNull": ["$before", None]}]}


def _document(item: FeedItem) -> Document:
    return {
        "key": item.key,
        "sku": item.sku,
        "listing": item.listing,
        "body": Binary(item.body),
        # JSON as bytes: names may hold dots and dollars, and nothing asks for what is in it.
        "parts": Binary(orjson.dumps(dict(item.parts))),
        "title": item.title,
        "price": str(item.price.amount) if item.price else None,
        "currency": item.price.currency if item.price else None,
        "quantity": item.quantity,
        "gtins": list(item.gtins),
        "category": item.category,
        "columns": list(item.columns),
    }


def _stored(document: Mapping[str, Any], state: FeedState) -> StoredItem:
    item = FeedItem(
        key=document["key"],
        sku=document["sku"],
        listing=document["listing"],
        body=bytes(document["body"]),
        parts=orjson.loads(document["parts"]),
        title=document["title"],
        price=_money(document),
        quantity=document["quantity"],
        gtins=tuple(document["gtins"]),
        category=document["category"],
        columns=tuple(document["columns"]),
    )
    old = document.get("before")
    in_file = state.published is not None and document["epoch"] < state.published.epoch
    before = Published(old["title"], _money(old), old["quantity"]) if old and not in_file else None
    return StoredItem(item, gone=document["gone"], in_file=in_file, before=before)


def _money(document: Mapping[str, Any]) -> Money | None:
    amount = document["price"]
    return None if amount is None else Money(Decimal(amount), document["currency"])
