"""Channels and accounts that a person, or a guard, has paused: documents in MongoDB, collection `pauses`.

Every process of the channel reads them every second. While one stands, nothing starts for its accounts: their listings
become owed, and the newest states are sent when it is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consumer.delivery.work import AccountKey
from consumer.mongo import AsyncCollection, Document

COLLECTION = "pauses"
_ALL = "*"


@dataclass(frozen=True, slots=True)
class Pause:
    """tenant, account: None = all of them. who: a person or a part of ours. since: UTC."""

    channel: str
    tenant: str | None
    account: str | None
    why: str
    who: str
    since: datetime

    def covers(self, account: AccountKey) -> bool:
        """Whether it stops this account of its channel."""
        return self.tenant in (None, account.tenant) and self.account in (None, account.name)

    def __str__(self) -> str:
        return f"{self.why} (paused by {self.who})"


class Pauses:
    """The pauses of all channels. Methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def pause(
        self, channel: str, account: str | None, why: str, *, tenant: str | None = None, who: str = "marketsync"
    ) -> bool:
        """Pause the channel, or one account or tenant of it. Returns False where just that was paused already.

        The first pause keeps its time and words: a guard that strikes again and again does not hide who came first.
        """
        fields = {"channel": channel, "tenant": tenant, "account": account}
        document = fields | {"why": why, "who": who, "since": datetime.now(UTC)}
        key = {"_id": _id(channel, tenant, account)}
        result = await self._collection.update_one(key, {"$setOnInsert": document}, upsert=True)
        return result.upserted_id is not None

    async def resume(self, channel: str, account: str | None, *, tenant: str | None = None) -> list[Pause]:
        """Take away the pauses that lie within this: a whole channel, or one account or tenant of it.

        A wider pause stays. Returns what was taken away.
        """
        within = [
            pause
            for pause in await self.current(channel)
            if tenant in (None, pause.tenant) and account in (None, pause.account)
        ]
        ids = [_id(pause.channel, pause.tenant, pause.account) for pause in within]
        await self._collection.delete_many({"_id": {"$in": ids}})
        return within

    async def current(self, channel: str | None = None) -> list[Pause]:
        """All that stand, of one channel or of every channel; the oldest first."""
        query: Document = {} if channel is None else {"channel": channel}
        return [_read(document) for document in await self._collection.find(query).sort("since", 1).to_list()]


def paused_accounts(pauses: Iterable[Pause], accounts: Iterable[AccountKey]) -> dict[AccountKey, str]:
    """Which of these accounts stand still, and why. pauses: of their channel."""
    known = list(pauses)
    stopped = {account: next((pause for pause in known if pause.covers(account)), None) for account in accounts}
    return {account: str(pause) for account, pause in stopped.items() if pause is not None}


def _id(channel: str, tenant: str | None, account: str | None) -> str:
    return "/".join((channel, tenant or _ALL, account or _ALL))


def _read(document: Mapping[str, Any]) -> Pause:
    return Pause(
        channel=document["channel"],
        tenant=document["tenant"],
        account=document["account"],
        why=document["why"],
        who=document["who"],
        since=document["since"],
    )
