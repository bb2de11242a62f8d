"""Listings whose products went without an event: how many an account would lose, and who let them go.

All raise PyMongoError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from consumer.listings.debts import OWED_INDEX
from consumer.listings.owed import Cause
from consumer.listings.state import Status
from consumer.mongo import AsyncCollection, Document

LEDGER = "unexplained_withdrawals"

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GapCounts:
    """One account. looking: listings of which nobody knows yet whether their product is gone. gone: those that would be
    withdrawn, held ones included. passed: those the brake has let go within a day. live: on the channel now.
    """

    looking: int
    gone: int
    passed: int
    live: int


class GoneStore:
    """account, everywhere: channel, tenant, name. ledger: how many withdrawals the brake let pass, by account."""

    def __init__(self, collection: AsyncCollection[Document], ledger: AsyncCollection[Document]) -> None:
        self._collection = collection
        self._ledger = ledger

    async def counts(self, account: tuple[str, str, str], at: datetime) -> GapCounts:
        """How things stand for this account."""
        found = await self._ledger.find_one({"_id": "/".join(account), "since": {"$gt": at - _DAY}})
        owed = _of(account) | {"owed.due": {"$exists": True}, "owed.gap": {"$ne": None}, "owed.allowed": {"$ne": True}}
        looking = owed | {"owed.cause": Cause.GAP.value, "owed.gone_since": None}
        return GapCounts(
            looking=await self._collection.count_documents(looking, hint=OWED_INDEX),
            gone=await self._collection.count_documents(owed | {"owed.gone_since": {"$ne": None}}, hint=OWED_INDEX),
            passed=0 if found is None else found["passed"],
            live=await self._collection.count_documents(_of(account) | {"status": {"$in": [Status.LIVE, Status.LEFT]}}),
        )

    async def let_pass(self, account: tuple[str, str, str], *, count: int, at: datetime) -> None:
        """These withdrawals have leave. Counted first: who dies between counts some twice, never none."""
        recent = {"$gt": ["$since", at - _DAY]}
        counted = {
            "passed": {"$cond": [recent, {"$add": ["$passed", count]}, count]},
            "since": {"$cond": [recent, "$since", at]},
        }
        await self._ledger.update_one({"_id": "/".join(account)}, [{"$set": counted}], upsert=True)
        await self._change(account, {"owed.allowed": True, "owed.due": at})

    async def postpone(self, account: tuple[str, str, str], due: datetime) -> None:
        """They wait until all are counted."""
        await self._change(account, {"owed.due": due})

    async def hold(self, account: tuple[str, str, str], words: str, due: datetime) -> None:
        """A person has to decide. due: when it is looked whether the products are back."""
        await self._change(account, {"owed.cause": Cause.HELD.value, "owed.words": words, "owed.due": due})

    async def _change(self, account: tuple[str, str, str], changes: Mapping[str, Any]) -> None:
        query = _of(account) | {
            "owed.due": {"$exists": True},
            "owed.gap": {"$ne": None},
            "owed.gone_since": {"$ne": None},
            "owed.allowed": {"$ne": True},
        }
        await self._collection.update_many(query, {"$set": dict(changes)}, hint=OWED_INDEX)


def _of(account: tuple[str, str, str]) -> Document:
    channel, tenant, name = account
    return {"channel": channel, "tenant": tenant, "account": name}
