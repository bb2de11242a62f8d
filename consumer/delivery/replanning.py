"""Rule changes: the listings of an account whose rules or mode changed are marked as owed, bit by bit.

Each process marks those of its own partitions, which it sweeps too: in the background lane, behind all that happens.
It looks again and again until nothing is found for some time after the change, because other processes hear of it later
and what was being planned meanwhile may be stored after the first look; and seldom ever after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from consumer.delivery.clocks import Clocks
from consumer.delivery.planning import Seller
from consumer.delivery.work import AccountKey
from consumer.listings.owed import moment
from consumer.listings.replans import ReplanStore
from consumer.metrics.accounts import AccountMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

_MOST = 1000
# Seconds between two looks: while something is found, soon after a change, and ever after.
_BUSY = 0.2
_SOON = 1.0
_SELDOM = 300.0
# For so long after a change somebody may still plan by the old rules.
_UNTIL_ALL_KNOW = 30.0


class Replanner:
    """One process's. numbers: the partitions it owns now."""

    def __init__(
        self,
        channel: str,
        sellers: Mapping[AccountKey, Seller],
        store: ReplanStore,
        numbers: Callable[[], tuple[int, ...]],
        *,
        clocks: Clocks,
        metrics: AccountMetrics,
    ) -> None:
        self._channel = channel
        self._sellers = sellers
        self._store = store
        self._numbers = numbers
        self._clocks = clocks
        self._metrics = metrics
        # What was looked for, since when, and when it is looked for next.
        self._looked: dict[AccountKey, tuple[tuple[str, tuple[int, ...]], float, float]] = {}

    async def run(self, changed: Callable[[], None]) -> None:
        """Keep watch until cancelled. changed: called when there is something to sweep."""
        while True:
            busy = False
            try:
                busy = await self.look()
            except PyMongoError as error:
                _log.warning("MongoDB cannot be used, rule changes wait", error=str(error)[:300])
            if busy:
                changed()
            await asyncio.sleep(_BUSY if busy else _SOON)

    async def look(self) -> bool:
        """Mark some of what there is. Returns whether there may be more. Raises PyMongoError."""
        numbers = self._numbers()
        busy = False
        for account in list(self._sellers):
            seller = self._sellers.get(account)
            if seller is not None and numbers:
                busy |= await self._look_for(account, seller, numbers)
        for account in self._looked.keys() - self._sellers.keys():
            del self._looked[account]
        return busy

    async def _look_for(self, account: AccountKey, seller: Seller, numbers: tuple[int, ...]) -> bool:
        now, what = self._clocks.core(), (seller.rules, numbers)
        known, since, due = self._looked.get(account, (None, now, now))
        if known != what:
            since = due = now
        if now < due:
            return False
        place = (self._channel, account.tenant, account.name)
        count = await self._store.mark(place, numbers, seller.rules, at=moment(self._clocks.wall()), most=_MOST)
        if count:
            self._metrics.replanned.labels(self._channel, str(account)).inc(count)
            _log.info("rules changed: listings are planned anew", account=str(account), listings=count)
        pause = 0.0 if count else _SOON if now < since + _UNTIL_ALL_KNOW else _SELDOM
        self._looked[account] = (what, since, now + pause)
        return count > 0
