"""A world for the delivery core: simulated Kafka, store, channel and processes, driven by a schedule.

The decisions are the real ones (core, intake, execution, planner, transitions, the channel in memory); what is
simulated is time, the network, and everything that can fail. `promises` is asked after every step.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache, partial
from typing import Any

from adapters.rate_limits import Limit
from consumer.delivery.braking import Braking
from consumer.delivery.commands import Letter
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.flood import FloodLimits
from consumer.delivery.floors import Floors
from consumer.delivery.gap_brake import GapLimits
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.letters import Letters, Outgoing
from consumer.delivery.limits import CoreSettings
from consumer.delivery.quotas.leases import Lease, answered
from consumer.delivery.quotas.ledger import Ledger, Slice
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.sweeper import Catalogue
from consumer.delivery.work import AccountKey
from consumer.events import Operation
from consumer.kafka import RecordTooLargeError, TopicNames
from consumer.kafka.records import Record
from tests.unit.delivery.ledgers import LedgersInMemory
from tests.unit.delivery.making import CHANNEL, START
from tests.unit.delivery.simulation.accounts import StoredAccounts
from tests.unit.delivery.simulation.channel import Channel
from tests.unit.delivery.simulation.debts import DebtsInMemory
from tests.unit.delivery.simulation.engine import Clock, Request
from tests.unit.delivery.simulation.floors import FloorsInMemory
from tests.unit.delivery.simulation.group import PARTITIONS, Group
from tests.unit.delivery.simulation.happenings import Happenings, published
from tests.unit.delivery.simulation.person import Person
from tests.unit.delivery.simulation.pim import Pim, SimulatedSweeper
from tests.unit.delivery.simulation.process import Process
from tests.unit.delivery.simulation.promises import MAX_WAITING, Promises
from tests.unit.delivery.simulation.schedule import ACCOUNTS, QUOTA_PERIOD, Schedule
from tests.unit.delivery.simulation.servers import Kafka, Store

POLICY = RetryPolicy(attempts=3, backoff=0.5, ceiling=6, memory_wait=2, delays=(4, 12), outage_ceiling=6)
_NAMES = TopicNames()
_BACKGROUND = frozenset({_NAMES.of(Operation.READ)})
_TOPICS = (*_NAMES.products, *(_NAMES.retry(CHANNEL, delay) for delay in POLICY.delays))
_LETTERS = _NAMES.dead_letters(CHANNEL)
# A schedule that is not quiet by then never will be.
_PATIENCE = 2000.0
# How often it is looked for owed listings that are due.
_LOOK = 2.0


class World:
    """Everything outside the processes."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.rng = random.Random(schedule.seed)
        self.clock = Clock()
        self.kafka = Kafka(self.clock)
        self.store = Store(self.clock, self.rng)
        self.person = Person(self)
        self.debts = DebtsInMemory(self.store, self.partition_of, self.owed_at, self.person.held)
        self.store.zombie = self.debts.zombie
        self.store.taken = self._tell_taken
        changes = (step.arguments for step in schedule.steps if step.name == "publish")
        self.pim = Pim(published(*change)[0] for change in changes)
        self.paused: dict[AccountKey, str] = {}
        self._look_at = math.inf
        self.topics = _TOPICS
        self.channels = {
            AccountKey(*name.split("/")): Channel(self.clock, self.rng, schedule.batch, limits)
            for name, limits in zip(ACCOUNTS, (_limits(schedule.quota), ()), strict=True)
        }
        self._ledgers: dict[str, Ledger] = {}
        self.accounts = StoredAccounts(self)
        self.dead_letters: list[Record] = []
        self.poison_records = 0
        self.bulky: dict[bytes | None, int] = {}
        self.brakes = LedgersInMemory()
        self.floors = FloorsInMemory(self.store)
        self.promises = Promises(self)
        self.group = Group(self)
        self.happenings = Happenings(self)

    def run(self) -> None:
        """Until all is quiet. Raises BrokenPromiseError."""
        for _ in range(self.schedule.processes):
            self.group.join()
        for step in self.schedule.steps:
            self.clock.later(step.at, partial(getattr(self.happenings, step.name), *step.arguments))
        if not self.clock.run(_PATIENCE):
            self.promises.broken(1, f"not quiet after {_PATIENCE} s")
        self.promises.check_end()

    # What a process is made of

    def make_core(self) -> Core:
        flood = FloodLimits(self.schedule.letters, 20.0)
        settings = CoreSettings(POLICY, 2, 0.02, MAX_WAITING, _BACKGROUND, flood=flood)
        return Core(settings, {}, self.rng.random)

    def make_intake(self) -> Intake:
        return Intake(CHANNEL, (), Sources(_BACKGROUND, _delay_of))

    def make_execution(self, process: Process) -> Execution:
        name = f"process {len(self.group.everybody)}"
        braking = Braking(CHANNEL, self.brakes, by=name)
        return Execution(
            process.sellers, self.store, self.debts, process.wall, process=name, braking=braking, rest=_rest
        )

    def make_floors(self) -> Floors:
        return Floors(self.floors, self.store)

    def make_sweeper(self, process: Process) -> SimulatedSweeper:
        debts: Any = self.debts  # as the two stores in MongoDB
        catalogue = Catalogue(self.pim, _NAMES.of(Operation.READ))
        return SimulatedSweeper(CHANNEL, debts, debts, catalogue, limits=GapLimits(1000, 1.0), clock=process.wall)

    def make_letters(self) -> Letters:
        return Letters(CHANNEL, "group", _NAMES)

    def topic_of(self, operation: Operation) -> str:
        return _NAMES.of(operation)

    def partition_of(self, code: str) -> int:
        return int(code.removeprefix("P-")) % PARTITIONS

    # What processes ask of it

    async def lease(self, lease: Lease) -> dict[str, Slice]:
        """A process leases quotas. Raises PyMongoError."""

        def answer() -> dict[str, Slice]:
            given = {}
            for ask in lease.asks:
                key = ask.quota.key
                self._ledgers[key], given[key] = answered(ask, self._ledgers.get(key, Ledger()), START + self.clock.now)
            return given

        found: dict[str, Slice] = await self.store.ask(answer)
        return found

    def write(self, letter: Letter, outgoing: Outgoing) -> Exception | None:
        """A process writes to Kafka. Returns why it is not taken, if so."""
        if outgoing.value and self.bulky.get(letter.record.key, 0) > (letter.retry is None):
            return RecordTooLargeError("Message size too large")
        record = Record("", 0, 0, outgoing.key, outgoing.value, tuple(outgoing.headers), 0.0)
        if letter.retry is None:
            self.promises.given_up(letter)
            self.dead_letters.append(record)
            return None
        written = self.kafka.append(record, outgoing.topic, letter.record.partition)
        if letter.work is not None:
            self.promises.carries(str(letter.work.key), written, letter.work.sequence)
        self.group.tell(written.place)
        return None

    def owed_at(self, due: float) -> None:
        """A listing is owed and due then: whoever owns it looks."""
        due = max(due, self.clock.now) + 0.01
        if due > self.clock.now + _PATIENCE / 2:
            return  # what is held: a person decides long before
        if due < self._look_at:
            self._look_at = due
            self.clock.later(due - self.clock.now, partial(self._look_for_owed, due))

    def _tell_taken(self) -> None:
        for process in self.group.processes:
            process.later(0.0, process.turn_soon)

    def _look_for_owed(self, due: float) -> None:
        if due > self._look_at:
            return  # somebody looked earlier, and has arranged for what follows
        for process in self.group.processes:
            process.later(0.0, process.look_for_owed)
        self._look_at = math.inf
        dues = [state.owed.due.timestamp() - START for state in self.store.states.values() if state.owed is not None]
        if dues:
            self.owed_at(max(min(dues), self.clock.now + _LOOK))


async def _rest() -> None:
    await Request(lambda: None, 0.5, 0.1)


def _limits(quota: int) -> tuple[Limit, ...]:
    return (Limit("calls", quota, QUOTA_PERIOD),) if quota else ()


@lru_cache
def _delay_of(topic: str) -> int | None:
    return _NAMES.delay_of(CHANNEL, topic)
