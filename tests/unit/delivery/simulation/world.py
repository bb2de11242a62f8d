"""A world for the delivery core: simulated Kafka, store, channel and processes, driven by a schedule.

The decisions are the real ones (core, intake, execution, planner, transitions, the channel in memory); what is
simulated is time, the network, and everything that can fail. `promises` is asked after every step.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from consumer.delivery.commands import CoreCommand, Letter
from consumer.delivery.core import Core, CoreSettings
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.lanes import Lane
from consumer.delivery.letters import Letters, Outgoing
from consumer.delivery.offsets import NO_OFFSET
from consumer.delivery.planning import Seller
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.sweeps import Sweep
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.events import Operation, ProductEvent
from consumer.kafka import RecordTooLargeError, TopicNames
from consumer.kafka.records import Record
from consumer.listings.owed import moment
from consumer.listings.state import ListingKey
from tests.unit.delivery.making import CHANNEL, make_account, make_event, make_record
from tests.unit.delivery.simulation.channel import Channel, Mood
from tests.unit.delivery.simulation.engine import Clock
from tests.unit.delivery.simulation.group import PARTITIONS, Group
from tests.unit.delivery.simulation.process import Process
from tests.unit.delivery.simulation.promises import MAX_WAITING, Promises
from tests.unit.delivery.simulation.schedule import ACCOUNTS, FAULTS_END, SAME, Schedule
from tests.unit.delivery.simulation.servers import Kafka, Store

POLICY = RetryPolicy(attempts=3, backoff=0.5, ceiling=6, memory_wait=2, delays=(4, 12), outage_ceiling=6)
_NAMES = TopicNames()
_BACKGROUND = frozenset({_NAMES.of(Operation.READ)})
_TOPICS = (*_NAMES.products, *(_NAMES.retry(CHANNEL, delay) for delay in POLICY.delays))
_LETTERS = _NAMES.dead_letters(CHANNEL)
# A schedule that is not quiet by then never will be.
_PATIENCE = 2000.0


class World:
    """Everything outside the processes. Public methods named in schedules are what can happen from outside."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.rng = random.Random(schedule.seed)
        self.clock = Clock()
        self.kafka = Kafka(self.clock)
        self.store = Store(self.rng)
        self.store.on_owed = self._tell_owed
        self.born = 0
        self.topics = _TOPICS
        self.channels = {
            AccountKey(*name.split("/")): Channel(self.clock, self.rng, schedule.batch) for name in ACCOUNTS
        }
        self.sellers = {key: Seller(_account(key), channel) for key, channel in self.channels.items()}
        self.dead_letters: list[Record] = []
        self.poison_records = 0
        self.bulky: dict[bytes | None, int] = {}
        self._traps: list[tuple[str, str, float]] = []
        self.promises = Promises(self)
        self.group = Group(self)

    def run(self) -> None:
        """Until all is quiet. Raises BrokenPromiseError."""
        for _ in range(self.schedule.processes):
            self.group.join()
        for step in self.schedule.steps:
            self.clock.later(step.at, partial(getattr(self, step.name), *step.arguments))
        if not self.clock.run(_PATIENCE):
            self.promises.broken(1, f"not quiet after {_PATIENCE} s")
        self.promises.check_end()

    # What a process is made of

    def make_core(self) -> Core:
        settings = CoreSettings(POLICY, 2, 0.02, MAX_WAITING, _BACKGROUND)
        return Core(settings, {key: channel.batch_size for key, channel in self.channels.items()}, self.rng.random)

    def make_intake(self) -> Intake:
        return Intake(CHANNEL, self.sellers, Sources(_BACKGROUND, _delay_of))

    def make_letters(self) -> Letters:
        return Letters(CHANNEL, "group", _NAMES)

    # What is owed

    def _tell_owed(self) -> None:
        for process in self.group.everybody:
            process.look_for_owed()

    def owed_now(self, sweep: Sweep, wall: float) -> dict[str, ProductEvent]:
        """Listings that are owed and due, with the newest states of their products: what a read of the PIM finds."""
        at = moment(wall)
        found = {}
        for listing, owed in self.store.owed.items():
            key, event = ListingKey.parse(listing), self.promises.newest[listing]
            ours = _partition_of(key.entity_code) in sweep.tickets and account_of(key) in sweep.most
            if ours and owed.due <= at and event.sequence >= owed.sequence:
                found[listing] = event
        return found

    def swept_work(self, listing: str, event: ProductEvent, sweep: Sweep, shift: float) -> Work:
        """The work for it. It has the sequence of the newest event: equal states are planned again."""
        key = ListingKey.parse(listing)
        ticket = sweep.tickets[_partition_of(key.entity_code)]
        record = make_record(
            event, topic=_NAMES.of(Operation.READ), partition=ticket.partition.number, offset=NO_OFFSET
        )
        work = Work(key, event.sequence, Lane.BACKGROUND, record, ticket)
        owed = self.store.owed.get(listing)
        if owed is None:
            return work
        return replace(
            work,
            attempts=owed.attempts,
            first_failure=None if owed.first_failure is None else owed.first_failure.timestamp() - shift,
            suspect=None if owed.suspect is None else owed.suspect.timestamp() - shift,
        )

    # What happens

    def publish(self, code: str, number: int, operation: str, tenant: str, looks: str) -> None:
        """The PIM changed a product."""
        event, record = _published(code, number, operation, tenant, looks)
        written = self.kafka.append(record, _NAMES.of(event.operation), _partition_of(code))
        for key in self.sellers:
            if key.tenant == tenant:
                self.promises.published(str(ListingKey(CHANNEL, key.name, tenant, code)), event, written)
        self.group.tell(written.place)

    def poison(self) -> None:
        """A record that is no event."""
        self.poison_records += 1
        broken = Record("", 0, 0, b"shop/P-1", b"{", (), 0.0)
        self.group.tell(self.kafka.append(broken, _NAMES.of(Operation.UPDATED), _partition_of("P-1")).place)

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

    # What goes wrong: servers and channels

    def mood(self, account: str, kind: str, often: float, lasts: float) -> None:
        """Commands of this account go wrong in this way, so often, for so long."""
        key = self._disturb(account, lasts)
        self.promises.moody.add(key)
        self.channels[key].moods.append(Mood(kind, often, self.clock.now + lasts))

    def spoil(self, code: str, how: str) -> None:
        """This product always fails, on every account."""
        for channel in self.channels.values():
            channel.spoiled[code] = how

    def bulk(self, code: str, how: int) -> None:
        """States of this product are too large for a retry topic (1), and for the dead letters too (2)."""
        for tenant in {key.tenant for key in self.sellers}:
            self.bulky[f"{tenant}/{code}".encode()] = how

    def outage(self, account: str, lasts: float) -> None:
        """The channel answers nobody of this account."""
        self.channels[self._disturb(account, lasts)].down_until = self.clock.now + lasts

    def halt(self, account: str, lasts: float) -> None:
        """The account's credential is dead."""
        self.channels[self._disturb(account, lasts)].dead_until = self.clock.now + lasts

    def store_fails(self, how: str, often: float, lasts: float) -> None:
        """The listing store does not answer, with or without the effect."""
        self._disturb(None, lasts)
        setattr(self.store, how, often)
        self.clock.later(lasts, lambda: setattr(self.store, how, 0.0))

    def kafka_fails(self, lasts: float) -> None:
        """No broker answers."""
        self._disturb(None, lasts)
        self.kafka.away_until = max(self.kafka.away_until, self.clock.now + lasts)

    # What goes wrong: processes and the group

    def trap(self, command: str, harm: str, lasts: float) -> None:
        """Whoever does this next is harmed at that moment: "crash" after it began, "freeze" before it does."""
        self._traps.append((command, harm, lasts))

    def trap_for(self, process: Process, command: CoreCommand) -> bool:
        """Whether the process is harmed before it begins this command."""
        for trap in self._traps:
            kind, harm, lasts = trap
            if kind == type(command).__name__:
                self._traps.remove(trap)
                self._disturb(None, lasts)
                if harm == "freeze":
                    self.group.freeze(process, lasts)
                    return True
                self.clock.later(0.0005, partial(self.group.crash, process, lasts))
                return False
        return False

    def crash(self, which: int, back: float) -> None:
        """A process is killed and comes back."""
        self._disturb(None, back)
        self.group.crash(self._process(which), back)

    def freeze(self, which: int, lasts: float) -> None:
        """A process stands still."""
        self._disturb(None, lasts)
        self.group.freeze(self._process(which), lasts)

    def jump(self, which: int, seconds: float) -> None:
        """A process's wall clock jumps."""
        self._disturb(None, abs(seconds) + FAULTS_END)
        self._process(which).wall_error += seconds

    def rebalance(self, cooperative: bool) -> None:
        """Partitions are given out anew."""
        self._disturb(None, 0)
        self.group.rebalance(cooperative=cooperative)

    def join(self) -> None:
        """One process more."""
        self._disturb(None, 0)
        self.group.join()

    def leave(self, which: int) -> None:
        """A process stops in order."""
        self._disturb(None, 0)
        self.group.leave(self._process(which))

    def lose(self, which: int) -> None:
        """The group throws a process out."""
        self._disturb(None, 0)
        self.group.lose(self._process(which))

    def _process(self, which: int) -> Process:
        everybody = self.group.everybody
        alive = [process for process in everybody if process.alive]
        return alive[which % len(alive)] if alive else everybody[-1]

    def _disturb(self, account: str | None, lasts: float) -> AccountKey:
        key = AccountKey(*account.split("/")) if account else None
        disturbed = self.promises.disturbed
        disturbed[key] = max(disturbed[key], self.clock.now + lasts)
        return key or AccountKey("", "")


@lru_cache(maxsize=20_000)
def _published(code: str, number: int, operation: str, tenant: str, looks: str) -> tuple[ProductEvent, Record]:
    changes: dict[str, Any] = {}
    if looks == "archived":
        changes["status"] = "archived"
    elif looks == SAME:
        changes = {
            "name": {"it": SAME},
            "pricing": {"retail": 99, "currency": "EUR", "vat_included": True},
            "quantity": 5,
        }
    elif looks:
        changes["name"] = {"it": looks}
    event = make_event(code, number, Operation(operation), tenant, **changes)
    return event, make_record(event)


@lru_cache
def _account(key: AccountKey) -> Any:
    return make_account(key.name, key.tenant)


@lru_cache
def _delay_of(topic: str) -> int | None:
    return _NAMES.delay_of(CHANNEL, topic)


def _partition_of(code: str) -> int:
    return int(code.removeprefix("P-")) % PARTITIONS
