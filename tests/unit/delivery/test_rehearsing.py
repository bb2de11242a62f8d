"""What an account in dry run would send is shown to the channel itself, at its pace; what it refuses, people see."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from adapters.errors import ChannelUnavailableError
from adapters.memory import MemoryAdapter
from adapters.model import Listing, Problem
from consumer.delivery.clocks import Clocks
from consumer.delivery.commands import Prepare
from consumer.delivery.execution import Execution
from consumer.delivery.planning import make_seller
from consumer.delivery.quotas.leases import Lease, answered
from consumer.delivery.quotas.ledger import Ledger, Slice
from consumer.delivery.rehearsing import Rehearsing
from consumer.delivery.sellers import Sellers
from consumer.listings.state import Status
from tests.unit.delivery.making import CHANNEL, START, make_account
from tests.unit.delivery.test_execution import Bench, key_of, work_of
from tests.waiting import eventually

REFUSED = Problem("listing", "8541", "differs from Amazon's product", "Compare them.")


class Strict(MemoryAdapter):
    """A channel that has a check of its own. asked: SKUs, with the time."""

    rehearsals = 1.0

    def __init__(self) -> None:
        super().__init__(CHANNEL)
        self.asked: list[str] = []
        self.away = 0

    async def rehearse(self, listing: Listing) -> list[Problem]:
        self.asked.append(listing.sku)
        if self.away:
            self.away -= 1
            raise ChannelUnavailableError("no answer")
        return [REFUSED] if listing.sku == "P-1" else []


class Stage:
    """A delivery in dry run, and time that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.bench, self.adapter = Bench(), Strict()
        self.now, self.ledger = float(START), Ledger()
        account = replace(make_account(), mode="dry-run")
        sellers = Sellers([make_seller(account, self.adapter)])
        clocks = Clocks(wall=lambda: self.now, core=lambda: self.now)
        rehearsing = Rehearsing(CHANNEL, sellers, self.bench.store, self, clocks, self.sleep)
        known = self.bench.execution
        self.execution = Execution(
            sellers,
            self.bench.store,
            self.bench.marks,
            lambda: self.now,
            process="0/first",
            braking=known._braking,
            rehearsing=rehearsing,
        )

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def lease(self, lease: Lease) -> Mapping[str, Slice]:
        found = {}
        for ask in lease.asks:
            self.ledger, found[ask.quota.key] = answered(ask, self.ledger, self.now)
        return found

    async def prepare(self, *numbers: int) -> None:
        report = await self.execution.prepare(Prepare(tuple(work_of(f"P-{n}", n) for n in numbers)))
        assert report is not None
        assert not report.sends

    def status(self, number: int) -> Status:
        return self.bench.store.states[str(key_of(f"P-{number}"))].status


async def test_what_the_channel_would_refuse_is_invalid_with_its_words() -> None:
    stage = Stage()
    await stage.prepare(1, 2)
    assert stage.status(1) is Status.DRY_RUN, "nobody waits for the channel"
    await eventually(lambda: len(stage.adapter.asked) == 2, 5)
    await eventually(lambda: stage.status(1) is Status.INVALID, 5)
    assert stage.bench.store.states[str(key_of("P-1"))].problems == (REFUSED,)
    assert stage.status(2) is Status.DRY_RUN
    assert not stage.adapter.journal, "nothing was written"


async def test_no_more_is_asked_than_the_channel_lets_check() -> None:
    stage = Stage()
    await stage.prepare(*range(1, 11))
    await eventually(lambda: len(stage.adapter.asked) == 10, 5)
    assert stage.now - START >= 9, "ten checks at one a second"


async def test_a_channel_that_does_not_answer_is_asked_again() -> None:
    stage = Stage()
    stage.adapter.away = 2
    await stage.prepare(1)
    await eventually(lambda: stage.status(1) is Status.INVALID, 5)
    assert stage.adapter.asked == ["P-1"] * 3


async def test_a_verdict_about_what_was_planned_before_is_not_kept() -> None:
    stage = Stage()
    await stage.prepare(1)
    listing = str(key_of("P-1"))
    stage.bench.store.states[listing] = replace(stage.bench.store.states[listing], status=Status.LIVE)
    await eventually(lambda: stage.adapter.asked == ["P-1"], 5)
    await stage.sleep(1)
    assert stage.status(1) is Status.LIVE
