"""One delivery process of the simulation: performs the core's commands in simulated time, and can die at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from adapters.errors import AdapterError
from adapters.model import Outcome
from consumer.delivery.account_faults import blamed
from consumer.delivery.batches import Send
from consumer.delivery.commands import (
    Answer,
    Call,
    CoreCommand,
    Prepare,
    Prepared,
    Produce,
    Release,
    Rest,
    Settled,
    Store,
)
from consumer.delivery.planning import Planned, Step, plan_step
from consumer.delivery.work import account_of
from consumer.errors import UndecodableEventError
from consumer.kafka.records import Partition, Record
from consumer.listings import transitions
from tests.unit.delivery.making import START

if TYPE_CHECKING:
    from tests.unit.delivery.simulation import World

_POLLED = 4


class SimulatedProcess:
    """The shell around one core. Its clock starts with it."""

    def __init__(self, world: World) -> None:
        self.core = world.make_core()
        self._world = world
        self._intake = world.make_intake()
        self._born = world.now
        self._alive = True
        self._positions: dict[Partition, int] = {}
        self._resting: frozenset[Partition] = frozenset()
        self._effects: dict[int, Callable[[], None]] = {}
        self._effect_number = 0
        self._wake: float | None = None
        self._poll()
        self._commit()

    @property
    def now(self) -> float:
        """The core's clock."""
        return self._world.now - self._born

    @property
    def shift(self) -> float:
        """Core's clock to seconds since 1970."""
        return START + self._born

    def die(self) -> None:
        """Killed. Calls under way have their effect now or never."""
        self._alive = False
        for effect in list(self._effects.values()):
            if self._world.rng.random() < 0.5:
                effect()

    def check_bounds(self) -> None:
        """Promise 10."""
        from tests.unit.delivery.simulation import MAX_WAITING

        slots = self.core.slots
        # What one poll brought for two accounts, and what was in flight and came back.
        slack = 2 * _POLLED + sum(gate.most_in_flight for gate in self.core.gates.values())
        if slots.waiting > MAX_WAITING + slack:
            self._world.broken(10, f"{slots.waiting} listings wait")
        if len(self.core.flow.letters) > 500 + slack:
            self._world.broken(10, f"{len(self.core.flow.letters)} letters wait")
        for gate in self.core.gates.values():
            if gate.calls > 2 or min(gate.calls, gate.calling, gate.queued, gate.preparing, gate.in_flight) < 0:
                self._world.broken(10, f"{gate.account}: {gate.calls} calls, {gate.in_flight} in flight")
        if slots.in_flight != sum(gate.in_flight for gate in self.core.gates.values()):
            self._world.broken(10, "slots and gates disagree on what is in flight")

    # Partitions

    def assign(self, partitions: Iterable[Partition]) -> None:
        partitions = list(partitions)
        self._positions.update({p: self._world.kafka.committed[p] for p in partitions})
        self.core.assigned(partitions, self.now)
        self._turn()

    def revoke(self, done: Callable[[], None]) -> None:
        """All partitions are taken away: drain, commit, let go, say so."""
        partitions = self.core.offsets.partitions
        self.core.revoking(partitions, self.now)
        self._turn()
        # A short drain leaves calls under way behind: their answers find that somebody else is at work by then.
        self._drain(partitions, self._world.now + self._world.rng.choice((0.3, 15.0)), done)

    def _drain(self, partitions: frozenset[Partition], deadline: float, done: Callable[[], None]) -> None:
        if not self._alive:
            done()
        elif self.core.busy(partitions) and self._world.now < deadline:
            self._world.soon(lambda: self._drain(partitions, deadline, done))
        else:
            self._world.commit(self.core.offsets.committable())
            # What is still under way has reached the channel; only its answer is late.
            for effect in list(self._effects.values()):
                effect()
            self.core.revoked(partitions, self.now)
            self._positions.clear()
            self._turn()
            done()

    # Records

    def _poll(self) -> None:
        for partition in list(self._positions):
            if partition not in self._resting and self._poll_one(partition):
                self._turn()
        self._after(self._poll, 0.5)

    def _poll_one(self, partition: Partition) -> int:
        position = self._positions[partition]
        records = self._world.kafka.logs[partition][position : position + self._world.rng.randint(0, _POLLED)]
        self._positions[partition] = position + len(records)
        for record in records:
            if not self.core.hold(record, self._intake.held_until(record, self.shift), self.now):
                self._take_in(record)
        return len(records)

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
        positions = self.core.offsets.committable()
        self._world.commit(positions)
        self.core.offsets.confirm(positions)
        self._after(self._commit, 2)

    # Commands

    def _turn(self) -> None:
        if not self._alive:
            return
        for command in self.core.tick(self.now):
            self._perform(command)
        self.core.notes.drain()
        due = self.core.next_due(self.now)
        if due is not None and (self._wake is None or due < self._wake):
            self._wake = due
            self._world.later(max(due - self.now, 0.0001), self._wake_up)

    def _wake_up(self) -> None:
        self._wake = None
        self._turn()

    def _perform(self, command: CoreCommand) -> None:
        match command:
            case Prepare():
                self._after(lambda: self._prepare(command))
            case Call():
                self._call(command)
            case Store():
                self._after(lambda: self._store(command))
            case Produce():
                self._after(lambda: self._produce(command))
            case Release():
                for record in command.records:
                    self._take_in(record)
                self._after(self._turn, 0.001)
            case Rest():
                self._resting = command.partitions

    def _after(self, step: Callable[[], None], longest: float = 0.3) -> None:
        """Do this soon, if still alive then."""
        self._world.soon(lambda: step() if self._alive else None, longest)

    def _store_answers(self) -> bool:
        return not self._world.chance(self._world.dice.store_away)

    def _prepare(self, prepare: Prepare) -> None:
        if not self._store_answers():
            self.core.not_prepared(prepare, self.now)
            self._turn()
            return
        states = self._world.store.load(str(work.key) for work in prepare.works)
        steps = [
            plan_step(
                work, states.get(str(work.key)), self._world.sellers[account_of(work.key)], START + self._world.now
            )
            for work in prepare.works
        ]
        self._after(lambda: self._intend(prepare, steps))

    def _intend(self, prepare: Prepare, steps: list[Step]) -> None:
        lost = self._world.store.compare_and_set(step.store for step in steps if step.store is not None)
        if self._world.chance(self._world.dice.store_ambiguous):
            self.core.not_prepared(prepare, self.now)
        else:
            kept = [step.result for step in steps if step.store is None or step.store.id not in lost]
            report = Prepared(
                sends=[result for result in kept if isinstance(result, Send)],
                settled=[result for result in kept if isinstance(result, Settled)],
                lost=[step.result.work for step in steps if step.store is not None and step.store.id in lost],
            )
            self.core.prepared(prepare, report, self.now)
        self._turn()

    def _call(self, call: Call) -> None:
        for send in call.sends:
            self._world.check_start(send.work)
        outcomes: list[list[Outcome] | Exception] = []
        number = self._effect_number = self._effect_number + 1

        def effect() -> None:
            if self._effects.pop(number, None) is not None:
                try:
                    outcomes.append(
                        self._world.apply(call.account, [_planned(send).plan.command for send in call.sends])
                    )
                except RuntimeError as bug:
                    outcomes.append(bug)

        def answer() -> None:
            effect()
            self.core.called(call, _answers(call, outcomes[0]), self.now)
            self._turn()

        self._effects[number] = effect
        self._after(effect, 0.5)
        self._world.later(self._world.rng.choice((0.5, 0.6, 5.0, 20.0)), lambda: answer() if self._alive else None)

    def _store(self, store: Store) -> None:
        if not self._store_answers():
            self.core.not_stored(store, self.now)
            self._turn()
            return
        states = []
        for ending in store.endings:
            planned = _planned(ending.send)
            now = START + self._world.now
            states.append(transitions.settled(planned.intended, planned.plan, ending.outcome, now=now))
        lost = self._world.store.compare_and_set(states)
        if self._world.chance(self._world.dice.store_ambiguous):
            self.core.not_stored(store, self.now)
        else:
            self._world.store.mark_uncertain(lost)
            for ending in store.endings:
                if str(ending.send.work.key) in lost:
                    late = not self.core.offsets.is_current(ending.send.work.ticket)
                    self._world.marked_late[str(ending.send.work.key)] = late
            self.core.stored(store, lost, self.now)
        self._turn()

    def _produce(self, produce: Produce) -> None:
        if not self._store_answers():
            self.core.not_produced(produce, self.now)
            self._turn()
            return
        for letter in produce.letters:
            if letter.dead and letter.work is not None:
                listing = str(letter.work.key)
                state = self._world.store.states.get(listing)
                dead = transitions.dead_lettered(
                    state, listing, sequence=letter.work.sequence, reason=letter.dead, now=START + self._world.now
                )
                if dead is not state:
                    self._world.store.compare_and_set([dead])
            self._world.write(letter, self.now, self.shift)
        self._after(lambda: self._produced(produce))

    def _produced(self, produce: Produce) -> None:
        self.core.produced(produce, self.now)
        self._turn()


def _planned(send: Send) -> Planned:
    planned: Planned = send.plan
    return planned


def _answers(call: Call, result: list[Outcome] | Exception) -> list[Answer]:
    if isinstance(result, Exception):
        crashed = AdapterError(str(result), effect_unknown=True)
        return [Answer(send, Outcome(send.sku, crashed), result) for send in call.sends]
    return [
        Answer(send, outcome, outcome.error, transitions.needs_another_plan(_planned(send).plan, outcome))
        for send, outcome in zip(call.sends, blamed(result), strict=True)
    ]
