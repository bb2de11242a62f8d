"""Who asked for what, and when: MongoDB, collection `audit`, kept for some days.

An entry is written before the thing is done, with majority: what could not be written down is not done. An entry
therefore says what was asked for; how it ended stands where the thing itself is kept (jobs, history, accounts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consumer.logs import SecretCutter
from consumer.mongo import AsyncCollection, Document, ObjectId
from consumer.mongo.expiry import expire

COLLECTION = "audit"

_LONGEST = 500
_MOST_DETAILS = 30
_ID = 24


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody asked for.

    at: UTC. who: `cli:<user>@<machine>`, `api:<name in the token>`, `webhook:<channel>`. what: the act, e.g. "pause",
    "dead-letters redrive". tenant: "" = not of one tenant. subject: what it is about, e.g. `ebay/main` or a product.
    details: the rest, by name. id: given by the store.
    """

    at: datetime
    who: str
    what: str
    tenant: str = ""
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; None = whichever. tenant: "" = those of no tenant. what: the beginning of the act.

    before: the id of an entry, for the page after it.
    """

    tenant: str | None = None
    who: str | None = None
    what: str | None = None
    subject: str | None = None
    since: datetime | None = None
    before: str | None = None

    def query(self) -> Document:
        """The same for MongoDB. Raises ValueError for a `before` that is no entry's id."""
        equal = {"tenant": self.tenant, "who": self.who, "subject": self.subject}
        query: Document = {name: value for name, value in equal.items() if value is not None}
        if self.what is not None:
            query["what"] = {"$gte": self.what, "$lt": f"{self.what}\U0010ffff"}
        if self.since is not None:
            query["at"] = {"$gte": self.since}
        if self.before is not None:
            query["_id"] = {"$lt": _object_id(self.before)}
        return query


class Audit:
    """Writes and reads entries. cutter: cuts secrets out of what is written. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document], cutter: SecretCutter) -> None:
        self._collection = collection
        self._cutter = cutter

    async def prepare(self, days: int) -> None:
        """Entries go after so many days, and are found by tenant. Idempotent."""
        await expire(self._collection, "at", days)
        await self._collection.create_index([("tenant", 1), ("_id", -1)], name="tenant")

    async def note(self, entry: AuditEntry) -> None:
        """Write it down; returns when it is safe."""
        await self._collection.insert_one(self._document(entry))

    async def entries(self, wanted: AuditFilter, most: int = 50) -> list[AuditEntry]:
        """The newest first. Raises ValueError for a `before` that is no entry's id."""
        return [_entry(found) async for found in self._collection.find(wanted.query()).sort("_id", -1).limit(most)]

    def _document(self, entry: AuditEntry) -> Document:
        details = {str(name)[:_LONGEST]: _plain(value) for name, value in list(entry.details.items())[:_MOST_DETAILS]}
        cut = self._cutter(None, "", {"details": details})["details"]
        texts = {"who": entry.who, "what": entry.what, "tenant": entry.tenant, "subject": entry.subject}
        words = {name: self._cutter.text(text)[:_LONGEST] for name, text in texts.items()}
        # MongoDB takes dots and dollars in names badly, so details are a list of pairs.
        return {"at": entry.at, **words, "details": [[name, _shorter(value)] for name, value in cut.items()]}


def _plain(value: object) -> object:
    """What is stored: a figure or a flag as it is, anything else as text."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _shorter(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str) else value


def _entry(document: Document) -> AuditEntry:
    return AuditEntry(
        at=document["at"],
        who=document["who"],
        what=document["what"],
        tenant=document["tenant"],
        subject=document["subject"],
        details=dict(document["details"]),
        id=str(document["_id"]),
    )


def _object_id(text: str) -> ObjectId:
    if not ObjectId.is_valid(text) or len(text) != _ID:
        raise ValueError(f"before: {text[:50]!r} is no entry's id; take it from the list")
    return ObjectId(text)
