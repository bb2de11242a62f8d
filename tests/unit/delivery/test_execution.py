"""Bulk steps: what is stored when, and what happens when one listing spoils a step or the store is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from adapters.errors import ChannelUnavailableError, RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Operation, Outcome
from consumer.delivery.braking import Braking
from consumer.delivery.commands import Answer, Call, Ending, Letter, Prepare, Prepared, Probe, Store, Stored
from consumer.delivery.execution import Execution
from consumer.delivery.lanes import Lane
from consumer.delivery.offsets import NO_OFFSET, Ticket
from consumer.delivery.owing import Owing
from consumer.delivery.planning import Seller
from consumer.delivery.work import AccountKey, Work
from consumer.errors import MarketsyncError
from consumer.events import Sequence as EventSequence
from consumer.listings import planner, transitions
from consumer.listings.debts import Debt, Payment
from consumer.listings.owed import Cause, Owed, moment
from consumer.listings.state import Doubt, ListingKey, ListingState, Status
from consumer.mongo import PyMongoError
from tests.unit.delivery.ledgers import LedgersInMemory
from tests.unit.delivery.making import CHANNEL, START, make_account, make_event, make_record

ACCOUNT = AccountKey("shop", "default")


class StoreInMemory:
    """The listing store's contract without MongoDB, with what can go wrong."""

    def __init__(self) -> None:
        self.states: dict[str, ListingState] = {}
        self.steps: list[str] = []
        self.uncertain: set[str] = set()
        self.away = 0
        self.unreadable: set[str] = set()

    async def load(self, ids: Collection[str]) -> dict[str, ListingState]:
        self._step("load")
        if spoilt := self.unreadable & set(ids):
            raise MarketsyncError(f"{spoilt} cannot be read")
        return {listing: self.states[listing] for listing in ids if listing in self.states}

    async def store_intents(self, states: Sequence[ListingState]) -> set[str]:
        self._step("intents")
        return self._set(states)

    async def store_outcomes(self, states: Sequence[ListingState]) -> set[str]:
        self._step("outcomes")
        return self._set(states)

    async def mark_uncertain(self, ids: Iterable[str]) -> None:
        self._step("mark")
        self.uncertain |= set(ids)

    def _step(self, name: str) -> None:
        if self.away:
            self.away -= 1
            raise PyMongoError("no primary")
        self.steps.append(name)

    def _set(self, states: Sequence[ListingState]) -> set[str]:
        lost = set()
        for state in states:
            known = self.states.get(state.id)
            if (known.revision if known else 0) == state.revision - 1:
                self.states[state.id] = state
            else:
                lost.add(state.id)
        return lost


class MarksInMemory:
    """Marks as they were made and paid, in order."""

    def __init__(self) -> None:
        self.made: list[Debt] = []
        self.paid: list[tuple[str, str]] = []

    async def mark(self, debts: Iterable[Debt], at: datetime) -> None:
        self.made += debts

    async def pay(self, payments: Iterable[Payment]) -> None:
        self.paid += [(paid.listing, paid.mark) for paid in payments]


class Bench:
    def __init__(self, process: str = "0/first") -> None:
        self.adapter = MemoryAdapter(CHANNEL)
        self.store = StoreInMemory()
        sellers = {ACCOUNT: Seller(make_account(), self.adapter)}
        self.marks = MarksInMemory()
        braking = Braking(CHANNEL, LedgersInMemory(), by=process)
        self.execution = Execution(
            sellers,
            self.store,
            self.marks,
            lambda: float(START),
            process=process,
            braking=braking,
            rest=partial(asyncio.sleep, 0),
        )

    async def prepare(self, *works: Work) -> Prepared:
        report = await self.execution.prepare(Prepare(works))
        assert report is not None
        return report

    async def deliver(self, *works: Work) -> list[Answer]:
        report = await self.prepare(*works)
        return await self.execution.call(Call(ACCOUNT, report.sends[0].operation, tuple(report.sends)))

    def state(self, code: str) -> ListingState:
        return self.store.states[str(key_of(code))]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def key_of(code: str) -> ListingKey:
    return ListingKey(CHANNEL, "default", "shop", code)


def work_of(code: str, number: int) -> Work:
    event = make_event(code, number)
    record = make_record(event, offset=number)
    return Work(key_of(code), event.sequence, Lane.CONTENT, record, Ticket(record.place, number, 1))


def ended(answers: Sequence[Answer]) -> Store:
    return Store(tuple(Ending(answer.send, answer.outcome, answer.error, None) for answer in answers))


async def test_a_step_is_one_round_trip_each_way_for_all_its_listings(bench: Bench) -> None:
    answers = await bench.deliver(*(work_of(f"P-{n}", n) for n in range(1, 21)))
    assert await bench.execution.store(ended(answers)) == Stored()
    assert bench.store.steps == ["load", "intents", "outcomes"]
    assert bench.adapter.calls == 1
    assert {state.status for state in bench.store.states.values()} == {Status.LIVE}


async def test_the_intent_is_stored_before_the_call(bench: Bench) -> None:
    report = await bench.prepare(work_of("P-1", 1))
    intent = bench.state("P-1").intent
    assert intent is not None
    assert (intent.operation, intent.sequence) == (Operation.CREATE, report.sends[0].work.sequence)
    assert bench.adapter.calls == 0


async def test_an_older_state_is_superseded_by_what_is_stored(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 5))))
    report = await bench.prepare(work_of("P-1", 4))
    assert [settled.outcome for settled in report.settled] == ["superseded"]
    assert report.sends == []


async def test_what_changes_nothing_is_noted_and_not_sent(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 5))))
    report = await bench.prepare(work_of("P-1", 5))
    assert [settled.outcome for settled in report.settled] == ["unchanged"]


async def test_what_is_forced_is_sent_although_nothing_changed_and_once_only(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 5))))
    [answer] = await bench.deliver(replace(work_of("P-1", 5), force=True))
    assert answer.send.work.force is False, "the stored intent carries the doubt from here on"
    assert bench.state("P-1").open_doubt is Doubt.EXISTENCE
    await bench.execution.store(ended([answer]))
    assert (bench.adapter.calls, bench.state("P-1").status) == (2, Status.LIVE)
    report = await bench.prepare(work_of("P-1", 5))
    assert [settled.outcome for settled in report.settled] == ["unchanged"]


async def test_a_forced_old_state_never_goes_out(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 5))))
    report = await bench.prepare(replace(work_of("P-1", 4), force=True), replace(work_of("P-2", 4), force=True))
    assert [settled.outcome for settled in report.settled] == ["superseded"]
    assert bench.store.uncertain == {str(key_of("P-1"))}, "the newest one goes out, whole"
    assert [(debt.key, debt.cause) for debt in bench.marks.made] == [(key_of("P-1"), Cause.DISTRUST)]


async def test_a_forced_state_that_lost_the_race_is_still_forced(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 5))))
    forced = replace(work_of("P-1", 5), force=True)
    rival = bench.state("P-1")
    load = bench.store.load

    async def outrun(ids: Collection[str]) -> dict[str, ListingState]:
        loaded = await load(ids)
        bench.store.states[rival.id] = replace(rival, revision=rival.revision + 1)
        return loaded

    bench.store.load = outrun  # type: ignore[method-assign]  # a rival writes between load and store
    assert (await bench.prepare(forced)).lost == [forced]


async def test_who_lost_the_race_before_the_call_sends_nothing(bench: Bench) -> None:
    rival = Bench()
    rival.store = bench.store
    rival.execution = Execution(
        {ACCOUNT: Seller(make_account(), rival.adapter)},
        bench.store,
        bench.marks,
        lambda: float(START),
        process="1/second",
        braking=Braking(CHANNEL, LedgersInMemory(), by="1/second"),
    )
    original = bench.store.store_intents

    async def overtaken(states: Sequence[ListingState]) -> set[str]:
        bench.store.store_intents = original  # type: ignore[method-assign]  # once only
        await rival.prepare(work_of("P-1", 2))
        return await original(states)

    bench.store.store_intents = overtaken  # type: ignore[method-assign]  # a rival between load and store
    report = await bench.prepare(work_of("P-1", 1), work_of("P-2", 3))
    assert [work.key.entity_code for work in report.lost] == ["P-1"]
    assert [send.sku for send in report.sends] == ["P-2"]


async def test_who_lost_the_race_after_the_call_marks_the_listing_uncertain(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 1))
    await bench.prepare(work_of("P-1", 2))
    assert await bench.execution.store(ended(answers)) == Stored(frozenset({str(key_of("P-1"))}))
    assert bench.store.uncertain == {str(key_of("P-1"))}


async def test_the_mark_is_not_given_up_while_the_store_is_away(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 1))
    await bench.prepare(work_of("P-1", 2))
    original = bench.store.store_outcomes

    async def last_answer(states: Sequence[ListingState]) -> set[str]:
        lost = await original(states)
        bench.store.away = 3
        return lost

    bench.store.store_outcomes = last_answer  # type: ignore[method-assign]  # away right after it
    await bench.execution.store(ended(answers))
    assert bench.store.uncertain == {str(key_of("P-1"))}


async def test_a_store_that_is_away_is_told_apart(bench: Bench) -> None:
    bench.store.away = 1
    assert await bench.execution.prepare(Prepare((work_of("P-1", 1),))) is None
    answers = await bench.deliver(work_of("P-1", 1))
    bench.store.away = 1
    assert await bench.execution.store(ended(answers)) is None
    bench.store.away = 1
    work = work_of("P-1", 1)
    assert not await bench.execution.give_up([Letter(work.ticket, work.record, work, None, "bug", None)])


async def test_one_listing_that_cannot_be_planned_does_not_spoil_the_step(bench: Bench) -> None:
    bench.store.unreadable = {str(key_of("P-2"))}
    report = await bench.prepare(*(work_of(f"P-{n}", n) for n in range(1, 4)))
    assert [send.sku for send in report.sends] == ["P-1", "P-3"]
    [(work, error)] = report.failed
    assert work.key == key_of("P-2")
    assert "cannot be read" in str(error)


async def test_a_bug_in_the_adapter_leaves_the_effect_in_doubt(bench: Bench) -> None:
    bench.adapter.faults.crash("P-1", ZeroDivisionError("oops"))
    answers = await bench.deliver(work_of("P-1", 1), work_of("P-2", 2))
    assert all(isinstance(answer.error, ZeroDivisionError) for answer in answers)
    await bench.execution.store(ended(answers))
    assert bench.state("P-1").uncertain
    assert bench.state("P-1").status is Status.WAITING


async def test_a_failed_command_is_stored_as_waiting(bench: Bench) -> None:
    bench.adapter.faults.fail("P-1", ChannelUnavailableError("down"))
    answers = await bench.deliver(work_of("P-1", 1))
    await bench.execution.store(ended(answers))
    state = bench.state("P-1")
    assert (state.status, state.attempts, state.intent) == (Status.WAITING, 1, None)


async def test_a_listing_the_channel_lost_is_to_be_planned_again(bench: Bench) -> None:
    await bench.execution.store(ended(await bench.deliver(work_of("P-1", 1))))
    bench.adapter.listings.clear()
    [answer] = await bench.deliver(work_of("P-1", 2))
    assert answer.again
    await bench.execution.store(ended([answer]))
    assert (await bench.prepare(work_of("P-1", 2))).sends[0].operation == "create"


async def test_what_is_given_up_shows_as_such(bench: Bench) -> None:
    work = work_of("P-1", 1)
    letter = Letter(work.ticket, work.record, work, None, "bug", KeyError("x"))
    undecodable = Letter(work.ticket, work.record, None, None, "undecodable", None)
    assert await bench.execution.give_up([letter, undecodable])
    assert bench.state("P-1").status is Status.DEAD_LETTER
    assert "bug" in (bench.state("P-1").error or "")


async def test_what_cannot_even_be_read_can_be_given_up(bench: Bench) -> None:
    bench.store.unreadable = {str(key_of("P-1"))}
    work = work_of("P-1", 1)
    assert await bench.execution.give_up([Letter(work.ticket, work.record, work, None, "bug", KeyError("x"))])


async def test_many_are_given_up_in_one_round_trip_each_way(bench: Bench) -> None:
    works = [work_of(f"P-{n}", n) for n in range(1, 501)]
    error = ChannelUnavailableError("down")
    assert await bench.execution.give_up([Letter(w.ticket, w.record, w, None, "exhausted", error) for w in works])
    assert bench.store.steps == ["load", "outcomes"]
    assert {bench.state(f"P-{n}").status for n in range(1, 501)} == {Status.DEAD_LETTER}


async def test_one_that_cannot_be_read_keeps_no_other_from_being_given_up(bench: Bench) -> None:
    bench.store.unreadable = {str(key_of("P-1"))}
    works = [work_of("P-1", 1), work_of("P-2", 2)]
    assert await bench.execution.give_up([Letter(w.ticket, w.record, w, None, "bug", KeyError("x")) for w in works])
    assert bench.state("P-2").status is Status.DEAD_LETTER


async def test_a_question_tells_what_the_channel_said_and_a_bug_is_no_silence(bench: Bench) -> None:
    assert await bench.execution.probe(Probe(ACCOUNT)) is None
    silent = ChannelUnavailableError("no answer")
    bench.adapter.faults.fail_account(silent)
    assert await bench.execution.probe(Probe(ACCOUNT)) is silent
    bug = RuntimeError("a bug")
    bench.adapter.test_connection = raising(bug)  # type: ignore[assignment, method-assign]  # an adapter with a bug
    assert await bench.execution.probe(Probe(ACCOUNT)) is bug


def raising(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


async def test_a_call_that_another_process_intended_may_land_late_and_is_looked_after(bench: Bench) -> None:
    await bench.prepare(work_of("P-1", 1))
    assert bench.marks.made == []
    await bench.prepare(work_of("P-1", 2))
    assert bench.marks.made == [], "this process knows its own calls"
    successor = Bench(process="0/second")
    successor.store = bench.store
    successor.execution._store = bench.store
    await successor.prepare(work_of("P-1", 3))
    [debt] = successor.marks.made
    assert (debt.cause, debt.sequence, debt.late_until) == (Cause.LATE_CALL, make_event("P-1", 3).sequence, debt.due)
    assert debt.due.timestamp() > START + 120, "longer than any call"


async def test_what_was_owed_is_paid_when_a_state_as_new_is_settled(bench: Bench) -> None:
    at = moment(START)
    for code, owed in (("P-1", 5), ("P-2", 6)):
        state = ListingState(str(key_of(code)), 0, EventSequence(""), Status.WAITING, at, at)
        mark = Owed(Cause.PAUSED, at, at, make_event(code, owed).sequence, f"mark of {code}")
        bench.store.states[state.id] = replace(state, owed=mark)
    answers = await bench.deliver(work_of("P-1", 5), work_of("P-2", 5))
    assert bench.marks.paid == []
    await bench.execution.store(ended(answers))
    assert bench.marks.paid == [(str(key_of("P-1")), "mark of P-1")], "the other is owed a newer state"


async def test_what_needs_no_call_pays_too(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 5))
    await bench.execution.store(ended(answers))
    at = moment(START)
    listing = str(key_of("P-1"))
    owed = Owed(Cause.PAUSED, at, at, make_event("P-1", 5).sequence, "mark")
    bench.store.states[listing] = replace(bench.store.states[listing], owed=owed)
    report = await bench.prepare(work_of("P-1", 5))
    assert [settled.outcome for settled in report.settled] == ["unchanged"]
    assert bench.marks.paid == [(listing, "mark")]


async def test_what_was_read_for_a_mark_that_another_process_has_paid_is_not_planned(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 5))
    await bench.execution.store(ended(answers))
    work = work_of("P-1", 6)
    swept = replace(work, ticket=replace(work.ticket, offset=NO_OFFSET))
    report = await bench.prepare(swept)
    assert [settled.outcome for settled in report.settled] == ["superseded"], "nothing would stand for its intent"
    assert bench.store.states[str(key_of("P-1"))].intent is None


async def test_after_a_late_call_the_same_state_is_sent_again(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 5))
    await bench.execution.store(ended(answers))
    at = moment(START)
    listing = str(key_of("P-1"))
    owed = Owed(Cause.LATE_CALL, at, at, make_event("P-1", 5).sequence, "mark", late_until=at)
    bench.store.states[listing] = replace(bench.store.states[listing], owed=owed)
    answers = await bench.deliver(work_of("P-1", 5))
    await bench.execution.store(ended(answers))
    assert len(bench.adapter.journal) == 2
    assert bench.marks.paid == [(listing, "mark")]


async def test_what_is_refused_after_a_late_call_is_not_sent_again_and_again(bench: Bench) -> None:
    answers = await bench.deliver(work_of("P-1", 5))
    await bench.execution.store(ended(answers))
    at, listing = moment(START), str(key_of("P-1"))
    owed = Owed(Cause.LATE_CALL, at, at, make_event("P-1", 6).sequence, "mark", late_until=at)
    bench.store.states[listing] = replace(bench.store.states[listing], owed=owed)
    bench.adapter.faults.fail("P-1", RejectedListingError("wrong", code="9"))
    answers = await bench.deliver(work_of("P-1", 6))
    assert answers[0].error is not None
    await bench.execution.store(ended(answers))
    bench.store.states[listing] = replace(bench.store.states[listing], owed=owed)  # its stock was to be sent alone
    report = await bench.prepare(work_of("P-1", 6))
    assert not report.sends
    assert [settled.outcome for settled in report.settled] == ["refused"]


async def test_a_bug_in_settling_one_outcome_spares_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = await bench.deliver(work_of("P-1", 1), work_of("P-2", 2))
    settled, bug = transitions.settled, RuntimeError("a bug")

    def broken(state: ListingState, plan: planner.Send, outcome: Outcome, *, now: float) -> ListingState:
        if plan.command.sku == "P-1":
            raise bug
        return settled(state, plan, outcome, now=now)

    monkeypatch.setattr(transitions, "settled", broken)
    assert await bench.execution.store(ended(answers)) == Stored(failed={str(key_of("P-1")): bug})
    assert bench.state("P-1").uncertain
    assert bench.state("P-2").status is Status.LIVE


async def test_a_state_that_is_owed_keeps_that_it_is_to_be_sent_although_nothing_changed(bench: Bench) -> None:
    forced, other = replace(work_of("P-1", 1), force=True), work_of("P-2", 1)
    owings = [Owing(work, Cause.HALTED, 0.0) for work in (forced, other)]
    assert await bench.execution.owe(owings, 0.0)
    assert bench.store.uncertain == {str(forced.key)}
    assert [debt.key for debt in bench.marks.made] == [forced.key, other.key]
    bench.store.away = 1
    assert not await bench.execution.owe(owings, 0.0)
