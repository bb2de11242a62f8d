"""How a simulated process follows its accounts: the real follower, newcomers and replanner, in simulated time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from adapters.base import Adapter
from consumer.control.newcomers import Newcomers, Place
from consumer.delivery.clocks import Clocks
from consumer.delivery.following import Follower, Hands
from consumer.delivery.intake import Intake
from consumer.delivery.replanning import Replanner
from consumer.delivery.roster import KNOWN_FOR
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey
from consumer.listings.accounts import Account
from consumer.metrics import control_metrics
from consumer.metrics.accounts import account_metrics
from consumer.metrics.capped import Making
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import CHANNEL
from tests.unit.delivery.simulation import engine

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.process import Process

_METRICS = account_metrics(Making(CollectorRegistry()))
_CONTROL = control_metrics(CollectorRegistry())
# Seconds between two looks; nobody looks while nothing can have changed.
_LOOK = 1.0
# For so long after a change it is looked for listings that were planned by old rules.
_LOOKED_FOR = 35.0


class SimulatedSellers(Sellers):
    """Nothing is closed: all processes speak through one channel."""

    def _retire(self, adapter: Adapter) -> None:
        pass


class Following:
    """One process's."""

    def __init__(self, process: Process, intake: Intake) -> None:
        world = process.world
        self._process = process
        self._core = process.core
        stores: Any = world.accounts  # as those in MongoDB
        hands = Hands(world.accounts, world.accounts, lambda account: world.channels[_key(account)], "")
        self._follower = Follower(
            CHANNEL, self._core, intake, process.sellers, hands, process.read_pauses, lambda: process.now, _METRICS
        )
        self._newcomers = Newcomers(
            Place(CHANNEL, "group", _is_known),
            self._follower,
            stores,
            stores,
            clocks=(lambda: process.now, process.wall),
            metrics=_CONTROL,
        )
        marks: Any = Marks(world.debts)
        clocks = Clocks(process.wall, lambda: process.now)
        numbers = self._core.offsets.numbers
        self._replanner = Replanner(CHANNEL, process.sellers, marks, numbers, clocks=clocks, metrics=_METRICS)
        self._looking = False
        self._until = -math.inf

    def begin(self) -> None:
        """Nothing is taken in before the accounts are known."""
        self._core.roster.fresh_until = 0.0
        if self._process.world.accounts.version:
            self._until = self._process.now + _LOOKED_FOR
        self._look_in(0.0)

    def changed(self) -> None:
        """What was read last held until now, and is heard to be old by and by."""
        roster, now = self._core.roster, self._process.now
        roster.fresh_until = min(roster.fresh_until, now + KNOWN_FOR)
        self._until = now + _LOOKED_FOR
        self._look_in(self._process.world.rng.uniform(0.0, 1.2))

    def _look_in(self, delay: float) -> None:
        if not self._looking:
            self._looking = True
            self._process.later(delay, self._look)

    def _look(self) -> None:
        engine.start(self._process.world.clock, self._process.later, self._look_once())

    async def _look_once(self) -> None:
        accounts = self._process.world.accounts
        version = accounts.version
        good = await self._follower.look()
        try:
            await self._newcomers.look()
            await self._replanner.look()
        except PyMongoError:
            good = False
        newest = good and accounts.version == version
        if newest:  # it goes on to read every second, and finds the same
            self._core.roster.fresh_until = math.inf
        self._looking = False
        self._process.turn_soon()
        if not newest or self._newcomers.waiting or self._process.now < self._until:
            self._look_in(_LOOK)


class Marks:
    """The marks of the simulation under the name that the replanner knows."""

    def __init__(self, debts: Any) -> None:
        self.mark = debts.mark_outdated


async def _is_known(_tenant: str) -> bool:
    return False


def _key(account: Account) -> AccountKey:
    return AccountKey(account.tenant, account.name)
