"""Questions to a channel are counted in the same ledgers as deliveries, of which they leave the most to those.

What deliveries have leased, questions cannot have, of whichever process; what questions may have at most is a small
share. So however long a whole account is walked through, a stock change finds its call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from adapters.errors import RateLimitedError
from adapters.model import Operation
from adapters.rate_limits import Limit
from consumer.delivery.quotas.leases import Lease, quotas_of
from consumer.delivery.quotas.ledger import Slice
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.work import AccountKey
from consumer.errors import UnavailableError
from consumer.listings.accounts import Account
from consumer.mongo import PyMongoError

# The share of every limit that questions leave to deliveries.
_DELIVERIES = 0.75
# Questions have no operation of their own; their limits cost the same for all of them.
_ANY = Operation.REVISE_STOCK
# Longest sleep before it is looked again, seconds.
_LONGEST = 30.0


class Leases(Protocol):
    """Where units are leased: `delivery.quotas.store.QuotaStore`."""

    async def lease(self, lease: Lease) -> Mapping[str, Slice]:
        """What was leased, by key. Raises PyMongoError, UnavailableError."""


class ReadingQuota:
    """What one account may be asked. egress: name of the address calls leave from. clock: seconds that never jump."""

    def __init__(
        self,
        account: Account,
        limits: Iterable[Limit],
        leases: Leases,
        *,
        egress: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._key = AccountKey(account.tenant, account.name)
        counted = [asked for limit in limits if (asked := questions_of(limit)) is not None]
        self._quotas = Quotas({self._key: quotas_of(account.channel, self._key, counted, egress)})
        self._leases = leases
        self._clock = clock
        self._sleep = sleep

    async def take(self, listings: int) -> int:
        """Wait until a question is allowed. Returns about how many listings, from 1 to as many as wanted."""
        while True:
            now = self._clock()
            room = self._quotas.room(self._key, now, _ANY, listings, urgent=False)
            if room:
                self._quotas.spend(self._key, now, _ANY, room, urgent=False)
                return room
            await self._lease(now)

    def refused(self, error: RateLimitedError) -> None:
        """The channel says that it was too much: the limits shrink for a while, for all processes."""
        self._quotas.answered(self._key, _ANY, [error])

    async def give_back(self) -> None:
        """What was leased and not used is others' again; where MongoDB is away, it ends by its time."""
        lease = self._quotas.give_back(self._clock())
        if lease is not None:
            await self._ask(lease)

    async def _lease(self, now: float) -> None:
        """Ask for what is lacking, or sleep until that is worth a question."""
        lease = self._quotas.to_lease(now)
        if lease is not None and await self._ask(lease):
            return
        due = self._quotas.next_due(self._clock())
        await self._sleep(min(_LONGEST, max(0.05, (due or now + 1) - self._clock())))

    async def _ask(self, lease: Lease) -> bool:
        try:
            found = await self._leases.lease(lease)
        except (PyMongoError, UnavailableError):
            self._quotas.not_leased(lease, self._clock())
            return False
        self._quotas.leased(lease, found, self._clock())
        return True


def questions_of(limit: Limit) -> Limit | None:
    """The limit as questions keep it, under the same name; None where it does not count them.

    However small it is, one question is possible while nobody else uses it.
    """
    if limit.reading is None:
        return None
    costs = dict.fromkeys(Operation, limit.reading)
    return replace(limit, costs=costs, reserve=max(limit.reserve, _DELIVERIES))
