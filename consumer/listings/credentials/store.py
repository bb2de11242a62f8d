"""The sealed credentials in the documents of accounts. Of a document, this changes its member `credentials` only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consumer.listings.accounts.store import of_channel
from consumer.listings.credentials.sealed import CredentialError, SealedCredential, read_sealed
from consumer.mongo import AsyncCollection, Document
from consumer.mongo.leniency import lenient

_WANTED = {"credentials": True}


@dataclass(frozen=True, slots=True)
class Kept:
    """The credentials of one account. id: of its document. broken: fields that hold no sealed credential → words."""

    id: str
    credentials: Mapping[str, SealedCredential]
    broken: Mapping[str, str] = field(default_factory=dict)


class CredentialStore:
    """Credentials in the collection of accounts. Every method raises PyMongoError."""

    def __init__(self, accounts: AsyncCollection[Document]) -> None:
        self._accounts = accounts

    async def get(self, account: str) -> Kept | None:
        """Those of one account, None where there is no such account."""
        document = await lenient(self._accounts).find_one({"_id": account}, _WANTED)
        return None if document is None else _kept(document)

    async def all(self, channel: str = "") -> AsyncIterator[Kept]:
        """Those of every account, in order of their ids. channel: of this one only, "" = of all."""
        query = of_channel(channel) if channel else {}
        async for document in lenient(self._accounts).find(query, _WANTED).sort("_id"):
            yield _kept(document)

    async def put(self, account: str, name: str, sealed: SealedCredential, *, now: datetime) -> bool:
        """Store a new credential. Its account changes with it: running processes take it up. False: no such account."""
        change = {"$set": {f"credentials.{name}": sealed.document(), "updated_at": now}, "$inc": {"revision": 1}}
        return (await self._accounts.update_one({"_id": account}, change)).matched_count == 1

    async def remove(self, account: str, name: str, *, now: datetime) -> bool:
        """Forget a credential. False where there was none."""
        known = {"_id": account, f"credentials.{name}": {"$exists": True}}
        change = {"$unset": {f"credentials.{name}": ""}, "$set": {"updated_at": now}, "$inc": {"revision": 1}}
        return (await self._accounts.update_one(known, change)).matched_count == 1

    async def replace(self, account: str, name: str, old: SealedCredential, new: SealedCredential) -> bool:
        """The same secret under another data key, unless it was changed since: nobody needs to hear of it."""
        known = {"_id": account, f"credentials.{name}.ciphertext": old.ciphertext}
        change = {"$set": {f"credentials.{name}": new.document()}}
        return (await self._accounts.update_one(known, change)).matched_count == 1


def _kept(document: Mapping[str, Any]) -> Kept:
    """Whatever stands in the document: it may have been broken by hand, and then only what is broken is lost."""
    account = str(document["_id"])
    stored = document.get("credentials")
    credentials: dict[str, SealedCredential] = {}
    broken: dict[str, str] = {}
    for name, value in stored.items() if isinstance(stored, Mapping) else ():
        try:
            credentials[name] = read_sealed(account, name, value)
        except CredentialError as error:
            broken[name] = str(error)
    return Kept(account, credentials, broken)
