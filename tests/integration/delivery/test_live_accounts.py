"""Accounts come, change, break and go while delivery runs; real servers, channels in memory."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from adapters.base import Adapter
from adapters.errors import AuthenticationError
from adapters.memory import Call, MemoryAdapter
from adapters.model import ChannelListing
from consumer.control.group_book import COLLECTION as GROUPS
from consumer.control.group_book import GroupBook
from consumer.control.newcomers import Newcomers, Place
from consumer.control.own_resyncs import Group, OwnResyncs
from consumer.delivery.account_book import COLLECTION, AccountBook
from consumer.delivery.assembly import group_of
from consumer.delivery.following import AccountReading, Hands
from consumer.delivery.work import AccountKey
from consumer.delivery.worker import DeliveryWorker
from consumer.events import Operation, ProductEvent, change_sequence
from consumer.listings.accounts import Account
from consumer.listings.owed import Cause
from consumer.listings.rules.conditions import Choice
from consumer.listings.rules.prices import PriceRule, PriceRules
from consumer.listings.rules.selection import Selection
from consumer.metrics import control_metrics
from consumer.settings import DeliverySettings
from tests.integration.delivery.conftest import SETTINGS, Line
from tests.integration.delivery.jobs import database_of, jobs_of, runner_of
from tests.integration.delivery.test_resync import Pim, pim
from tests.unit.delivery.making import CHANNEL, make_account, make_document, make_event
from tests.waiting import eventually

__all__ = ["pim"]

OTHER = "outlet"


def dearer(percent: int) -> PriceRules:
    """Retail prices, so much dearer."""
    rule = PriceRule(percent=Decimal(percent))
    return PriceRules(basis="retail", vat_included=True, rules=(rule,))


@dataclass
class Shop:
    """A line whose accounts are followed. accounts: as they are stored. made: every adapter, by account."""

    line: Line
    pim: Pim
    accounts: dict[str, AccountReading] = field(default_factory=dict)
    made: dict[str, list[MemoryAdapter]] = field(default_factory=dict)

    async def read(self) -> Sequence[AccountReading]:
        return list(self.accounts.values())

    def put(self, name: str = "default", **changes: Any) -> None:
        """The account is stored so from now on."""
        account = make_account(name, **{"settings": "first credential"} | changes)
        self.accounts[name] = AccountReading(AccountKey("shop", name), account)

    def broken(self, name: str, words: str) -> None:
        self.accounts[name] = AccountReading(AccountKey("shop", name), None, words)

    def make_adapter(self, account: Account) -> Adapter:
        """What is on the channel stays, whatever credential it is reached with."""
        adapter = MemoryAdapter(CHANNEL)
        before = self.made.setdefault(account.name, [])
        if before:
            adapter.listings, adapter.shown, adapter.journal = before[-1].listings, before[-1].shown, before[-1].journal
        before.append(adapter)
        self.line.channels[account.name] = adapter
        return adapter

    @asynccontextmanager
    async def process(self, replica: str = "one", **settings: Any) -> AsyncIterator[DeliveryWorker]:
        """A delivery process with all that runs in it."""
        line = self.line
        group, jobs = group_of(CHANNEL, line.names), jobs_of(line, replica)
        book = AccountBook(database_of(line)[COLLECTION], group)
        hands = Hands(self, book, self.make_adapter, "")
        worker = line.make_worker(_with(SETTINGS, replica=replica, **settings), hands=hands)
        follower = worker.parts.follower
        assert follower is not None
        metrics = control_metrics(CollectorRegistry())
        newcomers = Newcomers(
            Place(CHANNEL, group, _is_known),
            follower,
            book,
            jobs,
            clocks=(time.monotonic, time.time),
            metrics=metrics,
        )
        own = OwnResyncs(
            Group(CHANNEL, group, lambda: True, list, lambda _: {}),
            GroupBook(database_of(line)[GROUPS]),
            jobs,
            work=(self.pim.resync, runner_of(line, jobs)),
            metrics=metrics,
            clock=time.time,
        )
        async with AsyncExitStack() as exits:
            await exits.enter_async_context(line.running(worker))
            for beside in (newcomers.run(), own.run()):
                exits.push_async_callback(partial(_cancelled, asyncio.create_task(beside)))
            yield worker

    async def changes(self, code: str, version: int) -> None:
        """The PIM has this version from now on, and says so."""
        self.pim.products.update_one({"entity_code": code, "isCurrent": True}, {"$set": make_document(code, version)})
        await self.line.publish(_now(make_event(code, version)))

    async def loses(self, code: str) -> None:
        """The PIM has no such product any more, and says so."""
        self.pim.products.delete_many({"entity_code": code})
        await self.line.publish(_now(make_event(code, 2, Operation.DELETED)))

    async def jobs(self) -> list[tuple[str, str]]:
        """Cause and account of what was read by itself, the oldest first."""
        return [(job.cause, job.filters["account"]) for job in reversed(await jobs_of(self.line).recent(10))]

    def versions(self, name: str = "default") -> Counter[str]:
        """How often each product was sent to the account."""
        return Counter(call.sku for call in self.line.channels[name].journal)

    async def owed(self) -> int:
        return await self.line.store._collection.count_documents({"owed.due": {"$exists": True}})

    async def nothing_is_owed(self) -> None:
        async def paid() -> bool:
            return await self.owed() == 0

        await eventually(paid, 30, "nothing is owed")

    async def read_by_itself(self, count: int) -> None:
        """Until so many accounts were read whole, and all of that has arrived."""

        async def done() -> bool:
            jobs = await jobs_of(self.line).recent(10)
            return len(jobs) == count and all(job.state == "done" for job in jobs)

        await eventually(done, 40, f"{count} accounts are read whole")
        await self.line.settles()


def changed_now(code: str, number: int) -> ProductEvent:
    """A change behind every reading until now: an older one of a product that no reading has met lists nothing."""
    return replace(make_event(code, number), sequence=change_sequence(int(time.time()) + 1, 1, 0))


@pytest.fixture
def shop(line: Line, pim: Pim) -> Shop:
    line.owed = replace(line.owed, products=pim.resync._products)
    return Shop(line, pim)


async def test_an_account_that_is_added_while_delivery_runs_gets_all_products_and_what_changes(shop: Shop) -> None:
    shop.pim.write([f"P-{n}" for n in range(30)], 1)
    shop.put()
    async with shop.process():
        await shop.read_by_itself(1)
        await shop.line.shows("P-7", 1)
        before = shop.line.channels["default"].calls
        shop.put(OTHER)
        await eventually(lambda: OTHER in shop.line.channels, 5, "the account is found")
        await shop.line.publish(changed_now("P-99", 2))
        await shop.line.shows("P-99", 2, OTHER)
        await shop.read_by_itself(2)
        for number in range(30):
            await shop.line.shows(f"P-{number}", 1, OTHER)
    assert await shop.jobs() == [("new_account", "default"), ("new_account", OTHER)]
    assert shop.line.channels["default"].calls == before + 1, "the first account got the one event and nothing more"
    assert shop.line.metric("account_mode", account=f"shop/{OTHER}", mode="live") == 1


async def test_a_second_start_reads_nothing_anew(shop: Shop) -> None:
    shop.pim.write(["P-1"], 1)
    shop.put()
    async with shop.process():
        await shop.read_by_itself(1)
        await shop.line.shows("P-1", 1)
    async with shop.process() as worker:
        await eventually(lambda: worker.unready() == [], 20)
        await shop.line.publish(changed_now("P-2", 2))
        await shop.line.shows("P-2", 2)
    assert len(await shop.jobs()) == 1


async def test_a_price_rule_that_changes_revises_every_listing_once(shop: Shop) -> None:
    shop.pim.write([f"P-{n}" for n in range(60)], 1)
    shop.put()
    async with shop.process("one"), shop.process("two"):
        await shop.read_by_itself(1)
        for number in range(60):
            await shop.line.shows(f"P-{number}", 1)
        assert set(shop.versions().values()) == {1}
        shop.put(price=dearer(10))
        shown = shop.line.channels["default"].listings
        await eventually(
            lambda: {round(one.price.amount, 2) for one in shown.values() if one.price} == {Decimal("111.10")}, 30
        )
        await shop.nothing_is_owed()
    assert set(shop.versions().values()) == {2}, "each was revised once, whichever process it belongs to"
    assert len(await shop.jobs()) == 1


async def test_a_stock_change_overtakes_the_listings_that_a_rule_change_revises(shop: Shop) -> None:
    count = 2000
    shop.pim.products.insert_many([make_document(f"P-{n}", 1) for n in range(count)])
    shop.put()
    async with shop.process():
        await eventually(lambda: _live(shop) == count, 60)
        await shop.read_by_itself(1)
        # A channel that takes its time, as all do: so fast and no faster what is owed goes out.
        shop.line.channels["default"]._latency = partial(asyncio.sleep, 0.05)
        journal = shop.line.channels["default"].journal
        shop.put(price=dearer(10))
        await eventually(lambda: len(journal) > count + 100, 30, "the listings are being revised")
        before = len(journal)
        await shop.changes("P-1", 5)
        quantity = await eventually(lambda: _place_of(journal, "P-1", quantity=5), 20)
        assert quantity - before < 600, "it waited for what was under way, and for nothing else"
        assert len(journal) < 2 * count, "and most of the listings were still to be revised"
        await shop.nothing_is_owed()
    assert set(shop.versions().values()) <= {2, 3}


async def test_a_rule_change_that_a_crash_interrupted_goes_on(shop: Shop) -> None:
    shop.pim.write([f"P-{n}" for n in range(20)], 1)
    shop.put()
    async with shop.process():
        await shop.read_by_itself(1)
        for number in range(20):
            await shop.line.shows(f"P-{number}", 1)
    store, at = shop.line.owed.replans, datetime.now(UTC)
    account = make_account(settings="first credential", price=dearer(10))
    # A process had marked some of them when it died.
    marked = await store.mark((CHANNEL, "shop", "default"), (0, 1, 2), f"live {account.rules_print}", at=at, most=7)
    assert marked == 7
    assert await shop.owed() == 7
    shop.put(price=dearer(10))
    async with shop.process():
        shown = shop.line.channels["default"].listings
        await eventually(lambda: _amounts(shown.values()) == {Decimal("111.10")}, 30)
        await shop.nothing_is_owed()
    assert set(shop.versions().values()) == {2}


async def test_a_selection_that_changes_withdraws_and_brings_back(shop: Shop) -> None:
    shop.pim.write(["P-1", "P-2"], 1)
    shop.put()
    async with shop.process():
        await shop.read_by_itself(1)
        await shop.line.shows("P-1", 1)
        await shop.line.shows("P-2", 1)
        shop.put(selection=Selection(codes=Choice(exclude=("P-2",))))
        await eventually(lambda: shop.line.title("P-2") is None, 20)
        shop.put()
        await shop.line.shows("P-2", 1)
        assert shop.line.title("P-1") is not None


async def test_an_account_that_is_removed_is_called_no_more_and_comes_back_with_the_newest_states(shop: Shop) -> None:
    shop.pim.write(["P-1", "P-2", "P-3"], 1)
    shop.put()
    shop.put(OTHER)
    async with shop.process() as worker:
        await shop.read_by_itself(2)
        await shop.line.shows("P-1", 1)
        await shop.line.shows("P-1", 1, OTHER)
        del shop.accounts[OTHER]
        gone = shop.made[OTHER][0]
        await eventually(lambda: gone.closed, 10, "its adapter is closed")
        calls = gone.calls
        assert AccountKey("shop", OTHER) not in worker.parts.core.gates
        await shop.changes("P-1", 5)
        await shop.loses("P-2")
        await shop.line.shows("P-1", 5)
        await shop.line.settles()
        assert gone.calls == calls
        assert shop.line.metric("account_mode", account=f"shop/{OTHER}", mode="live") == 0
        shop.put(OTHER)
        await shop.line.shows("P-1", 5, OTHER, deadline=40)
        await eventually(lambda: shop.line.title("P-2", OTHER) is None, 30, "what went meanwhile is withdrawn")
        assert shop.line.title("P-3", OTHER) is not None
    assert (await shop.jobs())[-1] == ("new_account", OTHER)


async def test_an_account_goes_from_off_to_dry_run_to_live(shop: Shop) -> None:
    shop.pim.write(["P-1", "P-2"], 1)
    shop.put(mode="off")
    async with shop.process():
        await shop.line.publish(make_event("P-1", 1))
        await shop.line.settles()
        assert shop.line.channels.keys() == {"default"}
        assert shop.made == {}
        shop.put(mode="dry-run")
        await shop.read_by_itself(1)
        await eventually(partial(_has_status, shop, "dry_run", 2), 20)
        assert shop.line.channels["default"].calls == 0
        shop.put(mode="live")
        await shop.line.shows("P-1", 1)
        await shop.line.shows("P-2", 1)
        assert len(await shop.jobs()) == 1, "whoever has rehearsed is not read once more"
        shop.put(mode="off")
        await eventually(lambda: shop.line.metric("account_mode", account="shop/default", mode="off") == 1, 10)
        calls = shop.line.channels["default"].calls
        await shop.changes("P-1", 2)
        await shop.line.settles()
        assert shop.line.channels["default"].calls == calls
        shop.put(mode="live")
        await shop.line.shows("P-1", 2, deadline=40)


async def test_a_document_that_is_broken_stops_its_account_with_words_and_nothing_else(shop: Shop) -> None:
    shop.pim.write(["P-1", "P-2"], 1)
    shop.put()
    shop.put(OTHER)
    async with shop.process():
        await shop.read_by_itself(2)
        await shop.line.shows("P-1", 1, OTHER)
        shop.broken(OTHER, "price.basis: 'purchase' is not a price that can be sold")
        await eventually(lambda: shop.line.metric("account_broken", account=f"shop/{OTHER}") == 1, 10)
        calls = shop.line.channels[OTHER].calls
        await shop.changes("P-1", 2)
        await shop.line.shows("P-1", 2)
        await shop.line.settles()
        assert shop.line.channels[OTHER].calls == calls
        state = await shop.line.state("P-1", OTHER)
        assert state is not None
        assert state.owed is not None
        assert state.owed.cause is Cause.HALTED
        assert "price.basis: 'purchase'" in state.owed.words
        [told] = await eventually(shop.line.owed.standstills.current, 20)
        assert (told.account, told.state) == (OTHER, "broken")
        assert "price.basis" in told.why
        shop.put(OTHER)
        await shop.line.shows("P-1", 2, OTHER)
        assert shop.line.metric("account_broken", account=f"shop/{OTHER}") == 0
    assert len(await shop.jobs()) == 2, "what came in meanwhile was owed, so nothing is read once more"


async def test_a_process_that_starts_with_a_broken_document_serves_the_others(shop: Shop) -> None:
    shop.put()
    shop.broken(OTHER, "nobody can read this")
    async with shop.process():
        await shop.line.publish(make_event("P-1", 1))
        await shop.line.shows("P-1", 1)
        await shop.line.settles()
        state = await shop.line.state("P-1", OTHER)
        assert state is not None
        assert state.owed is not None
        assert "nobody can read this" in state.owed.words


async def test_a_new_credential_is_tried_at_once_where_the_old_one_was_dead(shop: Shop) -> None:
    shop.pim.write(["P-1"], 1)
    shop.put()
    # So patient that the next try of the dead credential lies far behind the end of this test.
    async with shop.process(backoff=300, backoff_ceiling=3600, outage_ceiling=3600) as worker:
        await shop.read_by_itself(1)
        await shop.line.shows("P-1", 1)
        shop.line.channels["default"].faults.halt(AuthenticationError("token revoked"))
        await shop.changes("P-1", 2)
        gate = worker.parts.core.gates[AccountKey("shop", "default")]
        await eventually(lambda: gate.halted, 10)
        await shop.line.settles()
        begun = time.monotonic()
        shop.put(settings="second credential")
        await shop.line.shows("P-1", 2)
        assert time.monotonic() - begun < 100, "it waits for the patience with the old one"
        assert [adapter.closed for adapter in shop.made["default"]] == [True, False]


async def test_calls_under_way_end_before_their_adapter_is_closed(shop: Shop) -> None:
    shop.put()
    answers, ends = asyncio.Event(), asyncio.Event()
    async with shop.process():
        await eventually(lambda: "default" in shop.made, 10)
        old = shop.made["default"][0]

        async def wait() -> None:
            answers.set()
            await ends.wait()

        old._answer = wait
        await shop.line.publish(make_event("P-1", 1))
        await asyncio.wait_for(answers.wait(), 20)
        shop.put(settings="second credential")
        await eventually(lambda: len(shop.made["default"]) == 2, 10)
        await shop.line.publish(make_event("P-2", 2))
        await shop.line.shows("P-2", 2)
        assert not old.closed
        ends.set()
        await eventually(lambda: old.closed, 10)
        await shop.line.settles()
        assert shop.versions() == {"P-1": 1, "P-2": 1}


def _now(event: ProductEvent) -> ProductEvent:
    """The event as of now: newer than whatever was read from the PIM before."""
    return replace(event, sequence=change_sequence(int(time.time()) + 1, 1, 0))


async def _is_known(_tenant: str) -> bool:
    """Whether capture is still to begin with the tenant."""
    return False


def _live(shop: Shop) -> int:
    return len(shop.line.channels["default"].listings) if "default" in shop.line.channels else 0


def _place_of(journal: Sequence[Call], sku: str, *, quantity: int) -> int | None:
    """Where in the journal this listing got this stock."""
    for place, call in enumerate(journal):
        if call.sku == sku and call.listing is not None and call.listing.quantity == quantity:
            return place
    return None


async def _has_status(shop: Shop, status: str, count: int) -> bool:
    found = await shop.line.store._collection.count_documents({"status": status})
    return found == count


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _with(settings: DeliverySettings, **changes: Any) -> DeliverySettings:
    return settings.model_copy(update=changes)


def _amounts(listings: Iterable[ChannelListing]) -> set[Decimal]:
    return {one.price.amount for one in listings if one.price}
