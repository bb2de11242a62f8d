"""How a simulated process follows tickets: the real follower, in simulated time, while there is anything to follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from consumer.delivery.clocks import Clocks
from consumer.delivery.tickets import Ended, Places, TicketFollower
from consumer.listings.owed import Cause
from consumer.listings.state import ListingState
from consumer.listings.submissions import OpenTicket
from consumer.metrics.capped import Making
from consumer.metrics.tickets import ticket_metrics
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import CHANNEL
from tests.unit.delivery.simulation import engine

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.process import Process
    from tests.unit.delivery.simulation.world import World

_METRICS = ticket_metrics(Making(CollectorRegistry()))
_LOOK = 1.0


class SubmissionsInMemory:
    """`consumer.listings.submissions.SubmissionStore` says how."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def open(self, account: tuple[str, str, str], most: int) -> list[OpenTicket]:
        found: list[OpenTicket] = await self._world.store.ask(lambda: self._open(account)[:most])
        return found

    async def of(self, account: tuple[str, str, str], ticket: str, most: int) -> list[ListingState]:
        found: list[ListingState] = await self._world.store.ask(
            lambda: [s for s in self._states(account) if s.submitted and s.submitted.ticket == ticket][:most]
        )
        return found

    async def wake(self, ids: Sequence[str], at: datetime) -> None:
        await self._world.store.ask(lambda: self._wake(ids, at))

    def _wake(self, ids: Sequence[str], at: datetime) -> None:
        states = self._world.store.states
        for listing in ids:
            owed = states[listing].owed
            if owed is not None and owed.cause is Cause.SUBMITTED:
                self._world.debts.keep(states[listing], replace(owed, due=at, claimed=False))

    def _open(self, account: tuple[str, str, str]) -> list[OpenTicket]:
        since: dict[str, datetime] = {}
        for state in self._states(account):
            if state.submitted is not None:
                since.setdefault(state.submitted.ticket, state.submitted.version.at)
        return [OpenTicket(ticket, at, 1) for ticket, at in since.items()]

    def _states(self, account: tuple[str, str, str]) -> list[ListingState]:
        channel, tenant, name = account
        start = f"{channel}/{name}/{tenant}/"
        return [state for listing, state in self._world.store.states.items() if listing.startswith(start)]


class _Nobody:
    def ended(self, ends: Sequence[Ended]) -> None:
        """There is no history here."""


class TicketLooks:
    """One process's."""

    def __init__(self, process: Process) -> None:
        world = process.world
        marks: Any = world.debts
        places = Places(SubmissionsInMemory(world), world.store, marks, _Nobody())
        clocks = Clocks(process.wall, lambda: process.now)
        self._process = process
        self._follower = TicketFollower(
            process.core, process.sellers, places, clocks=clocks, metrics=_METRICS, channel=CHANNEL
        )
        self._looking = False

    def soon(self) -> None:
        """There may be something to follow."""
        if not self._looking and self._anything():
            self._looking = True
            self._process.later(_LOOK, self._look)

    def _anything(self) -> bool:
        ours = 0 in self._process.core.offsets.numbers()
        return ours and any(state.submitted for state in self._process.world.store.states.values())

    def _look(self) -> None:
        engine.start(self._process.world.clock, self._process.later, self._look_once())

    async def _look_once(self) -> None:
        for account in list(self._process.sellers):
            try:
                await self._follower.look(account)
            except PyMongoError:
                break
        self._looking = False
        self.soon()
