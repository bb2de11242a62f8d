"""One delivery process of the simulation: the shell around a real core, in simulated time.

It can die at any moment, and freeze: then nothing of it happens until it thaws, but what it sent before goes its way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from consumer.delivery.commands import CoreCommand, Release, Rest
from consumer.delivery.core import Core
from consumer.delivery.intake import Intake, target_account
from consumer.delivery.judging import CLAIM
from consumer.errors import UndecodableEventError
from consumer.kafka.records import Partition, Record
from consumer.listings.owed import moment
from consumer.markers import decode_marker, is_marker
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation import engine
from tests.unit.delivery.simulation.following import Following, SimulatedSellers
from tests.unit.delivery.simulation.performing import Performing
from tests.unit.delivery.simulation.tickets import TicketLooks

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World

_POLLED = 4
_COMMIT = 1.0
_DRAIN = 3.0
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
        self.sellers = SimulatedSellers()
        self._intake: Intake = world.make_intake()
        self._following = Following(self, self._intake)
        self._performing = Performing(self)
        self._tickets = TicketLooks(self)
        self._positions: dict[Partition, int] = {}
        self._unread: set[Partition] = set()
        self._poll_due = False
        self._resting: frozenset[Partition] = frozenset()
        self._wake: float | None = None
        self._turn_due = False
        self._commit_due = False
        self._following.begin()

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
        self.turn_soon()
        self.later(
            1.0, partial(self._take_over, {partition.number for partition in fresh}, moment(self.wall()) + CLAIM)
        )

    def _take_over(self, numbers: set[int], until: datetime) -> None:
        self.world.debts.take_over(numbers, until, moment(self.wall()))

    def revoke(self, partitions: Collection[Partition], done: Callable[[], None]) -> None:
        """These are taken away in order: drain, commit, let go, say so."""
        leaving = frozenset(partitions)
        generation = self.generation
        deadline = self.world.clock.now + self._rng.choice((0.3, _DRAIN))
        self.core.revoking(leaving, self.now)
        self.turn_soon()

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
        self.turn_soon()

    # Records

    def look(self, partition: Partition) -> None:
        """There may be something to read."""
        position = self._positions.get(partition)
        if position is None or position >= len(self.world.kafka.logs[partition]):
            return
        self._unread.add(partition)
        if not self._poll_due:
            self._poll_due = True
            self.later(self._rng.uniform(0.001, 0.3), self._poll)

    def _poll(self) -> None:
        self._poll_due = False
        looked, self._unread = sorted(self._unread), set()
        for partition in looked:
            if partition in self._positions and partition not in self._resting and not self.world.kafka.away:
                self._read(partition)
            if partition not in self._resting:
                self.look(partition)
        self.turn_soon()
        self.commit_soon()

    def _read(self, partition: Partition) -> None:
        position = self._positions[partition]
        records = self.world.kafka.logs[partition][position : position + self._rng.randint(1, _POLLED)]
        self._positions[partition] = position + len(records)
        for record in records:
            if not self.core.hold(record, self._intake.held_until(record, self.shift), self.now):
                self._take_in(record)

    def _take_in(self, record: Record) -> None:
        ticket = self.core.ticket(record)
        if ticket is None:
            return
        try:
            if is_marker(record.headers):
                marker = decode_marker(record.value, record.headers)
                self.core.debts.marker(ticket, marker, target_account(record) or "")
                return
            works = self._intake.works(record, ticket, self.shift)
        except UndecodableEventError as error:
            self.core.undecodable(ticket, record, error, self.now)
        else:
            self.core.arrived(ticket, works, self.now)

    def _commit(self) -> None:
        self._commit_due = False
        if positions := self.core.offsets.committable():
            if self.world.group.commit(self, positions):
                self.core.offsets.confirm(positions)
            elif self.owned:
                self.commit_soon()

    def commit_soon(self) -> None:
        """Something may be finished."""
        if not self._commit_due:
            self._commit_due = True
            self.later(_COMMIT, self._commit)

    # Commands

    def turn_soon(self) -> None:
        """Ask the core what to do, once for all that happens now."""
        if not self._turn_due:
            self._turn_due = True
            self.later(0.001, self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        self._tickets.soon()
        for command in self.core.tick(self.now):
            if self.world.happenings.trap_for(self, command):
                self.later(0.0, partial(self._perform, command))
            else:
                self._perform(command)
        self.core.notes.drain()
        self.world.promises.check_bounds(self)
        due = self.core.next_due(self.now)
        if due is not None and (self._wake is None or due < self._wake):
            self._wake = due
            self.later(max(due - self.now, 0.001), self._wake_up)

    def read_pauses(self) -> None:
        """Learn which accounts are paused."""
        known = self.core.gates
        self.core.debts.pause({account: why for account, why in self.world.paused.items() if account in known})
        self.turn_soon()

    def accounts_changed(self) -> None:
        """Some account is not any more as this process knows it."""
        self._following.changed()

    def look_for_owed(self) -> None:
        """Some listing may be due."""
        self.turn_soon()

    def _wake_up(self) -> None:
        self._wake = None
        self.turn_soon()

    def _perform(self, command: CoreCommand) -> None:
        if isinstance(command, Release):
            for record in command.records:
                self._take_in(record)
            self.turn_soon()
            self.commit_soon()
        elif isinstance(command, Rest):
            woken = self._resting - command.partitions
            self._resting = command.partitions
            for partition in sorted(woken):
                self.look(partition)
        else:
            engine.start(self.world.clock, self.later, self._performing.perform(command))
