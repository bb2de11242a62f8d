"""Accounts that are new, or come back after their records were passed over: all their products are read, once.

Such a reading begins when every process of the channel takes the account's records in: whatever it does not bring any
more comes as an event then. That is so a while after this process has learned of the account: `delivery.roster`.
Should the account go once more meanwhile, the book says so, and it is read once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from consumer.control.jobs import Job, JobStore, JobTakenError
from consumer.control.own_resyncs import Cause
from consumer.delivery.account_book import AccountBook, Entry
from consumer.delivery.roster import KNOWN_FOR
from consumer.delivery.work import AccountKey
from consumer.errors import MarketsyncError
from consumer.listings.accounts import Account
from consumer.metrics import ControlMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds between two looks, and for how much the clocks of two processes may drift apart meanwhile.
_LOOK = 1.0
_MARGIN = 0.5


class Followed(Protocol):
    """What is known of the accounts in this process: `delivery.following.Follower`."""

    @property
    def served(self) -> Mapping[AccountKey, Account]:
        """Those at work."""

    @property
    def read_at(self) -> float:
        """When the newest reading of them began, on the process's own clock."""


@dataclass(slots=True)
class _Waiting:
    """left: as the book said. seen: when it was learned that the account has to be read. due: when that may begin."""

    left: int
    seen: float
    due: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The channel and its consumer group.

    unread: whether capture has not even begun to read the tenant for the first time: then that brings all there is.
    Raises MarketsyncError, PyMongoError.
    """

    channel: str
    group: str
    unread: Callable[[str], Awaitable[bool]]


class Newcomers:
    """One process's part in it. clock: as of `Followed.read_at`; wall: seconds since 1970."""

    def __init__(
        self,
        place: Place,
        followed: Followed,
        book: AccountBook,
        jobs: JobStore,
        *,
        clocks: tuple[Callable[[], float], Callable[[], float]],
        metrics: ControlMetrics,
    ) -> None:
        self._place = place
        self._followed = followed
        self._book = book
        self._jobs = jobs
        self._clock, self._wall = clocks
        self._metrics = metrics
        self._waiting: dict[AccountKey, _Waiting] = {}

    @property
    def waiting(self) -> bool:
        """Whether an account is known that has to be read."""
        return bool(self._waiting)

    async def run(self) -> None:
        """Keep watch until cancelled."""
        while True:
            try:
                await self.look()
            except (PyMongoError, MarketsyncError) as error:
                _log.warning("new accounts wait", channel=self._place.channel, error=str(error)[:300])
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """Begin what can begin now. Raises PyMongoError, MarketsyncError."""
        served = self._followed.served
        entries = await self._book.entries(served.keys())
        unread = {account: entry for account, entry in entries.items() if not entry.followed}
        self._waiting = {account: self._wait(account, entry) for account, entry in unread.items()}
        now = self._clock()
        for account, waiting in self._waiting.items():
            if waiting.due is not None and waiting.due <= now:
                await self._read_whole(account, waiting.left)

    def _wait(self, account: AccountKey, entry: Entry) -> _Waiting:
        """A reading of the accounts from after this was learned shows it; after `KNOWN_FOR` everybody has one."""
        waiting = self._waiting.get(account)
        if waiting is None or waiting.left != entry.left:
            return _Waiting(entry.left, self._clock())
        if waiting.due is None and self._followed.read_at > waiting.seen:
            waiting.due = self._followed.read_at + KNOWN_FOR + _MARGIN
        return waiting

    async def _read_whole(self, account: AccountKey, left: int) -> None:
        if not await self._place.unread(account.tenant):
            await self._begin(account, left)
        if not await self._book.read_whole(account, left):
            _log.info("the account went once more, and is read once more", account=str(account))

    async def _begin(self, account: AccountKey, left: int) -> None:
        job = Job(
            id=f"resync-{self._place.group}-{account.tenant}-{account.name}-{left}",
            kind="resync",
            channel=self._place.channel,
            filters={"tenants": [account.tenant], "account": account.name, "codes": [], "force": False},
            who="marketsync",
            started=datetime.fromtimestamp(int(self._wall()), UTC),
            cause=Cause.NEW_ACCOUNT.value,
        )
        with suppress(JobTakenError):  # another process was as quick
            begun = await self._jobs.begin(job)
            await self._jobs.let_go(begun.id)
            self._metrics.own_resyncs.labels(self._place.channel, Cause.NEW_ACCOUNT.value).inc()
            words = "the account is new here, or was off: all its products are read"
            _log.info(words, account=str(account), job=begun.id)
