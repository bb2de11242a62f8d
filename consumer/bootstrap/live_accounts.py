"""The accounts of a channel as delivery follows them: those that are stored, or those of the variables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from adapters.base import Adapter
from adapters.registry import make_adapter
from consumer.delivery.following import AccountReading
from consumer.delivery.work import AccountKey
from consumer.listings.accounts import Account
from consumer.listings.accounts.stored import BrokenAccount
from consumer.listings.accounts.watch import AccountWatch
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds between two looks for a first account, and between two words about there being none.
_LOOK = 1.0
_SAY = 60.0


class LiveAccounts:
    """Those of one channel; keeps `delivery.following.AccountSource`. readings: the newest there were."""

    def __init__(self, channel: str, watch: AccountWatch) -> None:
        self.channel = channel
        self.readings: Sequence[AccountReading] = ()
        self._watch = watch

    @property
    def served(self) -> list[AccountKey]:
        """Accounts whose records are taken in."""
        return [reading.key for reading in self.readings if reading.served]

    def tenants(self) -> set[str]:
        """Those that have such an account."""
        return {account.tenant for account in self.served}

    async def read(self) -> Sequence[AccountReading]:
        """All of them, as they are stored now. Raises PyMongoError, MarketsyncError."""
        self.readings = [_reading(account) for account in await self._watch.read()]
        return self.readings

    async def require_usable(self) -> None:
        """Raises AdapterError for variables that no adapter can be made of: nobody changes them while this runs."""
        for reading in self.readings if self._watch.from_variables else ():
            if reading.account is not None:
                await adapter_of(reading.account).close()

    async def wait(self, clock: Callable[[], float]) -> None:
        """Until there is an account to serve; says that it waits. clock: seconds, monotonic.

        Raises MarketsyncError where variables count and are unusable.
        """
        said = -_SAY
        while not self.served:
            try:
                await self.read()
            except PyMongoError as error:
                _log.warning("MongoDB cannot be used", error=str(error)[:300])
            if self.served:
                return
            if clock() - said >= _SAY:
                said = clock()
                _log.warning(
                    f"no account of the channel {self.channel} is switched on: waiting for one",
                    cure="`marketsync accounts add`, `marketsync accounts mode`",
                )
            await asyncio.sleep(_LOOK)


def adapter_of(account: Account) -> Adapter:
    """An adapter for an account. Raises AdapterError for settings that cannot be used."""
    return make_adapter(account.channel, account.settings)


def _reading(account: Account | BrokenAccount) -> AccountReading:
    if isinstance(account, Account):
        return AccountReading(AccountKey(account.tenant, account.name), account)
    # Where even the id says nothing it stands still under the id as it is.
    key = AccountKey(account.tenant, account.name) if account.name else AccountKey("?", account.id)
    return AccountReading(key, None, account.words)
