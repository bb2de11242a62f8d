"""Which product a deleted document was, where MongoDB keeps no pre-images: a map of our own, `_id` → entity_codes.

It lives in our own database, never in the PIM's. Stream and scan fill it with every version, current or not: whether a
product has a current version left is asked of the PIM, so it need not be known here. Codes are only ever added, and a
deleted document's entry stays for a month: read a second time after a crash, each change finds what it found first.

Costs one bulk write per batch that holds inserts, replaced documents or deletes, and some 150 bytes per document.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from consumer.capture.classify import entity_code_of
from consumer.mongo import Database, Document, UpdateOne
from consumer.mongo.pim import id_key, read_codes

_log = structlog.get_logger()

COLLECTION = "product_ids"
_KEPT = 30 * 24 * 3600
_CHUNK = 1000
# Seconds one turn of the stream may be held up while the map is first filled.
_TURN = 0.2
_BEGIN = object()


class IdMap:
    """One thread uses it. state: our own database. pim: name → database of the tenants without pre-images.

    All methods but `see` raise PyMongoError.
    """

    def __init__(self, state: Database[Document], pim: Mapping[str, Database[Document]], *, stream: str) -> None:
        self._entries = state[COLLECTION]
        self._pim = pim
        self._stream = stream
        self._writes: list[UpdateOne] = []
        # Where the scan of each database that was not scanned to its end goes on.
        self._unread: dict[str, Any] = {}

    def prepare(self) -> None:
        """Find out what is there."""
        self._entries.create_index("gone_at", expireAfterSeconds=_KEPT, sparse=True)
        read = {
            one["_id"]["d"]
            for one in self._entries.find({"_id": {"$in": [_mark(self._stream, name) for name in self._pim]}})
        }
        self._unread = {name: _BEGIN for name in self._pim if name not in read}

    def see(self, event: Mapping[str, Any]) -> None:
        """Keep what this change says of a document's product, for `store`."""
        database = event.get("ns", {}).get("db")
        if database not in self._pim or "documentKey" not in event:
            return
        kind = event["operationType"]
        if kind == "delete":
            now = datetime.now(UTC)
            self._writes.append(
                UpdateOne(self._entry(database, event["documentKey"]["_id"]), {"$set": {"gone_at": now}})
            )
            return
        written = (event.get("updateDescription") or {}).get("updatedFields") or {}
        document = written if kind == "update" else event.get("fullDocument") or {}
        code = entity_code_of(document)
        if code is not None:
            self._writes.append(self._learn(database, event["documentKey"]["_id"], code))

    def store(self) -> None:
        """Write what was seen. Call it before the transaction that covers it is committed."""
        writes, self._writes = self._writes, []
        if writes:
            self._entries.bulk_write(writes)

    def codes(self, database: str, ids: Collection[Any]) -> dict[bytes, set[str]]:
        """`id_key` → the entity codes this document ever had; unknown documents are left out."""
        found = self._entries.find({"_id": {"$in": [self._name(database, identity) for identity in ids]}})
        return {id_key(one["_id"]["i"]): set(one.get("codes", ())) for one in found}

    def scan(self) -> None:
        """Read on in the PIM, for a moment, where the map was never filled from it. Call it every turn."""
        until = time.monotonic() + _TURN
        while self._unread and time.monotonic() < until:
            database, after = next(iter(self._unread.items()))
            chunk = read_codes(self._pim[database], after=after, first=after is _BEGIN, size=_CHUNK)
            if chunk:
                writes = [
                    self._learn(database, identity, code) for identity, code in chunk if isinstance(code, str) and code
                ]
                if writes:
                    self._entries.bulk_write(writes, ordered=False)
                self._unread[database] = chunk[-1][0]
                continue
            self._entries.update_one({"_id": _mark(self._stream, database)}, {"$set": {"complete": True}}, upsert=True)
            del self._unread[database]
            _log.info("the map of ids is filled", database=database)

    def _learn(self, database: str, identity: Any, code: str) -> UpdateOne:
        change = {"$addToSet": {"codes": code}, "$unset": {"gone_at": ""}}
        return UpdateOne(self._entry(database, identity), change, upsert=True)

    def _entry(self, database: str, identity: Any) -> Document:
        # $eq, because an `_id` may be of any type.
        return {"_id": {"$eq": self._name(database, identity)}}

    def _name(self, database: str, identity: Any) -> Document:
        # With the stream: databases of two servers may have one name.
        return {"s": self._stream, "d": database, "i": identity}


def forget_scans(state: Database[Document], databases: Collection[str], *, stream: str) -> None:
    """Databases with pre-images, or not followed, are not kept up: the map is filled anew when it is needed again."""
    state[COLLECTION].delete_many({"_id": {"$in": [_mark(stream, name) for name in databases]}})


def _mark(stream: str, database: str) -> Document:
    return {"s": stream, "d": database}
