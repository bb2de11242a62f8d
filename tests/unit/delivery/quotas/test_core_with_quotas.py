"""The core asks its quotas before each call: nothing starts without units, urgent calls pass ordinary ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapters.errors import RateLimitedError
from adapters.rate_limits import DAY, Limit
from consumer.delivery.batches import Send
from consumer.delivery.commands import Answer, Call, CoreCommand, Postponed, Prepare, Prepared, Produce, Store, Stored
from consumer.delivery.core import Core
from consumer.delivery.lanes import Lane
from consumer.delivery.quotas.leases import Lease, Quota, answered
from consumer.delivery.quotas.ledger import Ledger
from consumer.delivery.work import AccountKey
from consumer.kafka.records import Partition
from tests.unit.delivery.making import POLICY, SETTINGS, make_record, make_work

ACCOUNT = AccountKey("shop", "default")
START = 1_700_000_000.0


class Desk:
    """A core whose commands are done at once. calls: what was called, in order. frozen: before its next call."""

    def __init__(self, limit: Limit) -> None:
        settings = replace(SETTINGS, concurrency=4, linger=0.0, quotas={ACCOUNT: [Quota("q", limit)]})
        self.core = Core(settings, {ACCOUNT: 1}, lambda: 0.5)
        self.now = START
        self.ledgers: Mapping[str, Ledger] = {"q": Ledger()}
        self.calls: list[str] = []
        self.attempts: list[int] = []
        self.refusal: RateLimitedError | None = None
        self.frozen = 0.0
        self._offset = 0
        self.core.assigned([Partition("updated", 0)], self.now)

    def arrive(self, lane: Lane, *codes: str) -> None:
        for code in codes:
            self._offset += 1
            ticket = self.core.ticket(make_record(offset=self._offset))
            assert ticket is not None
            work = make_work(code, self._offset, lane=lane, ticket=ticket)
            self.core.arrived(ticket, [work], self.now)

    def run(self, seconds: float = 0.0) -> None:
        """Until nothing is left to do now."""
        self.now += seconds
        while commands := self.core.tick(self.now):
            for command in commands:
                self._do(command)

    def _do(self, command: CoreCommand) -> None:
        match command:
            case Prepare():
                sends = [Send(work, "create", work.key.entity_code, None) for work in command.works]
                self.core.prepared(command, Prepared(sends=sends), self.now)
            case Lease():
                found = {}
                for ask in command.asks:
                    ledger, found[ask.quota.key] = answered(ask, self.ledgers[ask.quota.key], self.now)
                    self.ledgers = {ask.quota.key: ledger}
                self.core.quotas.leased(command, found, self.now)
            case Call() if self._freeze() >= command.until:
                self.core.dispatch.too_late(command, self.now)
            case Call():
                self.calls += [send.sku for send in command.sends]
                answers = [Answer(send, None, self.refusal) for send in command.sends]
                self.core.called(command, answers, self.now)
                self.refusal = None
            case Store():
                self.core.stored(command, Stored(), self.now)
            case Produce():
                self.core.produced(command, [None] * len(command.letters), self.now)

    def _freeze(self) -> float:
        self.now, self.frozen = self.now + self.frozen, 0.0
        return self.now


def test_no_more_calls_start_than_the_quota_allows_and_the_rest_follows_by_itself() -> None:
    desk = Desk(Limit("q", 3, 1, reserve=0))
    desk.arrive(Lane.CONTENT, "A", "B", "C", "D", "E")
    desk.run()
    assert desk.calls == ["A", "B", "C"]
    due = desk.core.next_due(desk.now)
    assert due is not None
    while len(desk.calls) < 5:
        due = desk.core.next_due(desk.now)
        assert due is not None
        desk.run(due - desk.now)
    assert desk.now - START >= 1


def test_an_urgent_call_passes_ordinary_ones_that_have_used_up_their_share() -> None:
    desk = Desk(Limit("q", 10, DAY, reserve=0.2))
    desk.arrive(Lane.BACKGROUND, *(f"B-{n}" for n in range(30)))
    desk.run()
    assert len(desk.calls) == 8
    desk.arrive(Lane.WITHDRAW, "sold out")
    desk.run()
    assert desk.calls[-1] == "sold out"
    assert len(desk.calls) == 9


def test_what_cannot_be_called_before_tomorrow_leaves_memory_and_burns_no_attempt() -> None:
    desk = Desk(Limit("q", 1, DAY, reserve=0))
    desk.arrive(Lane.CONTENT, "A", "B", "C")
    desk.run()
    postponed = [note for note in desk.core.notes.drain() if isinstance(note, Postponed)]
    assert {note.place for note in postponed} == {"topic"}
    assert {note.work.attempts for note in postponed} == {0}
    assert all(note.delay > POLICY.delays[-1] for note in postponed)
    assert desk.core.slots.waiting == 0


def test_a_refusal_burns_no_attempt_and_shrinks_the_quota_for_everybody() -> None:
    desk = Desk(Limit("q", 100, 60))
    desk.arrive(Lane.CONTENT, "A")
    desk.refusal = RateLimitedError("too many", delay=3)
    desk.run()
    desk.run()
    assert desk.ledgers["q"].pace == 0.5
    assert desk.ledgers["q"].closed_until == START + 3


def test_who_was_frozen_before_a_call_leases_anew_and_calls_nothing_with_what_others_may_have_by_now() -> None:
    desk = Desk(Limit("q", 3, 5, reserve=0))
    desk.arrive(Lane.CONTENT, "A")
    desk.frozen = 4.0
    desk.run()
    assert desk.calls == ["A"], "once, after it was planned and leased anew"
    assert sum(grant.units for grant in desk.ledgers["q"].grants) >= 2, "what was leased before counts as used"
    assert desk.core.slots.in_flight == 0
