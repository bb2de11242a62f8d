"""What a channel took and decides on later: followed, waited for, and settled as it ends; lost ends are sent again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from adapters.errors import ChannelUnavailableError, RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Operation
from consumer.delivery.braking import Braking
from consumer.delivery.clocks import Clocks
from consumer.delivery.commands import Answer, Call, Ending, Prepare, Prepared, Store
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.planning import BEHIND, SUBMITTED, Seller
from consumer.delivery.sellers import Sellers
from consumer.delivery.tickets import Ended, Places, TicketFollower
from consumer.delivery.work import Work
from consumer.events import Operation as EventOperation
from consumer.listings.axes import Work as Doing
from consumer.listings.axes import axes_of
from consumer.listings.codec import from_document, to_document
from consumer.listings.owed import Cause
from consumer.listings.state import ListingState, Status
from consumer.listings.submissions import OpenTicket
from consumer.listings.submitted import OVERDUE, URGENT_AFTER
from consumer.metrics.capped import Making
from consumer.metrics.tickets import ticket_metrics
from tests.unit.delivery.ledgers import LedgersInMemory
from tests.unit.delivery.making import CHANNEL, SETTINGS, START, make_account, make_event, make_record
from tests.unit.delivery.test_execution import ACCOUNT, MarksInMemory, StoreInMemory, key_of, work_of


class Submissions:
    """The contract of `consumer.listings.submissions.SubmissionStore`, on the same states. woken: whose marks were."""

    def __init__(self, store: StoreInMemory) -> None:
        self.woken: list[str] = []
        self._store = store

    async def open(self, account: tuple[str, str, str], most: int) -> list[OpenTicket]:
        found = [state.submitted for state in self._store.states.values() if state.submitted is not None]
        tickets = {each.ticket: each.version.at for each in found}
        return [OpenTicket(ticket, at, sum(s.ticket == ticket for s in found)) for ticket, at in tickets.items()][:most]

    async def of(self, account: tuple[str, str, str], ticket: str, most: int) -> list[ListingState]:
        return [s for s in self._store.states.values() if s.submitted and s.submitted.ticket == ticket][:most]

    async def wake(self, ids: Sequence[str], at: datetime) -> None:
        self.woken += ids


class Shop:
    """One account on a channel that takes everything and decides later. now: seconds since 1970."""

    def __init__(self) -> None:
        self.now = float(START)
        self.adapter = MemoryAdapter(CHANNEL)
        self.adapter.deferring = True
        self.store = StoreInMemory()
        self.marks = MarksInMemory()
        self.told: list[Ended] = []
        self.submissions = Submissions(self.store)
        self.registry = CollectorRegistry()
        sellers = Sellers([Seller(make_account(), self.adapter)])
        braking = Braking(CHANNEL, LedgersInMemory(), by="0/first")
        rest = partial(asyncio.sleep, 0)
        self.execution = Execution(
            sellers, self.store, self.marks, lambda: self.now, process="0/first", braking=braking, rest=rest
        )
        self.core = Core(SETTINGS, {ACCOUNT: 25}, lambda: 0.5)
        self.follower = TicketFollower(
            self.core,
            sellers,
            Places(self.submissions, self.store, self.marks, self),
            clocks=Clocks(lambda: self.now, lambda: self.now - START),
            metrics=ticket_metrics(Making(self.registry)),
            channel=CHANNEL,
        )

    def ended(self, ends: Sequence[Ended]) -> None:
        self.told += ends

    async def prepare(self, *works: Work) -> Prepared:
        report = await self.execution.prepare(Prepare(works))
        assert report is not None
        return report

    async def deliver(self, *works: Work) -> list[Answer]:
        report = await self.prepare(*works)
        answers = await self.execution.call(Call(ACCOUNT, report.sends[0].operation, tuple(report.sends)))
        endings = (Ending(a.send, a.outcome, a.error, None, a.submitted) for a in answers)
        assert await self.execution.store(Store(tuple(endings))) is not None
        return answers

    async def follow(self, after: float = 10.0) -> int:
        self.now += after
        return await self.follower.look(ACCOUNT)

    def state(self, code: str = "P-1") -> ListingState:
        return self.store.states[str(key_of(code))]

    def ends(self, word: str) -> float:
        labels = {"channel": CHANNEL, "account": str(ACCOUNT), "outcome": word}
        return self.registry.get_sample_value("marketsync_delivery_tickets_ended_total", labels) or 0.0


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def test_what_is_submitted_is_neither_live_nor_waiting_and_survives_a_restart(shop: Shop) -> None:
    (answer,) = await shop.deliver(work_of("P-1", 1))
    assert answer.submitted
    state = shop.state()
    assert (state.status, state.accepted, state.intent) == (Status.SUBMITTED, None, None)
    assert state.uncertain, "nobody knows what the channel shows"
    assert axes_of(state).work is Doing.SUBMITTED
    assert "asked again" in axes_of(state).next
    assert from_document(to_document(state)) == state


async def test_one_question_a_ticket_and_all_its_listings_end(shop: Shop) -> None:
    shop.adapter.faults.fail("P-2", RejectedListingError("wrong data", code="99022"))
    await shop.deliver(*(work_of(f"P-{n}", 1) for n in range(1, 21)))
    assert await shop.follow() == 0, "not yet"
    assert await shop.follow() == 1
    assert [shop.state(f"P-{n}").status for n in (1, 2, 3)] == [Status.LIVE, Status.REFUSED, Status.LIVE]
    assert "wrong data" in shop.state("P-2").problems[0].message
    assert shop.state().submitted is None
    assert not shop.state().uncertain
    assert (shop.ends("accepted"), shop.ends("refused")) == (19, 1)
    assert len(shop.told) == 20
    assert not shop.marks.made, "nothing is left to do"
    assert await shop.follow() == 0


async def test_it_is_asked_less_often_the_longer_it_takes(shop: Shop) -> None:
    shop.adapter.jobs.patience = 1000
    await shop.deliver(work_of("P-1", 1))
    asked: list[float] = []
    follow = shop.adapter.follow

    async def count(ticket: str) -> object:
        asked.append(shop.now - START)
        return await follow(ticket)

    shop.adapter.follow = count  # type: ignore[method-assign,assignment]  # it only listens
    for _ in range(3600):
        await shop.follow(1.0)
    pauses = [after - before for before, after in itertools.pairwise(asked)]
    assert pauses[0] == 2.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 120.0


async def test_a_newer_state_waits_as_a_mark_and_is_woken_when_the_older_one_has_ended(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    report = await shop.prepare(work_of("P-1", 2))
    assert [settled.outcome for settled in report.settled] == [BEHIND]
    (debt,) = shop.marks.made
    assert (debt.cause, debt.sequence) == (Cause.SUBMITTED, work_of("P-1", 2).sequence)
    assert shop.adapter.calls == 1
    await shop.follow()
    await shop.follow()
    assert shop.submissions.woken == [str(key_of("P-1"))]
    assert (await shop.prepare(work_of("P-1", 3))).sends


async def test_what_is_read_twice_is_not_sent_twice(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    assert [settled.outcome for settled in (await shop.prepare(work_of("P-1", 1))).settled] == [SUBMITTED]
    assert not shop.marks.made


async def test_what_is_forced_meanwhile_stays_in_doubt_when_the_older_state_has_ended(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    await shop.prepare(replace(work_of("P-1", 2), force=True))
    await shop.follow()
    await shop.follow()
    assert shop.state().uncertain
    assert Cause.RETRY in {debt.cause for debt in shop.marks.made}


@pytest.mark.parametrize("young", [True, False])
async def test_less_stock_goes_past_what_the_channel_has_had_for_too_long(shop: Shop, young: bool) -> None:
    await shop.deliver(work_of("P-1", 5))
    shop.adapter.deferring = False
    shop.now += URGENT_AFTER - 1 if young else URGENT_AFTER
    event = make_event("P-1", 6, quantity=1)
    work = replace(work_of("P-1", 6), record=make_record(event, offset=6))
    report = await shop.prepare(work)
    assert bool(report.sends) is not young
    (debt,) = shop.marks.made
    assert (debt.late_until is not None) is not young, "the older one may still take effect: then it is sent once more"
    if not young:
        assert shop.state().submitted is None


async def test_more_stock_never_goes_past_it(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 5))
    shop.now += URGENT_AFTER + 60
    assert not (await shop.prepare(work_of("P-1", 6))).sends


async def test_a_withdrawal_goes_past_it(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 5))
    shop.now += URGENT_AFTER
    event = make_event("P-1", 6, EventOperation.DELETED)
    work = replace(work_of("P-1", 6), record=make_record(event, offset=6))
    assert [send.operation for send in (await shop.prepare(work)).sends] == [Operation.WITHDRAW]


async def test_a_ticket_that_the_channel_forgot_is_sent_again(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    shop.adapter.jobs.forget("job-1")
    assert await shop.follow() == 1
    state = shop.state()
    assert (state.status, state.submitted, state.uncertain) == (Status.WAITING, None, True)
    (debt,) = shop.marks.made
    assert (debt.cause, debt.late_until) == (Cause.RETRY, None)
    assert shop.ends("lost") == 1


async def test_what_the_channel_never_decides_is_overdue_and_sent_again(shop: Shop) -> None:
    shop.adapter.jobs.patience = 10_000
    await shop.deliver(work_of("P-1", 1))
    assert await shop.follow(OVERDUE - 1) == 0
    oldest = shop.registry.get_sample_value(
        "marketsync_delivery_oldest_ticket_seconds", {"channel": CHANNEL, "account": str(ACCOUNT)}
    )
    assert oldest == OVERDUE - 1
    assert await shop.follow(200) == 1
    assert shop.ends("overdue") == 1
    assert shop.state().uncertain
    (debt,) = shop.marks.made
    assert debt.late_until is not None, "it may take effect after all"


async def test_a_channel_that_cannot_be_asked_proves_nothing(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    shop.adapter.faults.fail_account(ChannelUnavailableError("out of order"))
    assert await shop.follow() == 0
    assert shop.state().status is Status.SUBMITTED


async def test_a_temporary_failure_at_the_end_is_tried_again_later(shop: Shop) -> None:
    shop.adapter.faults.fail("P-1", ChannelUnavailableError("busy", delay=40.0))
    await shop.deliver(work_of("P-1", 1))
    await shop.follow()
    await shop.follow()
    (debt,) = shop.marks.made
    assert debt.due.timestamp() >= shop.now + 40
    assert (shop.state().status, shop.ends("failed")) == (Status.WAITING, 1)


async def test_the_store_may_be_away_after_the_call_and_the_ticket_is_not_lost(shop: Shop) -> None:
    report = await shop.prepare(work_of("P-1", 1))
    answers = await shop.execution.call(Call(ACCOUNT, "create", tuple(report.sends)))
    shop.store.away = 3
    stored = await shop.execution.store(Store((Ending(answers[0].send, answers[0].outcome, None, None, True),)))
    assert stored is not None
    assert shop.state().submitted is not None


async def test_listings_that_somebody_else_changed_meanwhile_are_settled_later(shop: Shop) -> None:
    await shop.deliver(work_of("P-1", 1))
    await shop.follow()
    store = shop.store.store_outcomes

    async def outrun(states: Sequence[ListingState]) -> set[str]:
        shop.store.store_outcomes = store  # type: ignore[method-assign]  # only once
        return {state.id for state in states}

    shop.store.store_outcomes = outrun  # type: ignore[method-assign]  # somebody is quicker
    assert await shop.follow() == 0
    assert shop.state().status is Status.SUBMITTED
    assert await shop.follow() == 1
    assert shop.state().status is Status.LIVE
