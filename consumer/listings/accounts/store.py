"""Account documents in MongoDB, collection `accounts`. Of two who change one at once, the second is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from consumer.listings.accounts.account import Mode
from consumer.listings.accounts.channel_settings import check_settings
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.errors import ChangedMeanwhileError, UnknownAccountError
from consumer.listings.accounts.schema import account_schema
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount, read_stored
from consumer.listings.credentials.sealed import CredentialError, read_sealed
from consumer.mongo import AsyncCollection, Document, DuplicateKeyError
from consumer.mongo.leniency import lenient
from consumer.mongo.validation import ensure_schema

COLLECTION = "accounts"


class AccountStore:
    """Every method raises PyMongoError. now: the time, aware; MongoDB keeps its milliseconds."""

    def __init__(self, collection: AsyncCollection[Document], *, now: Callable[[], datetime]) -> None:
        self._collection = collection
        self._now = now

    async def prepare(self) -> None:
        """Make the collection, and let it check what is written to it. Idempotent. They are few: no index is needed."""
        await ensure_schema(self._collection, account_schema())

    async def add(self, document: AccountDocument, sealed: Mapping[str, Document]) -> StoredAccount:
        """Store a new account. sealed: its credentials, sealed for its id.

        Raises AccountError for settings its channel cannot use, ChangedMeanwhileError where it is there already.
        """
        check_settings(document.channel, document.settings)
        now = self._now()
        whole = {
            "_id": document.id,
            **document.data(),
            "credentials": dict(sealed),
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }
        try:
            await self._collection.insert_one(whole)
        except DuplicateKeyError:
            raise ChangedMeanwhileError(f"there is an account {document.id} already") from None
        return StoredAccount(document, sealed, 1, now, now)

    async def change(self, document: AccountDocument, *, revision: int) -> int:
        """Store an account over the revision it was made from; returns the new one. Credentials stay as they are.

        Raises AccountError for settings its channel cannot use, UnknownAccountError, and ChangedMeanwhileError where
        the stored account has another revision.
        """
        check_settings(document.channel, document.settings)
        change = {"$set": {**document.data(), "updated_at": self._now()}, "$inc": {"revision": 1}}
        found = await self._collection.update_one({"_id": document.id, "revision": revision}, change)
        if not found.matched_count:
            raise await self._why_not(document.id, revision)
        return revision + 1

    async def mend(self, document: AccountDocument) -> None:
        """Put an account in the place of a document that cannot be used; what of its credentials is whole, stays.

        Raises AccountError for settings its channel cannot use, UnknownAccountError, ChangedMeanwhileError.
        """
        check_settings(document.channel, document.settings)
        raw = await lenient(self._collection).find_one({"_id": document.id})
        if raw is None:
            raise _unknown(document.id)
        before, now = raw.get("revision"), self._now()
        created = raw.get("created_at")
        whole = {
            **document.data(),
            "credentials": _whole(document.id, raw.get("credentials")),
            "revision": int(before) + 1 if isinstance(before, int | float) else 1,
            "created_at": created if isinstance(created, datetime) else now,
            "updated_at": now,
        }
        found = await self._collection.replace_one({"_id": document.id, "revision": before}, whole)
        if not found.matched_count:
            raise await self._why_not(document.id, before)

    async def set_mode(self, account: str, mode: Mode) -> Mode:
        """Switch an account; returns what it was. Raises UnknownAccountError."""
        change = {"$set": {"mode": mode, "updated_at": self._now()}, "$inc": {"revision": 1}}
        before = await self._collection.find_one_and_update({"_id": account}, change)
        if before is None:
            raise _unknown(account)
        was: Mode = before.get("mode", "off")
        return was

    async def remove(self, account: str) -> None:
        """Forget an account and its credentials. What is known of its listings stays. Raises UnknownAccountError."""
        if not (await self._collection.delete_one({"_id": account})).deleted_count:
            raise _unknown(account)

    async def get(self, account: str) -> StoredAccount | BrokenAccount:
        """One account. Raises UnknownAccountError."""
        raw = await lenient(self._collection).find_one({"_id": account})
        if raw is None:
            raise _unknown(account)
        return read_stored(raw)

    async def all(self, channel: str = "") -> list[StoredAccount | BrokenAccount]:
        """Every account by its id, also those that cannot be used. channel: only its accounts, "" = all."""
        wanted = of_channel(channel) if channel else {}
        return [read_stored(raw) async for raw in lenient(self._collection).find(wanted).sort("_id")]

    async def _why_not(self, account: str, revision: object) -> Exception:
        found = await self._collection.find_one({"_id": account}, {"revision": True})
        if found is None:
            return _unknown(account)
        return ChangedMeanwhileError(
            f"account {account} was changed meanwhile: it was revision {revision}, now it is {found.get('revision')}."
            " Look at it again (`marketsync accounts show`, `export`) and repeat the change"
        )


def _whole(account: str, stored: object) -> Document:
    """The credentials that are sealed as they should be."""
    found = {}
    for name, value in stored.items() if isinstance(stored, Mapping) else ():
        with suppress(CredentialError):
            found[name] = read_sealed(account, name, value).document()
    return found


def of_channel(channel: str) -> Document:
    """The query for a channel's accounts. By id: other fields may have been broken by hand."""
    return {"_id": {"$regex": f"^[^/]+/{re.escape(channel)}/[^/]+$"}}


def _unknown(account: str) -> UnknownAccountError:
    return UnknownAccountError(
        f"there is no account {account!r}: an account is named tenant/channel/account, as `marketsync accounts list`"
        " shows it"
    )
