"""One delivery process of the simulation: the shell around a real core, in simulated time.

It can die at any moment, and freeze: then nothing of it happens until it thaws, but what it sent before goes its way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from consumer.delivery.commands import Call, CoreCommand, Prepare, Probe, Produce, Release, Rest, Store, TryAccount
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.intake import Intake
from consumer.delivery.owing import Owe
from consumer.delivery.sweeps import Sweep
from consumer.errors import UndecodableEventError
from consumer.kafka.records import Partition, Record
from consumer.listings.owed import moment
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation import engine

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World

_POLLED = 4
_COMMIT = 1.0
_DRAIN = 3.0
_CLAIM = 5.0
# Seconds without Kafka after which a record that is to be written counts as failed.
_DELIVERY_TIMEOUT = 6.0


class Process:
    """Its core's clock starts with it. wall_error: of its wall clock. generation: how often it was thrown out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.alive = True
        self.frozen_until = 0.0
        self.wall_error = 0.0
        self.owned: set[Partition] = set()
        self.generation = 0
        self._rng: random.Random = world.rng
        self._born = world.clock.now
        self.core: Core = world.make_core()
        self._intake: Intake = world.make_intake()
        world.born += 1
        self._execution = Execution(world.sellers, world.store, world.store, self.wall, process=str(world.born))
        self._letters = world.make_letters()
        self._positions: dict[Partition, int] = {}
        self._polls: set[Partition] = set()
        self._resting: frozenset[Partition] = frozenset()
        self._wake: float | None = None
        self._turn_due = False
        self._commit_due = False
        self._looking = False

    @property
    def now(self) -> float:
        """The core's clock."""
        return self.world.clock.now - self._born

    def wall(self) -> float:
        """What this process believes the time to be, seconds since 1970."""
        return START + self.world.clock.now + self.wall_error

    @property
    def shift(self) -> float:
        """Core's clock to wall clock."""
        return START + self._born + self.wall_error

    @property
    def frozen(self) -> bool:
        """Whether it is frozen now."""
        return self.world.clock.now < self.frozen_until

    def later(self, delay: float, step: Callable[[], None]) -> None:
        """Do this in this process: not if it is dead by then, and not while it is frozen."""
        self.world.clock.later(delay, partial(self._do, step))

    def _do(self, step: Callable[[], None]) -> None:
        if not self.alive:
            return
        if self.frozen:
            # In any order: what had to be done, and hearing that the group went on without us.
            rest = self.frozen_until - self.world.clock.now + self._rng.uniform(0.001, 0.1)
            self.world.clock.later(rest, partial(self._do, step))
            return
        step()
        self.world.promises.check_bounds(self)

    def _soon(self, longest: float, step: Callable[[], None]) -> None:
        self.later(self._rng.uniform(0.001, longest), step)

    # Partitions

    def assign(self, partitions: Iterable[Partition]) -> None:
        """These are ours from now on, read from their committed offsets."""
        fresh = [partition for partition in partitions if partition not in self.owned]
        self.owned.update(fresh)
        for partition in fresh:
            self._positions[partition] = self.world.kafka.committed[partition]
        self.core.assigned(fresh, self.now)
        for partition in sorted(self.owned):
            self.look(partition)
        self._turn_soon()
        self.look_for_owed()

    def revoke(self, partitions: Collection[Partition], done: Callable[[], None]) -> None:
        """These are taken away in order: drain, commit, let go, say so."""
        leaving = frozenset(partitions)
        generation = self.generation
        deadline = self.world.clock.now + self._rng.choice((0.3, _DRAIN))
        self.core.revoking(leaving, self.now)
        self._turn_soon()

        def drain() -> None:
            if self.generation != generation:
                return  # thrown out meanwhile, and told so
            if self.core.busy(leaving) and self.world.clock.now < deadline:
                self.later(0.05, drain)
            else:
                self._let_go(leaving)
                done()

        drain()

    def _let_go(self, leaving: frozenset[Partition]) -> None:
        self.world.group.commit(self, {p: n for p, n in self.core.offsets.committable().items() if p in leaving})
        self.lost(leaving)

    def lost(self, partitions: Iterable[Partition]) -> None:
        """These are gone; somebody else may work on them by now."""
        gone = frozenset(partitions) & self.owned
        self.owned -= gone
        for partition in gone:
            self._positions.pop(partition, None)
        self.core.revoked(gone, self.now)
        self._turn_soon()

    # Records

    def look(self, partition: Partition) -> None:
        """There may be something to read."""
        if partition not in self._polls and partition in self._positions and partition not in self._resting:
            self._polls.add(partition)
            self._soon(0.3, lambda: self._poll(partition))

    def look_for_owed(self) -> None:
        """Every second, as long as anything is owed."""
        if not self._looking and self.world.store.owed:
            self._looking = True
            self.later(1.0, self._look_for_owed)

    def _look_for_owed(self) -> None:
        self._looking = False
        self._turn_soon()
        self.look_for_owed()

    def _poll(self, partition: Partition) -> None:
        self._polls.discard(partition)
        position = self._positions.get(partition)
        if position is None or partition in self._resting:
            return
        log = self.world.kafka.logs[partition]
        if self.world.kafka.away:
            self.look(partition)
            return
        records = log[position : position + self._rng.randint(1, _POLLED)]
        self._positions[partition] = position + len(records)
        for record in records:
            if not self.core.hold(record, self._intake.held_until(record, self.shift), self.now):
                self._take_in(record)
        if self._positions[partition] < len(log):
            self.look(partition)
        if records:
            self._turn_soon()

    def _take_in(self, record: Record) -> None:
        ticket = self.core.ticket(record)
        if ticket is None:
            return
        try:
            works = self._intake.works(record, ticket, self.shift)
        except UndecodableEventError as error:
            self.core.undecodable(ticket, record, error)
        else:
            self.core.arrived(ticket, works, self.now)

    def _commit(self) -> None:
        self._commit_due = False
        if positions := self.core.offsets.committable():
            if self.world.group.commit(self, positions):
                self.core.offsets.confirm(positions)
            elif self.owned:
                self._commit_soon()

    def _commit_soon(self) -> None:
        if not self._commit_due:
            self._commit_due = True
            self.later(_COMMIT, self._commit)

    # Commands

    def _turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self.later(0.001, self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        for command in self.core.tick(self.now):
            if self.world.trap_for(self, command):
                self.later(0.0, partial(self._perform, command))
            else:
                self._perform(command)
        self.core.notes.drain()
        self._commit_soon()
        due = self.core.next_due(self.now)
        if due is not None and (self._wake is None or due < self._wake):
            self._wake = due
            self.later(max(due - self.now, 0.001), self._wake_up)

    def _wake_up(self) -> None:
        self._wake = None
        self._turn_soon()

    def _perform(self, command: CoreCommand) -> None:
        match command:
            case Prepare():
                self._start(self._prepare(command))
            case Call():
                self._start(self._call(command))
            case Store():
                self._start(self._store(command))
            case Produce():
                self._start(self._produce(command))
            case Probe() | Owe() | Sweep() | TryAccount():
                self._start(self._keep_up(command))
            case Release():
                for record in command.records:
                    self._take_in(record)
                self._turn_soon()
            case Rest():
                woken = self._resting - command.partitions
                self._resting = command.partitions
                for partition in sorted(woken):
                    self.look(partition)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        engine.start(self.world.clock, self.later, work)

    async def _prepare(self, prepare: Prepare) -> None:
        report = await self._execution.prepare(prepare)
        if report is None:
            self.core.not_prepared(prepare, self.now)
        else:
            self.core.prepared(prepare, report, self.now)
        self._turn_soon()

    async def _call(self, call: Call) -> None:
        self.world.promises.call_starts(self, call)
        answers = await self._execution.call(call)
        self.core.called(call, answers, self.now)
        self._turn_soon()

    async def _keep_up(self, command: Probe | Owe | Sweep | TryAccount) -> None:
        match command:
            case Probe():
                self.core.probed(command, await self._execution.probe(command), self.now)
            case Owe():
                if await self._execution.owe(command.owings, self.now):
                    self.core.debts.owed(command, self.now)
                else:
                    self.core.debts.not_owed(command, self.now)
            case Sweep():
                await self._sweep(command)
            case TryAccount():
                self.core.debts.tried(command, await self._execution.try_account(command.account), self.now)
        self._turn_soon()

    async def _sweep(self, sweep: Sweep) -> None:
        events = self.world.owed_now(sweep, self.wall())
        try:
            await self.world.store.claim(events, moment(self.wall() + _CLAIM))
        except PyMongoError:
            self.core.debts.not_swept(self.now)
            return
        works = [self.world.swept_work(listing, event, sweep, self.shift) for listing, event in events.items()]
        self.core.debts.swept(sweep, works, len(works), self.now)

    async def _store(self, store: Store) -> None:
        lost = await self._execution.store(store)
        if lost is None:
            self.core.not_stored(store, self.now)
        else:
            self.core.stored(store, lost, self.now)
        self._turn_soon()

    async def _produce(self, produce: Produce) -> None:
        if not await self._execution.give_up(produce.letters):
            self.core.not_produced(produce, self.now)
            self._turn_soon()
            return
        now, shift = self.now, self.shift
        begun = self.world.clock.now
        refused: list[Exception | None] = []
        for letter in produce.letters:
            outgoing = self._letters.outgoing(letter, now, shift)
            while self.world.kafka.away:
                if self.world.clock.now > begun + _DELIVERY_TIMEOUT:
                    self.world.group.give_up(self)
                    return
                await engine.Request(lambda: None, 0.5, 0.1)
            refused.append(await engine.Request(partial(self.world.write, letter, outgoing), 0.01, 0.01))
        self.core.produced(produce, refused, self.now)
        self._turn_soon()
