"""A channel's own rules: fetched before a listing is held against them, looked at anew for what is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from adapters.errors import RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Listing, Problem
from consumer.delivery.commands import Call
from consumer.delivery.planning import Seller
from consumer.listings.owed import moment
from consumer.listings.state import Status
from tests.unit.delivery.making import CHANNEL, START, make_account
from tests.unit.delivery.test_execution import ACCOUNT, Bench, bench, ended, work_of
from tests.waiting import eventually

__all__ = ["bench"]  # a fixture


class Schooled(MemoryAdapter):
    """It has rules for each category, which have to be fetched. rules: their print."""

    def __init__(self) -> None:
        super().__init__(CHANNEL)
        self.rules = "1"
        self.known: set[str | None] = set()
        self.fetched = 0
        self.away = False

    async def learn(self, listings: Sequence[Listing]) -> None:
        self.fetched += 1
        await asyncio.sleep(0)
        if not self.away:
            self.known |= {listing.category for listing in listings}

    def knows(self, listing: Listing) -> bool:
        return listing.category in self.known

    def schema_print(self, listing: Listing) -> str:
        return self.rules if self.knows(listing) else ""

    def validate(self, listing: Listing) -> list[Problem]:
        problems = super().validate(listing)
        if self.knows(listing) and self.rules == "strict":
            problems.append(Problem("title", "too_dull", "the title is too dull", "Say more."))
        return problems


def school(bench: Bench) -> Schooled:
    adapter = Schooled()
    bench.execution._sellers = {ACCOUNT: Seller(make_account(), adapter)}
    return adapter


async def test_a_listing_waits_while_its_rules_are_fetched_once_for_all(bench: Bench) -> None:
    adapter = school(bench)
    report = await bench.prepare(*(work_of(f"P-{n}", n) for n in range(1, 6)))
    assert not report.sends
    assert len(report.failed) == 5
    assert not bench.store.states, "nothing is intended yet"
    await eventually(lambda: bool(adapter.known), 5)
    assert len((await bench.prepare(*(work_of(f"P-{n}", n) for n in range(1, 6)))).sends) == 5
    assert adapter.fetched == 1


async def test_where_they_cannot_be_fetched_it_goes_on_and_is_checked_less(bench: Bench) -> None:
    adapter = school(bench)
    adapter.away = True
    assert (await bench.prepare(work_of("P-1", 1))).failed

    async def goes_on() -> bool:
        return bool((await bench.prepare(work_of("P-1", 1))).sends)

    await eventually(goes_on, 5)
    assert adapter.fetched == 1


async def test_what_the_rules_refuse_is_looked_at_anew_before_long(bench: Bench) -> None:
    adapter = school(bench)
    adapter.known, adapter.rules = {"9355"}, "strict"
    await bench.prepare(work_of("P-1", 1))
    state = bench.state("P-1")
    assert state.status is Status.INVALID
    assert state.figures.due == moment(START) + timedelta(hours=6)


async def test_a_blocked_listing_is_free_when_the_channels_rules_have_changed(bench: Bench) -> None:
    adapter = school(bench)
    adapter.known = {"9355"}
    adapter.faults.fail("P-1", RejectedListingError("wrong", code="9"), times=3)
    for number in (1, 1, 1):
        bench.execution._sellers = {ACCOUNT: Seller(make_account(), adapter, str(len(bench.store.steps)))}
        answers = await bench.deliver(work_of("P-1", number))
        await bench.execution.store(ended(answers))
    state = bench.state("P-1")
    assert (state.status, state.planned_schema) == (Status.BLOCKED, "1")
    assert state.figures.due is not None, "nobody changes anything, and it is planned again"
    assert not (await bench.prepare(work_of("P-1", 1))).sends
    adapter.rules = "2"
    report = await bench.prepare(work_of("P-1", 1))
    answers = await bench.execution.call(Call(ACCOUNT, report.sends[0].operation, tuple(report.sends)))
    await bench.execution.store(ended(answers))
    assert bench.state("P-1").status is Status.LIVE
