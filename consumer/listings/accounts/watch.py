"""The accounts of a channel as they are stored now: how running processes hear of a change within a second or two.

A reading costs one small query: revisions and modes. Whoever changes an account through us raises its revision. A
person who edits a document by hand does not, so every few seconds the documents are compared whole. Polling was chosen
over a change stream: it has no position to lose, and it is always known as of when it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from consumer.listings.accounts.account import Account
from consumer.listings.accounts.opening import Opens, open_account
from consumer.listings.accounts.store import of_channel
from consumer.listings.accounts.stored import BrokenAccount, read_stored
from consumer.mongo import AsyncCollection, Document
from consumer.mongo.leniency import lenient

_log = structlog.get_logger()

# Seconds after which documents are compared whole, and broken accounts are tried again.
_WHOLE = 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What a reading saw, by id. stored: no account is of variables, None before the first reading."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    accounts: Mapping[str, Account | BrokenAccount] = field(default_factory=dict)
    stored: bool | None = None


class AccountWatch:
    """The accounts of one channel, to be read again and again.

    fallback: the channel's accounts of the environment; they count only while the channel has no document at all.
    What it raises, reading raises.
    clock: seconds, monotonic.
    """

    def __init__(
        self,
        accounts: AsyncCollection[Document],
        vault: Opens,
        *,
        channel: str,
        fallback: Callable[[], Sequence[Account]],
        clock: Callable[[], float],
    ) -> None:
        self._collection = accounts
        self._vault = vault
        self._channel = channel
        self._fallback = fallback
        self._clock = clock
        self._known = _Known()
        self._whole_at: float | None = None

    @property
    def from_variables(self) -> bool:
        """Whether what was read last came from variables, because the channel has no document."""
        return self._known.stored is False

    async def read(self) -> Sequence[Account | BrokenAccount]:
        """All of them as they are stored now. One that has not changed is the same object as before.

        Raises PyMongoError; what was read before then stays what is known.
        """
        now = self._clock()
        whole = self._whole_at is None or now - self._whole_at >= _WHOLE
        documents = await (self._read_whole() if whole else self._read_changed())
        accounts = await self._open(documents, anew=whole)
        self._say(accounts, stored=bool(documents))
        self._known = _Known(documents, accounts, bool(documents))
        if whole:
            self._whole_at = now
        return list(accounts.values())

    async def _read_whole(self) -> dict[str, Document]:
        found = lenient(self._collection).find(of_channel(self._channel)).sort("_id")
        return {document["_id"]: document async for document in found}

    async def _read_changed(self) -> dict[str, Document]:
        known = self._known.documents
        collection = lenient(self._collection)
        found = collection.find(of_channel(self._channel), {"revision": True, "mode": True}).sort("_id")
        seen = [(document["_id"], _told(document)) async for document in found]
        stale = [own_id for own_id, told in seen if own_id not in known or _told(known[own_id]) != told]
        fresh: dict[str, Document] = {}
        if stale:
            fresh = {document["_id"]: document async for document in collection.find({"_id": {"$in": stale}})}
        there = {**known, **fresh}
        return {own_id: there[own_id] for own_id, _ in seen if own_id in there}

    async def _open(self, documents: Mapping[str, Document], *, anew: bool) -> dict[str, Account | BrokenAccount]:
        """The accounts of these documents, or those of the environment. anew: try broken ones again.

        What broke one may be mended elsewhere: a master key was put back.
        """
        if not documents:
            return {one.id: one for one in self._fallback()}
        accounts: dict[str, Account | BrokenAccount] = {}
        for own_id, document in documents.items():
            before = self._known.accounts.get(own_id)
            same = self._known.documents.get(own_id) == document
            if before is not None and same and not (anew and isinstance(before, BrokenAccount)):
                accounts[own_id] = before
                continue
            stored = read_stored(document)
            opened = stored if isinstance(stored, BrokenAccount) else await open_account(stored, self._vault)
            accounts[own_id] = before if before == opened else opened
        return accounts

    def _say(self, accounts: Mapping[str, object], *, stored: bool) -> None:
        if stored == self._known.stored:
            return
        if stored:
            _log.info("accounts come from the database; variables of the channel do not count", channel=self._channel)
        elif accounts:
            _log.info("the account comes from variables: the database has none", channel=self._channel)


def _told(document: Mapping[str, Any]) -> tuple[Any, Any]:
    """What of a document is looked at each time. Its mode too: who is off and who is not, all have to know at once."""
    return document.get("revision"), document.get("mode")
