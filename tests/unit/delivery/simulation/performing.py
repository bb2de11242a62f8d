"""How a simulated process performs the core's commands: as the real shell does, in simulated time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from consumer.delivery.commands import Call, Dismiss, Prepare, Probe, Produce, Store, TryAccount
from consumer.delivery.flood import StopFlood
from consumer.delivery.owing import Owe
from consumer.delivery.quotas.leases import Lease
from consumer.delivery.sweeps import Sweep
from consumer.delivery.unseen import MarkUnseen
from consumer.listings.owed import moment
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import CHANNEL
from tests.unit.delivery.simulation.engine import Request

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.process import Process

# Seconds without Kafka after which a record that is to be written counts as failed.
_DELIVERY_TIMEOUT = 6.0
# Of a sweep: there is nothing new to decide.
NOTHING_FOUND = object()


class Performing:
    """One process's. It tells the core what became of each command."""

    def __init__(self, process: Process) -> None:
        world = process.world
        self._process = process
        self._core = process.core
        self._execution = world.make_execution(process)
        self._floors = world.make_floors()
        self._sweeper = world.make_sweeper(process)
        self._letters = world.make_letters()
        self._performers: dict[type[Any], Callable[[Any], Awaitable[object]]] = {
            Prepare: self._prepare,
            Call: self._call,
            Probe: self._probe,
            Store: self._store,
            Produce: self._produce,
            Lease: self._lease,
            Owe: self._owe,
            Sweep: self._sweep,
            TryAccount: self._try,
            StopFlood: self._stop_flood,
            MarkUnseen: self._mark_unseen,
            Dismiss: self._dismiss,
        }

    async def perform(self, command: object) -> None:
        """Do it, and then ask the core what is next."""
        done = await self._performers[type(command)](command)
        if done is not NOTHING_FOUND:
            self._process.turn_soon()
            self._process.commit_soon()

    @property
    def _now(self) -> float:
        return self._process.now

    async def _prepare(self, prepare: Prepare) -> None:
        report = await self._floors.prepare(prepare, self._execution.prepare)
        if report is None:
            self._core.not_prepared(prepare, self._now)
        else:
            self._core.prepared(prepare, report, self._now)

    async def _call(self, call: Call) -> None:
        if self._now >= call.until:
            self._core.dispatch.too_late(call, self._now)
            return
        self._process.world.promises.call_starts(self._process, call)
        answers = await self._execution.call(call)
        self._core.called(call, answers, self._now)

    async def _probe(self, probe: Probe) -> None:
        if probe.account in self._process.sellers:
            self._core.probed(probe, await self._execution.probe(probe), self._now)

    async def _store(self, store: Store) -> None:
        stored = await self._execution.store(store)
        if stored is None:
            self._core.not_stored(store, self._now)
        else:
            self._core.stored(store, stored, self._now)

    async def _owe(self, owe: Owe) -> None:
        if await self._execution.owe(owe.owings, self._now):
            self._core.debts.owed(owe, self._now)
        else:
            self._core.debts.not_owed(owe, self._now)

    async def _sweep(self, sweep: Sweep) -> object:
        if self._process.world.debts.nothing():  # most looks end so, and the sweeper would find it out slowly
            self._core.debts.swept(sweep, (), 0, self._now)
            return NOTHING_FOUND
        try:
            works, found = await self._sweeper.sweep(sweep, self._process.shift)
        except PyMongoError:
            self._core.debts.not_swept(self._now)
            return None
        self._core.debts.swept(sweep, works, found, self._now)
        return None if found else NOTHING_FOUND

    async def _try(self, command: TryAccount) -> None:
        if command.account in self._process.sellers:
            self._core.debts.tried(command, await self._execution.try_account(command.account), self._now)

    async def _mark_unseen(self, command: MarkUnseen) -> None:
        marker, world = command.marker, self._process.world
        place, at = command.ticket.partition.number, moment(self._process.wall())
        try:
            await self._floors.reached(command)
            await world.debts.mark_unseen(
                CHANNEL, marker.tenant, place, sequence=marker.sequence, at=at, account=command.account
            )
        except PyMongoError:
            self._core.debts.not_marked(command, self._now)
        else:
            self._core.debts.unseen_marked(command)

    async def _dismiss(self, command: Dismiss) -> None:
        self._process.sellers.drop(command.account)

    async def _stop_flood(self, command: StopFlood) -> None:
        self._process.world.happenings.stop(command.whom)
        self._core.flow.flood.stopped(command, done=True)

    async def _lease(self, lease: Lease) -> None:
        try:
            found = await self._process.world.lease(lease)
        except PyMongoError:
            self._core.quotas.not_leased(lease, self._now)
        else:
            self._core.quotas.leased(lease, found, self._now)

    async def _produce(self, produce: Produce) -> None:
        if not await self._execution.give_up(produce.letters):
            self._core.not_produced(produce, self._now)
            return
        world = self._process.world
        now, shift, begun = self._now, self._process.shift, world.clock.now
        refused: list[Exception | None] = []
        for letter in produce.letters:
            outgoing = self._letters.outgoing(letter, now, shift)
            while world.kafka.away:
                if world.clock.now > begun + _DELIVERY_TIMEOUT:
                    world.group.give_up(self._process)
                    return
                await Request(lambda: None, 0.5, 0.1)
            refused.append(await Request(partial(world.write, letter, outgoing), 0.01, 0.01))
        self._core.produced(produce, refused, self._now)
