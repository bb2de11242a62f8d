"""A world for the delivery core: simulated Kafka, store, channel and processes, driven by one seed.

The decisions are the real ones (core, intake, planner, transitions, memory adapter); what is simulated is time and
everything that can fail. After every step the promises are checked:

- 1, nothing lost: a committed record's state is settled in the store, stands in a dead letter, or is carried on by a
  record that is not committed. At the end every listing shows its newest state, or people see why not.
- 3, never backwards: no call starts with a state older than one that was intended for that listing before.
- 10, bounded: what waits and what is in flight stays under its limit.

Left out on purpose: a call of a dead process that reaches the channel after the next owner's call. Its repair reads the
PIM again, which delivery does not do yet.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, TypeVar

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
)
from adapters.memory import MemoryAdapter
from adapters.model import Command, Outcome
from consumer.delivery.commands import Letter
from consumer.delivery.core import Core, CoreSettings
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.letters import Letters
from consumer.delivery.planning import Seller
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.work import AccountKey, Work
from consumer.events import Operation, ProductEvent, Sequence
from consumer.kafka import TopicNames
from consumer.kafka.records import Partition, Record
from consumer.listings.state import Doubt, ListingKey, ListingState, Status
from tests.unit.delivery.making import CHANNEL, START, make_account, make_event, make_record
from tests.unit.delivery.simulated_process import SimulatedProcess

Result = TypeVar("Result")

POLICY = RetryPolicy(attempts=4, backoff=1, ceiling=30, memory_wait=5, delays=(10, 40), outage_ceiling=40)
PARTITIONS = 2
MAX_WAITING = 10
POLL = 4
REFUSED = "rifiutato"
_FAULTS_END = 60.0
_PATIENCE = 3000.0


class BrokenPromiseError(AssertionError):
    """A promise was broken, at this simulated time."""


@dataclass(slots=True)
class Dice:
    """How often what goes wrong in this schedule."""

    temporary: float
    lost_answer: float
    throttled: float
    bug: float
    store_away: float
    store_ambiguous: float

    @classmethod
    def roll(cls, rng: random.Random) -> Dice:
        """Some faults often, some never."""
        return cls(*(rng.choice((0.0, 0.05, 0.3)) for _ in range(6)))


class Kafka:
    """Topics as lists, and committed offsets."""

    def __init__(self) -> None:
        self.logs: dict[Partition, list[Record]] = defaultdict(list)
        self.committed: dict[Partition, int] = defaultdict(int)

    def append(self, record: Record, topic: str, partition: int, now: float) -> Record:
        log = self.logs[Partition(topic, partition)]
        written = Record(topic, partition, len(log), record.key, record.value, record.headers, START + now)
        log.append(written)
        return written


class Store:
    """Listing states with compare-and-set."""

    def __init__(self) -> None:
        self.states: dict[str, ListingState] = {}
        self.intended: dict[str, Sequence] = {}

    def load(self, ids: Iterable[str]) -> dict[str, ListingState]:
        return {listing: self.states[listing] for listing in ids if listing in self.states}

    def compare_and_set(self, states: Iterable[ListingState]) -> set[str]:
        lost = set()
        for state in states:
            known = self.states.get(state.id)
            if (known.revision if known else 0) != state.revision - 1:
                lost.add(state.id)
                continue
            self.states[state.id] = state
            if state.intent is not None:
                self.intended[state.id] = max(self.intended.get(state.id, Sequence("")), state.intent.sequence)
        return lost

    def mark_uncertain(self, ids: Iterable[str]) -> None:
        for listing in ids:
            state = self.states[listing]
            self.states[listing] = replace(
                state, doubt=Doubt.EXISTENCE, status=Status.WAITING, revision=state.revision + 1
            )


@dataclass(slots=True)
class World:
    """Everything outside the processes, and the clock."""

    seed: int
    rng: random.Random = field(init=False)
    dice: Dice = field(init=False)
    kafka: Kafka = field(default_factory=Kafka)
    store: Store = field(default_factory=Store)
    now: float = 0.0
    names: TopicNames = field(default_factory=TopicNames)
    sellers: dict[AccountKey, Seller] = field(default_factory=dict)
    newest: dict[str, ProductEvent] = field(default_factory=dict)
    carriers: dict[str, list[tuple[Partition, int, Sequence]]] = field(default_factory=lambda: defaultdict(list))
    carried: dict[tuple[Partition, int], list[tuple[str, Sequence]]] = field(default_factory=lambda: defaultdict(list))
    # Listings marked uncertain: whether whoever did it last had lost their partition, and so could not send them again.
    marked_late: dict[str, bool] = field(default_factory=dict)
    processes: list[SimulatedProcess] = field(default_factory=list)
    steps: int = 0
    poison: int = 0
    # The channel answers nobody until then, and never for these SKUs.
    down_until: float = 0.0
    timing_out: set[str] = field(default_factory=set)
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _tie: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.dice = Dice.roll(self.rng)
        for name, tenant in (("default", "shop"), ("outlet", "shop"), ("default", "other")):
            account = make_account(name, tenant)
            adapter = MemoryAdapter(CHANNEL, batch_size=self.rng.choice((1, 3)))
            self.sellers[AccountKey(tenant, name)] = Seller(account, adapter)

    # Time

    def later(self, delay: float, step: Callable[[], None]) -> None:
        """Do this after `delay` seconds."""
        heapq.heappush(self._queue, (self.now + delay, next(self._tie), step))

    def soon(self, step: Callable[[], None], longest: float = 0.3) -> None:
        """Do this after a random short time."""
        self.later(self.rng.uniform(0.001, longest), step)

    @property
    def faulty(self) -> bool:
        """Whether things still go wrong."""
        return self.now < _FAULTS_END

    def chance(self, probability: float) -> bool:
        """Whether it happens this time."""
        return self.faulty and self.rng.random() < probability

    def run(self) -> None:
        """Until all is quiet. Raises BrokenPromiseError."""
        while not self.quiet():
            if self.now > _PATIENCE:
                self.broken(1, f"not done after {_PATIENCE} s: {self._unfinished()}")
            self.now, _, step = heapq.heappop(self._queue)
            step()
            self.steps += 1
            for process in self.processes:
                process.check_bounds()
        self.check_end()

    def quiet(self) -> bool:
        """Nothing is left to deliver."""
        return not self.faulty and self.processes != [] and not self._unfinished()

    def _unfinished(self) -> list[str]:
        topics = self.consumed_topics()
        return [
            f"{partition} {self.kafka.committed[partition]}/{len(log)}"
            for partition, log in self.kafka.logs.items()
            if partition.topic in topics and self.kafka.committed[partition] < len(log)
        ]

    def broken(self, promise: int, words: str) -> None:
        """Stop: a promise does not hold."""
        raise BrokenPromiseError(f"seed {self.seed}, at {self.now:.3f} s: promise {promise}: {words}")

    # Kafka

    def consumed_topics(self) -> list[str]:
        return [*self.names.products, *(self.names.retry(CHANNEL, delay) for delay in POLICY.delays)]

    def make_core(self) -> Core:
        settings = CoreSettings(POLICY, 2, 0.02, MAX_WAITING, frozenset({self.names.of(Operation.READ)}))
        sizes = {key: seller.adapter.batch_size for key, seller in self.sellers.items()}
        return Core(settings, sizes, self.rng.random)

    def make_intake(self) -> Intake:
        delay_of = partial(self.names.delay_of, CHANNEL)
        return Intake(CHANNEL, self.sellers, Sources(frozenset({self.names.of(Operation.READ)}), delay_of))

    def publish(self, event: ProductEvent) -> None:
        """Capture's part."""
        partition = hash_of(event.entity_code)
        topic = self.names.of(event.operation)
        record = self.kafka.append(make_record(event), topic, partition, self.now)
        for key in self.sellers:
            if key.tenant == event.tenant:
                listing = str(ListingKey(CHANNEL, key.name, key.tenant, event.entity_code))
                self._carry(listing, record, event.sequence)
                known = self.newest.get(listing)
                if known is None or known.sequence < event.sequence:
                    self.newest[listing] = event

    def publish_poison(self) -> None:
        """A record that is no event."""
        self.poison += 1
        broken = Record("", 0, 0, b"shop/P-1", b"{", (), 0.0)
        self.kafka.append(broken, self.names.of(Operation.UPDATED), hash_of("P-1"), self.now)

    def write(self, letter: Letter, core_now: float, shift: float) -> None:
        """Delivery's producer."""
        out = Letters(CHANNEL, "group", self.names).outgoing(letter, core_now, shift)
        partition = 0 if letter.retry is None else letter.record.partition
        record = Record("", 0, 0, out.key, out.value, tuple(out.headers), 0.0)
        written = self.kafka.append(record, out.topic, partition, self.now)
        if letter.retry is not None and letter.work is not None:
            self._carry(str(letter.work.key), written, letter.work.sequence)

    def _carry(self, listing: str, record: Record, sequence: Sequence) -> None:
        self.carriers[listing].append((record.place, record.offset, sequence))
        self.carried[record.place, record.offset].append((listing, sequence))

    def commit(self, positions: dict[Partition, int]) -> None:
        """Offsets move; promise 1 is checked for every record passed."""
        for partition, position in positions.items():
            first = self.kafka.committed[partition]
            self.kafka.committed[partition] = position
            for record in self.kafka.logs[partition][first:position]:
                self._check_accounted(record)

    def _check_accounted(self, record: Record) -> None:
        for listing, sequence in self.carried[record.place, record.offset]:
            if not self._accounted(listing, sequence):
                self.broken(1, f"{record.place} {record.offset} was committed, {listing} owes {sequence}")

    def _accounted(self, listing: str, sequence: Sequence) -> bool:
        state = self.store.states.get(listing)
        planned = state is not None and state.planned_sequence >= sequence
        if planned and state is not None and (state.status is not Status.WAITING or self.marked_late.get(listing)):
            return True
        return any(
            carried >= sequence and offset >= self.kafka.committed[partition]
            for partition, offset, carried in self.carriers[listing]
        )

    # The channel

    def check_start(self, work: Work) -> None:
        """A call is about to start."""
        intended = self.store.intended.get(str(work.key), Sequence(""))
        if work.sequence < intended:
            self.broken(3, f"{work.key}: a call with {work.sequence} starts after {intended} was intended")

    def apply(self, account: AccountKey, commands: list[Command]) -> list[Outcome]:
        """The call reaches the channel. Raises what a bug raises."""
        adapter = self.sellers[account].adapter
        assert isinstance(adapter, MemoryAdapter)
        faults = adapter.faults
        if self.chance(self.dice.throttled):
            faults.fail_account(RateLimitedError("slow down", delay=self.rng.choice((None, 2.0, 30.0, 90.0))))
        if self.now < self.down_until or any(command.sku in self.timing_out for command in commands):
            faults.fail_account(ChannelUnavailableError("no answer", effect_unknown=self.rng.random() < 0.3))
        for command in commands:
            if command.listing is not None and REFUSED in command.listing.title:
                faults.fail(command.sku, RejectedListingError("not like this"))
            elif self.chance(self.dice.temporary):
                faults.fail(command.sku, self._temporary())
            elif self.chance(self.dice.lost_answer):
                faults.lose_answer(command.sku)
            elif self.chance(self.dice.bug):
                faults.crash(command.sku, RuntimeError("a bug"))
        try:
            return run(adapter.apply(commands))
        finally:
            faults.skus.clear()
            faults.lost.clear()
            faults.crashes.clear()
            faults.account.clear()

    def _temporary(self) -> AdapterError:
        return ChannelUnavailableError(
            "out of order", delay=self.rng.choice((None, None, 8.0, 60.0)), effect_unknown=self.rng.random() < 0.3
        )

    def fail_for(self, duration: float) -> None:
        """The channel is down for a while."""
        self.down_until = self.now + duration

    def dead_letters(self) -> list[Record]:
        """What was given up."""
        return self.kafka.logs[Partition(self.names.dead_letters(CHANNEL), 0)]

    def halt(self, account: AccountKey, duration: float) -> None:
        """The account's credential is dead for a while."""
        adapter = self.sellers[account].adapter
        assert isinstance(adapter, MemoryAdapter)
        adapter.faults.halt(AuthenticationError("token revoked"))
        self.later(duration, lambda: adapter.faults.halt(None))

    # The end

    def check_end(self) -> None:
        """Everything is quiet: does every channel show the newest state?"""
        for listing, event in self.newest.items():
            state = self.store.states.get(listing)
            if state is None or state.planned_sequence != event.sequence:
                self.broken(1, f"{listing} never saw {event.sequence}: {state}")
            elif state.status in (Status.LIVE, Status.WITHDRAWN, Status.UNLISTED):
                self._check_shown(listing, event)
            elif state.status is Status.WAITING and self.marked_late.get(listing):
                continue  # known to be uncertain; its repair needs the PIM
            elif state.status not in (Status.REFUSED, Status.INVALID, Status.DEAD_LETTER):
                self.broken(1, f"{listing} ends as {state.status}")
        undecodable = sum(("marketsync-reason", b"undecodable") in record.headers for record in self.dead_letters())
        if undecodable < self.poison:
            self.broken(1, f"{self.poison} records could not be decoded, {undecodable} stand in dead letters")

    def _check_shown(self, listing: str, event: ProductEvent) -> None:
        key = ListingKey.parse(listing)
        adapter = self.sellers[AccountKey(key.tenant, key.account)].adapter
        assert isinstance(adapter, MemoryAdapter)
        shown = adapter.listings.get(key.entity_code)
        product = event.product
        wanted = product is not None and product.get("status") == "published"
        if (shown is not None and shown.live) != wanted:
            self.broken(1, f"{listing} is {'live' if not wanted else 'not live'} on the channel")
        if wanted and product is not None and shown is not None:
            expected = (product["name"]["it"], product["pricing"]["retail"], product["quantity"])
            amount = shown.price.amount if shown.price else None
            if (shown.title, amount, shown.quantity) != expected:
                self.broken(1, f"{listing} shows {shown}, the PIM has {expected}")


def hash_of(code: str) -> int:
    """The partition of a product."""
    return int(code.removeprefix("P-")) % PARTITIONS


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    raise RuntimeError("the coroutine waits")


def simulate(seed: int) -> World:
    """One schedule. Raises BrokenPromiseError."""
    world = World(seed)
    rng = world.rng
    # A flood of many products now and then, to fill what is bounded.
    events, products, duration = (400, 150, 3) if rng.random() < 0.05 else (rng.randint(5, 40), 6, 30)
    for number in range(1, events):
        event = _event(rng, number, products)
        world.later(rng.uniform(0, duration), partial(world.publish, event))
    for _ in range(rng.choice((0, 0, 1, 2))):
        world.later(rng.uniform(0, 30), world.publish_poison)
    if rng.random() < 0.3:
        account = rng.choice(list(world.sellers))
        world.later(rng.uniform(0, 20), lambda: world.halt(account, rng.uniform(1, 60)))
    if rng.random() < 0.3:
        world.later(rng.uniform(0, 20), lambda: world.fail_for(rng.uniform(1, 200)))
    group = Group(world)
    group.start(rng.choice((1, 1, 2)))
    for _ in range(rng.choice((0, 1, 2, 4))):
        world.later(rng.uniform(0, 50), rng.choice((group.crash, group.join, group.leave, group.rebalance)))
    world.run()
    return world


def _event(rng: random.Random, number: int, products: int) -> ProductEvent:
    """A change of one of few products: content, price and stock, status, deletion, or a state read again."""
    code = f"P-{rng.randint(1, products)}"
    changes: dict[str, Any] = {}
    if rng.random() < 0.1:
        changes["name"] = {"it": f"Trapano {REFUSED} {number}"}
    if rng.random() < 0.1:
        changes["status"] = "archived"
    if rng.random() < 0.3:
        changes["name"] = {"it": "Trapano sempre uguale"}
    operation = rng.choices((Operation.UPDATED, Operation.CREATED, Operation.DELETED, Operation.READ), (6, 2, 1, 2))[0]
    return make_event(code, number, operation, rng.choice(("shop", "shop", "other", "nobody")), **changes)


class Group:
    """The consumer group: which process owns which partitions, and what happens to it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rebalancing = False
        self._again = False

    def start(self, processes: int) -> None:
        """So many processes begin."""
        for _ in range(processes):
            self._world.processes.append(SimulatedProcess(self._world))
        self.rebalance()

    def join(self) -> None:
        """One process more."""
        self._world.processes.append(SimulatedProcess(self._world))
        self.rebalance()

    def crash(self) -> None:
        """One process is killed and comes back soon."""
        if self._world.processes:
            process = self._world.rng.choice(self._world.processes)
            self._world.processes.remove(process)
            process.die()
            self._world.soon(self.join, longest=3)
            self.rebalance()

    def leave(self) -> None:
        """One of several processes stops in order."""
        if len(self._world.processes) > 1:
            process = self._world.rng.choice(self._world.processes)
            process.revoke(lambda: self._left(process))

    def rebalance(self) -> None:
        """All partitions are taken from everybody and given out anew."""
        if self._rebalancing:
            self._again = True
            return
        self._rebalancing = True
        waiting = [process for process in self._world.processes if process.core.offsets.partitions]
        open_revocations = set(waiting)

        def revoked(process: SimulatedProcess) -> None:
            open_revocations.discard(process)
            self._assign_when(open_revocations)

        for process in waiting:
            process.revoke(lambda process=process: revoked(process))  # type: ignore[misc]
        self._assign_when(open_revocations)

    def _left(self, process: SimulatedProcess) -> None:
        if process in self._world.processes and len(self._world.processes) > 1:
            self._world.processes.remove(process)
            process.die()
        self.rebalance()

    def _assign_when(self, open_revocations: set[SimulatedProcess]) -> None:
        alive = self._world.processes
        if {process for process in open_revocations if process in alive} or not self._rebalancing:
            return
        self._rebalancing = False
        if self._again:
            self._again = False
            self._world.soon(self.rebalance)
        for number in range(PARTITIONS) if alive else ():
            owner = alive[number % len(alive)]
            owner.assign([Partition(topic, number) for topic in self._world.consumed_topics()])
