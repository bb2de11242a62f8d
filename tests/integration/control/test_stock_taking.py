"""Adopting and reconciling an account on a real MongoDB, with a channel in memory: walks, faults, repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.errors import AuthenticationError, ChannelUnavailableError, RateLimitedError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Money, Operation
from adapters.rate_limits import Cost, Limit
from consumer.bootstrap.control import now
from consumer.capture.records import RecordWriter
from consumer.control.adopting import Adopter, Met
from consumer.control.asking import Asker
from consumer.control.catalogue import Catalogue
from consumer.control.closing import Closer
from consumer.control.jobs import Job, JobStore
from consumer.control.pace import Pace
from consumer.control.pim_states import PimStates
from consumer.control.reading_quota import ReadingQuota
from consumer.control.reconciling import Reconciler
from consumer.control.stocktaking import Stocktaking
from consumer.delivery.quotas.store import QuotaStore
from consumer.embedded import Endpoints
from consumer.kafka import TopicNames
from consumer.listings.accounts import Account
from consumer.listings.adoption import Finding
from consumer.listings.debts import DebtStore, Payment
from consumer.listings.drift import Drift, Kind
from consumer.listings.owed import Cause
from consumer.listings.state import Doubt, Status
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import connect, connect_async
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from tests.unit.delivery.making import make_document
from tests.unit.listings.making import ACCOUNT, make_listing

EAN = "4006381333931"
STARTED = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Place:
    """One account whose channel is in memory."""

    account: Account
    adapter: MemoryAdapter
    listings: ListingStore
    debts: DebtStore
    jobs: JobStore
    catalogue: Catalogue
    quotas: QuotaStore
    slept: list[float] = field(default_factory=list)

    @property
    def taking(self) -> Stocktaking:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        quota = ReadingQuota(self.account, self.adapter.limits, self.quotas, egress="here", sleep=sleep)
        return Stocktaking(self.account, Asker(self.adapter, Pace(0), quota, sleep), self.listings, self.debts, now)

    async def adopt(self, *, dry_run: bool = False) -> tuple[Counter[Finding], list[Met]]:
        met: list[Met] = []
        return await Adopter(self.taking).run(self.catalogue, met.extend, dry_run=dry_run), met

    async def reconcile(self, job: Job, *repaired: Kind) -> tuple[Job, list[Drift]]:
        found: list[Drift] = []

        def see(_job: Job, drifts: Sequence[Drift]) -> None:
            found.extend(drifts)

        return await Reconciler(self.taking, self.jobs).run(job, repaired, see), found

    async def begin(self) -> Job:
        return await self.jobs.begin(Job("", "reconcile", "memory", {}, "me", STARTED))

    async def offer(self, sku: str, *gtins: str) -> None:
        listing = replace(make_listing(), sku=sku, gtins=gtins)
        (outcome,) = await self.adapter.apply([Command(Operation.CREATE, sku, listing)])
        assert outcome.error is None


@pytest.fixture
async def place(servers: Endpoints, fresh_name: str) -> AsyncIterator[Place]:
    database = f"vinc-{fresh_name}"
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(connect_async(servers.mongodb_uri))
        home = exits.enter_context(connect(servers.mongodb_uri))
        state = client[f"marketsync-{fresh_name}"]
        listings = ListingStore(state[COLLECTION], 3)
        await listings.ensure_indexes()
        writer = RecordWriter(TopicNames(""), limit=1_000_000, tenants={database: fresh_name})
        products = TenantProducts(home, lambda name: Tenant(name, database, ACTIVE), connect)
        categories = ACCOUNT.categories.model_copy(update={"map": {"c-1": "9355"}})
        yield Place(
            replace(ACCOUNT, tenant=fresh_name, categories=categories),
            MemoryAdapter(batch_size=2),
            listings,
            DebtStore(state[COLLECTION], 3),
            JobStore(state["jobs"], "test"),
            Catalogue(products, PimStates(writer), chunk=2),
            QuotaStore(state["quotas"]),
        )
        await client.drop_database(state)
        await client.drop_database(database)


def revoked_after(channel: MemoryAdapter, *, calls: int) -> MemoryAdapter:
    """The same listings, of an account whose seller takes the consent back after some calls."""
    begun = 0

    async def latency() -> None:
        nonlocal begun
        begun += 1
        if begun > calls:
            made.faults.halted = AuthenticationError("revoked")

    made = MemoryAdapter(batch_size=2, latency=latency)
    made.listings.update(channel.listings)
    return made


@pytest.fixture
def pim(servers: Endpoints, fresh_name: str) -> None:
    with connect(servers.mongodb_uri) as client:
        client[f"vinc-{fresh_name}"][PRODUCTS].insert_many(
            [
                make_document("P-1"),
                make_document("P-2", ean=[EAN]),
                make_document("P-3", status="draft"),
                make_document("P-4", pricing={}),
                make_document("P-5"),
            ]
        )


@pytest.mark.usefixtures("pim")
async def test_p8_adopts_by_sku_and_barcode_and_leaves_strangers_alone(place: Place) -> None:
    for sku in ("P-1", "P-3", "P-4", "stranger"):
        await place.offer(sku)
    await place.offer("OLD-2", EAN)
    counts, met = await place.adopt(dry_run=True)
    assert await place.listings.load([place.account.listing_id("P-1")]) == {}
    again, met = await place.adopt()
    assert counts == again
    found = {one.listing.sku: (one.match.finding, one.match.code) for one in met}
    assert found == {
        "P-1": (Finding.BY_SKU, "P-1"),
        # Not wanted: a draft. It is not ours to take down either.
        "P-3": (Finding.FOREIGN, ""),
        # It has no price: a product with a fault has its listing too.
        "P-4": (Finding.BY_SKU, "P-4"),
        "stranger": (Finding.FOREIGN, ""),
        "OLD-2": (Finding.BY_BARCODE, "P-2"),
    }
    states = await place.listings.load([place.account.listing_id(code) for code in ("P-1", "P-2", "P-4")])
    assert {state.sku: state.keeps_sku for state in states.values()} == {"P-1": False, "OLD-2": True, "P-4": False}
    for state in states.values():
        assert state.accepted is not None
        assert state.accepted.price == make_listing().price
        assert state.doubt is Doubt.CONTENT
        assert state.owed is not None
        assert state.owed.cause is Cause.ADOPTED
    counts, _ = await place.adopt()
    assert counts == {Finding.OURS: 3, Finding.FOREIGN: 2}


@pytest.mark.usefixtures("pim")
async def test_a_list_that_breaks_off_keeps_what_was_adopted_and_is_an_error(place: Place) -> None:
    for sku in ("P-1", "P-4", "P-5"):
        await place.offer(sku)

    place.adapter = revoked_after(place.adapter, calls=1)
    with pytest.raises(AuthenticationError):
        await place.adopt()
    adopted = await place.listings.numbers("memory", place.account.tenant, "default")
    assert adopted == {"P-1": "P-1", "P-4": "P-4"}


async def listed(place: Place, *codes: str) -> None:
    """Listings that the channel has accepted, as after deliveries."""
    for code in codes:
        await place.offer(code)
    await place.adopt()
    for listing_id, state in (await place.listings.load([place.account.listing_id(code) for code in codes])).items():
        settled = replace(state, doubt=Doubt.NONE, revision=state.revision + 1, owed=None)
        assert not await place.listings.store_outcomes([settled])
        assert state.owed is not None
        await place.debts.pay([Payment(listing_id, state.owed.mark, settled.revision)])


@pytest.mark.usefixtures("pim")
async def test_p3_drift_is_reported_and_repaired_only_where_it_is_asked_for(place: Place) -> None:
    await listed(place, "P-1", "P-4", "P-5")
    cheap = Money(Decimal("1.00"), "EUR")
    place.adapter.listings["P-1"] = replace(place.adapter.listings["P-1"], price=cheap)
    del place.adapter.listings["P-5"]
    job, found = await place.reconcile(await place.begin())
    assert {(drift.listing_id.rpartition("/")[2], drift.kind) for drift in found} == {
        ("P-1", Kind.PRICE),
        ("P-5", Kind.MISSING),
    }
    assert job.counts == {"compared": 3, "passed_over": 0, "repaired": 0, "price": 1, "missing": 1}
    states = await place.listings.load([place.account.listing_id(code) for code in ("P-1", "P-4", "P-5")])
    assert not any(state.uncertain for state in states.values())
    job, _ = await place.reconcile(await place.begin(), Kind.PRICE)
    assert job.counts["repaired"] == 1
    one = place.account.listing_id("P-1")
    state = (await place.listings.load([one]))[one]
    assert state.uncertain
    assert state.owed is not None
    assert (state.owed.cause, "1.00 EUR" in state.owed.words) == (Cause.DRIFT, True)
    job, found = await place.reconcile(await place.begin(), Kind.PRICE)
    assert job.counts["passed_over"] == 1, "what is being repaired is not compared"


@pytest.mark.usefixtures("pim")
async def test_a_comparison_that_was_cut_off_goes_on_where_it_was(place: Place) -> None:
    await listed(place, "P-1", "P-4", "P-5")
    place.adapter.listings.clear()
    job = await place.begin()
    healthy = place.adapter
    place.adapter = revoked_after(healthy, calls=1)
    with pytest.raises(AuthenticationError):
        await place.reconcile(job)
    claimed = await place.jobs.claim(job.id)
    assert claimed is not None
    assert claimed.counts["compared"] == 2
    place.adapter = healthy
    done, found = await place.reconcile(claimed)
    assert (done.counts["compared"], len(found)) == (3, 1)


@pytest.mark.usefixtures("pim")
async def test_a_channel_that_asks_for_a_rest_gets_it(place: Place) -> None:
    await listed(place, "P-1")
    place.adapter.faults.account.extend((RateLimitedError("slow down", delay=7), ChannelUnavailableError("away")))
    job, found = await place.reconcile(await place.begin())
    assert (job.counts["compared"], found) == (1, [])
    assert place.slept == [7, 30.0]


@pytest.mark.usefixtures("pim")
async def test_a_channel_that_stays_away_is_an_end_and_no_drift(place: Place) -> None:
    await listed(place, "P-1")
    place.adapter.faults.halted = ChannelUnavailableError("away")
    job = await place.begin()
    with pytest.raises(ChannelUnavailableError):
        await place.reconcile(job, *Kind)
    one = place.account.listing_id("P-1")
    assert not (await place.listings.load([one]))[one].uncertain


@pytest.mark.usefixtures("pim")
async def test_questions_are_counted_in_the_ledger_that_deliveries_use(place: Place) -> None:
    await listed(place, "P-1", "P-4", "P-5")
    counted = Limit("calls", 1000, 3600, reading=Cost(call=1, listing=1))
    place.adapter = MemoryAdapter(batch_size=2, limits=(counted,))
    _, drifts = await place.reconcile(await place.begin())
    assert len(drifts) == 3
    (standing,) = await place.quotas.standings()
    assert standing.key == f"memory/account/{place.account.tenant}/default/calls"
    assert standing.used >= 5, "two questions, three listings"


@pytest.mark.usefixtures("pim")
async def test_the_listings_of_an_account_that_is_off_are_ended_and_what_fails_is_done_by_the_next_run(
    place: Place,
) -> None:
    await listed(place, "P-1", "P-4", "P-5")
    place.adapter.faults.fail("P-4", ChannelUnavailableError("away"))
    counts = await Closer(place.taking, place.adapter).run("end", lambda _: None)
    assert (counts["done"], counts["failed"]) == (2, 1)
    assert [sku for sku, one in place.adapter.listings.items() if one.live] == ["P-4"]
    counts = await Closer(place.taking, place.adapter).run("end", lambda _: None)
    assert (counts["done"], counts["failed"]) == (1, 0)
    assert not any(one.live for one in place.adapter.listings.values())
    states = await place.listings.load([place.account.listing_id(code) for code in ("P-1", "P-4", "P-5")])
    assert {state.status for state in states.values()} == {Status.WITHDRAWN}


@pytest.mark.usefixtures("pim")
async def test_or_their_stock_is_zero_and_they_stay(place: Place) -> None:
    await listed(place, "P-1", "P-4")
    for done in (2, 0):
        counts = await Closer(place.taking, place.adapter).run("zero", lambda _: None)
        assert (counts["done"], counts["failed"]) == (done, 0)
    assert {(one.live, one.quantity) for one in place.adapter.listings.values()} == {(True, 0)}
    states = await place.listings.load([place.account.listing_id(code) for code in ("P-1", "P-4")])
    assert {state.status for state in states.values()} == {Status.LEFT}
