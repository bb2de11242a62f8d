"""Keeps a delivery process's accounts as they are stored: they come, change, pause and go while it runs.

Read every second. An account that is off is none: its records are passed over, which is written down first, and when it
is switched on all its products are read. One whose document cannot be used stands still: what comes in for it is owed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from adapters.base import Adapter
from adapters.errors import AdapterError
from adapters.rate_limits import Limit
from consumer.delivery.core import Core
from consumer.delivery.intake import Intake
from consumer.delivery.planning import make_seller
from consumer.delivery.quotas.leases import Quota, quotas_of
from consumer.delivery.roster import Terms
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey
from consumer.errors import MarketsyncError
from consumer.listings.accounts import Account
from consumer.listings.accounts.limits import limits_in_force
from consumer.metrics.accounts import AccountMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

READ_EVERY = 1.0
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class AccountReading:
    """One account as it is stored. account: None where it cannot be used; problem: why, in words without secrets."""

    key: AccountKey
    account: Account | None
    problem: str = ""

    @property
    def served(self) -> bool:
        """Whether its records are taken in; a document that cannot be used may say anything about its mode."""
        return self.account is None or self.account.mode != "off"


class AccountSource(Protocol):
    """Where the accounts of the channel are read."""

    async def read(self) -> Sequence[AccountReading]:
        """All of them, as they are stored now. Raises PyMongoError, MarketsyncError: nothing is known then.

        An account that has not changed should be the same object again, so that nothing is compared.
        """


class Book(Protocol):
    """Where it is written down whose records are passed over: `account_book.AccountBook`."""

    async def only(self, accounts: Iterable[AccountKey]) -> None:
        """Records of all others are passed over from now on. Raises PyMongoError."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the follower works with. make_adapter: for an account, raises AdapterError where it cannot be made.

    egress: name of the address that calls leave from.
    """

    source: AccountSource
    book: Book
    make_adapter: Callable[[Account], Adapter]
    egress: str


class Follower:
    """One process's. clock: the core's. pause: pauses whom it has to, a new account too.

    read_at: when the newest reading began that was acted on.
    """

    def __init__(  # noqa: PLR0913  what it keeps in step, each by its name
        self,
        channel: str,
        core: Core,
        intake: Intake,
        sellers: Sellers,
        hands: Hands,
        pause: Callable[[], None],
        clock: Callable[[], float],
        metrics: AccountMetrics,
    ) -> None:
        self.read_at = 0.0
        self._channel = channel
        self._core = core
        self._intake = intake
        self._sellers = sellers
        self._hands = hands
        self._pause = pause
        self._clock = clock
        self._metrics = metrics
        self._readings: dict[AccountKey, AccountReading] = {}
        self._limits: dict[AccountKey, Sequence[Limit]] = {}
        self._begun = False

    @property
    def served(self) -> Mapping[AccountKey, Account]:
        """The accounts that are at work now."""
        return {
            key: reading.account
            for key, reading in self._readings.items()
            if reading.account is not None and reading.served
        }

    async def begin(self) -> None:
        """Read the accounts for the first time: before that nothing may be taken in. Waits while MongoDB is away."""
        known = await self.look()
        while not known:
            await asyncio.sleep(READ_EVERY)
            known = await self.look()

    async def run(self, changed: Callable[[], None]) -> None:
        """Keep watch until cancelled. changed: called when the core may have something new to do."""
        while True:
            await asyncio.sleep(READ_EVERY)
            if await self.look():
                changed()

    async def look(self) -> bool:
        """Read once and act on it. False: it could not be done."""
        began = self._clock()
        try:
            readings = {reading.key: reading for reading in await self._hands.source.read()}
            served = {key for key, reading in readings.items() if reading.served}
            if not self._begun or self._core.roster.accounts.keys() - served:
                await self._hands.book.only(served)
        except (PyMongoError, MarketsyncError) as error:
            words = "the accounts cannot be read; what is known of them holds for some seconds"
            _log.warning(words, channel=self._channel, error=str(error)[:_LONGEST])
            return False
        self._act(readings, served)
        self._limit()
        self._core.roster.read(began)
        self.read_at = began
        return True

    def _act(self, readings: dict[AccountKey, AccountReading], served: set[AccountKey]) -> None:
        before = self._readings
        changed = {key for key, reading in readings.items() if before.get(key) != reading} | before.keys() - readings
        if not changed and self._begun:
            return
        self._begun = True
        for key in sorted(changed & served):
            readings[key] = self._serve(readings[key])
        for key in self._core.roster.accounts.keys() - served:
            self._core.roster.gone(key, self._clock())
        self._readings = readings
        self._intake.follow(served)
        self._pause()
        self._tell(changed, before)

    def _serve(self, reading: AccountReading) -> AccountReading:
        """The account comes in, or is changed. Returns what is to be known of it."""
        roster, account = self._core.roster, reading.account
        if account is not None:
            known = self._sellers.get(reading.key)
            renewed = known is None or known.account.settings != account.settings
            try:
                adapter = self._hands.make_adapter(account) if known is None or renewed else known.adapter
                self._sellers.put(make_seller(account, adapter))
            except AdapterError as error:
                reading = AccountReading(reading.key, None, str(error)[:_LONGEST])
            else:
                quotas = self._quotas(reading.key, account, adapter)
                terms = Terms(adapter.batch_size, quotas, bulk=adapter.bulk)
                roster.known(reading.key, terms, self._clock(), renewed=renewed)
                return reading
        gate = roster.accounts.get(reading.key)
        size = 1 if gate is None else gate.batch_size
        roster.known(reading.key, Terms(size, broken=f"the account cannot be used: {reading.problem}"), self._clock())
        return reading

    def _quotas(self, key: AccountKey, account: Account, adapter: Adapter) -> Sequence[Quota]:
        self._limits[key] = limits = adapter.limits
        return quotas_of(self._channel, key, limits_in_force(limits, account.limits), self._hands.egress)

    def _limit(self) -> None:
        """A channel may say with any answer what it allows from now on: that counts at once, and nothing is planned
        again for it."""
        for key, account in self.served.items():
            adapter = self._sellers[key].adapter
            if adapter.limits != self._limits[key]:
                self._core.quotas.follow(key, self._quotas(key, account, adapter), self._clock())
                _log.info("the channel allows something else than before", account=str(key))

    def _tell(self, changed: set[AccountKey], before: Mapping[AccountKey, AccountReading]) -> None:
        for key in sorted(changed):
            reading = self._readings.get(key)
            account = None if reading is None else reading.account
            self._metrics.tell(self._channel, str(key), None if account is None else account.mode, reading is not None)
            if reading is None:
                _log.info("account removed", account=str(key))
            elif account is None:
                _log.error(f"account cannot be used, it stands still: {reading.problem}", account=str(key))
            else:
                words = "account changed" if key in before else "account found"
                _log.info(words, account=str(key), mode=account.mode)
