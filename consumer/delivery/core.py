"""The decisions of delivery, free of input and output: facts in, commands out, time as an argument.

    record → slot (newest wins) → prepare (state, plan, intent) → call → store the outcome → finish the offset
                 ↑                                                  │
                 └── wait in memory ←── retry? ──→ retry topic / dead letter ──→ finish the offset

The shell (`worker`) tells what happened, asks `tick` what to do, and does it. Nothing here waits, reads a clock or
draws a random number of its own, so that a seeded simulation can run every schedule of faults through the real
decisions.

Promise 1 (nothing lost): see `flow`. Promise 3 (never backwards): one state per listing in flight, older ones are
superseded by the slot; a plan or an outcome that lost the store's compare-and-set is planned again on what is stored
now. Promise 10 (bounded): what waits is bounded by resting partitions, what is in flight by the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from adapters.values import replace
from consumer.delivery.accounts import Gate
from consumer.delivery.backpressure import Backpressure
from consumer.delivery.commands import (
    Answer,
    Call,
    CoreCommand,
    Finished,
    Letter,
    Notes,
    Postponed,
    Prepare,
    Prepared,
    Probe,
    Produce,
    Release,
    Rest,
    Store,
    Stored,
)
from consumer.delivery.debts import Debts
from consumer.delivery.dispatch import Dispatch
from consumer.delivery.flood import Flood
from consumer.delivery.flow import Failed, Flow
from consumer.delivery.held import Held
from consumer.delivery.limits import CoreSettings
from consumer.delivery.offsets import Offsets, Ticket
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.retry import DeadLetter, decide
from consumer.delivery.roster import Roster
from consumer.delivery.share import Share
from consumer.delivery.slots import Slots
from consumer.delivery.steps import Steps
from consumer.delivery.sweeps import Sweeps
from consumer.delivery.too_large import TOO_LARGE, smaller
from consumer.delivery.verdict import Judge
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.errors import UndecodableEventError
from consumer.kafka.records import Partition, Record

_A_MOMENT = 0.001  # seconds: a record that is held until something else is known is not due before


class Core:
    """One channel's delivery. accounts: those there are at first → how many commands their adapter takes in one call.

    resting: the partitions that are not to be read now. quotas: told by the shell what was leased. debts: what is owed.
    roster: told by the shell which accounts there are. dispatch: told of calls that were not made.
    """

    def __init__(self, settings: CoreSettings, accounts: Mapping[AccountKey, int], jitter: Callable[[], float]) -> None:
        policy = settings.policy
        self.gates = {key: Gate(key, n, concurrency=settings.concurrency, policy=policy) for key, n in accounts.items()}
        self.flow = Flow(self.gates, Flood(settings.flood))
        self.held = Held()
        self.quotas = Quotas(settings.quotas)
        share = Share(settings.max_waiting, len(accounts))
        self.dispatch = Dispatch(self.gates, self.quotas, self.flow, share, linger=settings.linger, policy=policy)
        self.roster = Roster(
            self.gates, self.flow, self.dispatch, self.quotas, concurrency=settings.concurrency, policy=policy
        )
        self.dispatch.jobs.begin(settings.bulk)
        self._backpressure = Backpressure(settings.max_waiting, settings.background_topics)
        self._policy = policy
        self._jitter = jitter
        self._judge = Judge(policy, jitter)
        self._steps = Steps(self.dispatch, self.flow, policy)
        self.debts = Debts(self.gates, self.flow, self._steps, Sweeps(settings.background_topics, settings.max_waiting))
        self.resting: frozenset[Partition] = frozenset()
        self._rest_again = True

    @property
    def offsets(self) -> Offsets:
        """What may be committed."""
        return self.flow.offsets

    @property
    def slots(self) -> Slots:
        """What waits and what is in flight."""
        return self.flow.slots

    @property
    def notes(self) -> Notes:
        """What is worth telling people."""
        return self.flow.notes

    @property
    def store_away(self) -> bool:
        """Whether something waits for our own store, which failed last."""
        return self._steps.failing and self.slots.waiting + self.slots.in_flight + len(self.flow.letters) > 0

    # Partitions

    def assigned(self, partitions: Iterable[Partition], now: float) -> None:
        """These partitions are ours from now on, read from their committed offsets."""
        for partition in partitions:
            self.flow.draining.discard(partition)
            self.held.drop(partition)
            self.offsets.assign(partition)
        self._rest_again = True  # a rebalance forgets every pause
        self._let_go(now)

    def revoking(self, partitions: Iterable[Partition], now: float) -> None:
        """These partitions will be taken from us: nothing of theirs starts any more, what is in flight may end."""
        for partition in partitions:
            self.flow.draining.add(partition)
            self.held.drop(partition)
        self._let_go(now)

    def busy(self, partitions: AbstractSet[Partition]) -> bool:
        """Whether something of these partitions is in flight."""
        tickets = [work.ticket for work in self.slots.all_in_flight()]
        tickets += [letter.ticket for letter in (*self.flow.letters, *self._steps.producing)]
        return any(ticket.partition in partitions and self.offsets.is_current(ticket) for ticket in tickets)

    def revoked(self, partitions: Iterable[Partition], now: float) -> None:
        """These partitions are not ours any more. What is still in flight ends without consequences for offsets."""
        for partition in partitions:
            self.offsets.revoke(partition)
            self.flow.draining.discard(partition)
            self.held.drop(partition)
        self._let_go(now)

    def _let_go(self, now: float) -> None:
        self.flow.drop_leaving(now)
        self.dispatch.drop_leaving(now)

    # Records

    def hold(self, record: Record, until: float, now: float) -> bool:
        """Keep a record that may not be taken in now. Returns False where it may.

        until: of a retry topic's records, when they are due. Nothing is taken in without knowing the accounts.
        """
        return self.held.hold(record, until if now < self.roster.fresh_until else max(until, now + _A_MOMENT), now)

    def ticket(self, record: Record) -> Ticket | None:
        """The ticket for a record; None where its partition is leaving us: leave it to the next owner."""
        return None if record.place in self.flow.draining else self.offsets.ticket(record.place, record.offset)

    def arrived(self, ticket: Ticket, works: Sequence[Work], now: float) -> None:
        """A record is taken in. No works: it concerns nobody and is finished."""
        self.offsets.start(ticket, len(works))
        for work in works:
            self.flow.offer(work, now)
            self.dispatch.send_on(work.key, now)

    def undecodable(self, ticket: Ticket, record: Record, error: Exception, now: float) -> None:
        """A record that is no event of ours, or that shows a bug of ours: it goes to the dead letters as it is."""
        self.offsets.start(ticket, 1)
        reason = "undecodable" if isinstance(error, UndecodableEventError) else "bug"
        self.flow.give_up(Letter(ticket, record, None, None, reason, error), now)

    # What became of commands

    def prepared(self, prepare: Prepare, report: Prepared, now: float) -> None:
        """Answer to `Prepare`."""
        self._steps.prepared(prepare, answered=True)
        if report.marked:
            self.debts.marked()
        for send in report.sends:
            if self.flow.leaves(send.work):
                self.flow.forget(send.work, now)
            elif self.roster.outdated(account_of(send.work.key), prepare.asked):
                self.flow.wait(replace(send.work, due=now), now)
            else:
                self.dispatch.add(send, min(prepare.asked, now))
        for settled in report.settled:
            self.flow.finish(Finished(settled.work, "none", settled.outcome, settled.words), now)
        for work in report.lost:
            self.flow.wait(replace(work, due=now), now)
        for work, error in report.failed:
            self._broke(work, "none", error, now)

    def not_prepared(self, prepare: Prepare, now: float) -> None:
        """`Prepare` could not be done: our own store is away. No attempt is burned."""
        self._steps.prepared(prepare, answered=False)
        self._store_failed(prepare.works, now)

    def called(self, call: Call, answers: Sequence[Answer], now: float) -> None:
        """Answer to `Call`, one per command."""
        gate = self.dispatch.not_calling(call)
        self.quotas.answered(call.account, call.operation, [answer.error for answer in answers])
        if not self.dispatch.jobs.crowded(call, answers, now):
            for note in self._judge.hear(gate, call, answers, now):
                self.notes.add(note)
        self._steps.gather(self._judge.endings(gate, answers, now))

    def probed(self, probe: Probe, error: Exception | None, now: float) -> None:
        """Answer to `Probe`. error: what the channel said to the question, None where all is well."""
        if gate := self.gates.get(probe.account):
            for note in self._judge.hear_answer(gate, error, now, self.offsets.is_current):
                self.notes.add(note)

    def stored(self, store: Store, stored: Stored, now: float) -> None:
        """Answer to `Store`.

        Of a lost one nobody knows any more what the channel shows; the shell has marked it uncertain, so that planning
        it again on what is stored now sends the newest state.
        """
        self._steps.stored(answered=True)
        for ending in store.endings:
            send = ending.send
            if str(send.work.key) in stored.lost:
                self.flow.wait(replace(send.work, due=now), now)
            elif bug := stored.failed.get(str(send.work.key)):
                self._broke(send.work, send.operation, bug, now)
            elif ending.follow_up is None:
                self.flow.finish(Finished(send.work, send.operation, ending.word, send=send), now)
            else:
                self.flow.follow(Failed(send.work, send.operation, ending.error), ending.follow_up, now)

    def not_stored(self, store: Store, now: float) -> None:
        """`Store` could not be done: the listings stay uncertain, because their intents stand, and are sent again."""
        self._steps.stored(answered=False)
        self._store_failed([ending.send.work for ending in store.endings], now)

    def produced(self, produce: Produce, refused: Sequence[Exception | None], now: float) -> None:
        """Kafka has the letters, but for those that are too large; refused: why, one for each letter."""
        self._steps.produced()
        for letter, refusal in zip(produce.letters, refused, strict=True):
            if refusal is not None and letter.work is not None and letter.retry is not None:
                self.flow.follow(Failed(letter.work, "none", refusal), DeadLetter(TOO_LARGE), now)
            elif refusal is not None:
                self.flow.letters.append(smaller(letter, refusal))
            elif letter.work is None:
                self.offsets.finish(letter.ticket)
            elif letter.retry is not None:
                self.notes.add(Postponed(letter.work, "topic", letter.retry.due - now, letter.error))
                self.flow.done(letter.work, now)
            else:
                self.flow.finish(Finished(letter.work, "none", "dead_letter", f"{letter.dead}: {letter.error}"), now)

    def not_produced(self, produce: Produce, now: float) -> None:
        """What belongs to the letters could not be stored: nothing was written, they stay."""
        self._steps.produced()
        self.flow.letters.extendleft(reversed(produce.letters))
        self.flow.drop_leaving(now)
        self._store_failed([], now)

    # What to do

    def tick(self, now: float) -> list[CoreCommand]:
        """What to do now. Every command is given once and must be answered."""
        self.flow.ready.wake(now)
        records = self.held.release(now) if now < self.roster.fresh_until else ()
        commands: list[CoreCommand] = [Release(records)] if records else []
        self.dispatch.spill(now)
        commands += self.dispatch.to_call(now)
        if lease := self.quotas.to_lease(now):
            commands.append(lease)
        commands += [Probe(account) for account, gate in self.gates.items() if gate.take_question(now)]
        commands += self._steps.next(now)
        commands += self.debts.next(now)
        commands += self.flow.flood.next()
        commands += self.roster.next(now)
        resting = self._wanted_rest()
        if resting != self.resting or self._rest_again:
            self.resting = resting
            self._rest_again = False
            commands.append(Rest(resting))
        return commands

    def next_due(self, now: float) -> float | None:
        """When `tick` has something new to decide although nothing happened."""
        times = [self.flow.ready.next_due(), self.held.next_due(), self._steps.until]
        times += [self.dispatch.next_due(now), self.quotas.next_due(now)]
        return min((time for time in times if time is not None and time > now), default=None)

    def _wanted_rest(self) -> frozenset[Partition]:
        self._backpressure.look(self.slots, self.offsets, self.held)
        return self.held.partitions | self._backpressure.resting(self.offsets.partitions)

    def _broke(self, work: Work, operation: str, bug: Exception, now: float) -> None:
        decision = decide(bug, work.attempts + 1, self._policy, jitter=self._jitter(), now=now)
        self.flow.follow(Failed(work, operation, bug), decision, now)

    def _store_failed(self, works: Iterable[Work], now: float) -> None:
        until = self._steps.rest(now)
        for work in works:
            self.flow.wait(replace(work, due=until), now)
