"""A sync's whole way, on a real PIM, broker and store: asked for, sent, delivered, ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from consumer.bootstrap.control import Control
from consumer.bootstrap.triggering import JobReport, KeyReusedError, Syncs
from consumer.capture.records import RecordWriter
from consumer.control.item_book import COLLECTION as ITEMS
from consumer.control.item_book import ItemBook
from consumer.control.items import Progress
from consumer.control.jobs import Job, JobState, JobTakenError
from consumer.control.pim_states import PimStates
from consumer.control.sync_words import Priority, SyncOperation
from consumer.control.triggers import Place, SyncRequest, Triggers, UnknownProductError, UnknownTargetError
from consumer.events import JOB, Operation
from consumer.listings.state import Status
from consumer.listings.withholding import Withholding
from consumer.mongo import connect
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from tests.integration.delivery.conftest import TOPICS, Line
from tests.integration.delivery.jobs import KilledError, database_of, jobs_of, killed_after
from tests.integration.delivery.reading import read_topic
from tests.unit.delivery.making import CHANNEL
from tests.waiting import eventually


def syncs_of(line: Line, places: Sequence[Place] = (Place(CHANNEL, "default"),), *, patience: float = 0.0) -> Syncs:
    state, home = database_of(line), line.pim.client
    control = Control(
        line.endpoints.kafka_bootstrap_servers,
        line.names,
        state,
        jobs_of(line),
        line.store,
        line.producer,
        TOPICS.partitions,
    )
    place = Tenant("shop", line.pim.name, ACTIVE)
    products = TenantProducts(home, lambda name: place if name == "shop" else None, connect)
    writer = RecordWriter(line.names, limit=1_000_000, tenants={line.pim.name: "shop"})
    items = ItemBook(state[ITEMS], line.store, patience=patience, clock=time.time)
    withholding = Withholding(state["listings"], TOPICS.partitions)
    triggers = Triggers(products, PimStates(writer), items, withholding, clock=time.time)

    async def there(_tenant: str) -> Sequence[Place]:
        return places

    return Syncs(control, triggers, items, there)


async def sync(syncs: Syncs, *codes: str, operation: str = "update", priority: str = "high", key: str = "") -> Job:
    request = SyncRequest("shop", codes, SyncOperation(operation), Priority(priority), batch_size=10, key=key)
    return await syncs.carry_out(await syncs.begin(request, "somebody"))


async def end_of(syncs: Syncs, job: Job) -> JobReport:
    async def done() -> JobReport | None:
        report = await syncs.report(job.id)
        return report if report is not None and report.job.state is JobState.DONE else None

    async def ended() -> bool:
        return await done() is not None

    await eventually(ended, 20)
    report = await done()
    assert report is not None
    return report


def counts_of(report: JobReport) -> Mapping[Progress, int]:
    (account,) = report.accounts
    return dict(account.counts)


async def test_a_product_goes_its_whole_way_and_a_deletion_lasts_until_it_is_asked_for_again(line: Line) -> None:
    syncs = syncs_of(line)
    line.keep(("P-1", 1))
    async with line.running():
        job = await sync(syncs, "P-1")
        report = await end_of(syncs, job)
        assert counts_of(report) in ({Progress.ACCEPTED: 1}, {Progress.CONFIRMED: 1})
        await line.shows("P-1", 1)

        report = await end_of(syncs, await sync(syncs, "P-1", operation="delete"))
        assert counts_of(report) == {Progress.NOT_WANTED: 1}
        line.keep(("P-1", 2))
        resent = await sync_event(line)
        assert resent is Status.WITHDRAWN, "a change of the product does not bring it back"

        await end_of(syncs, await sync(syncs, "P-1", operation="create"))
        await line.shows("P-1", 2)


async def sync_event(line: Line) -> Status:
    """What becomes of P-1 when it changes in the PIM and nobody asked for it."""
    reading = TenantProducts(line.pim.client, lambda name: Tenant("shop", line.pim.name, ACTIVE), connect).read(
        "shop", ["P-1"]
    )
    assert reading is not None
    writer = RecordWriter(line.names, limit=1_000_000, tenants={line.pim.name: "shop"})
    (state,), _lost = PimStates(writer).read(line.pim.name, reading.time, reading.documents.values())
    line.producer.produce(line.names.of(Operation.UPDATED), state.key, state.value, state.headers).result(10)
    await line.settles()
    found = await line.state("P-1")
    assert found is not None
    return found.status


async def test_a_crash_in_the_middle_loses_nothing_and_very_many_go_chunk_by_chunk(line: Line) -> None:
    syncs, codes = syncs_of(line), [f"P-{number:04}" for number in range(60)]
    line.keep(*((code, 1) for code in codes))
    request = SyncRequest("shop", tuple(codes), priority=Priority.LOW, batch_size=10)
    job = await syncs.begin(request, "somebody")
    with pytest.raises(KilledError):
        await syncs.carry_out(job, killed_after(5))
    left = await syncs.report(job.id)
    assert left is not None
    assert left.job.state is JobState.RUNNING
    assert left.accounts[0].total < 60
    steps: list[int] = []
    assert await syncs.resume(job.id, lambda job: steps.append(job.counts["sent"])) is not None
    assert max(later - earlier for earlier, later in pairwise(steps)) <= 10
    async with line.running():
        assert sum(counts_of(await end_of(syncs, job)).values()) == 60
        await line.settles()
    assert {len(line.versions(code)) for code in codes} == {1}, "each was sent to the channel once"


async def test_a_cancelled_job_stops_and_says_so(line: Line) -> None:
    syncs, codes = syncs_of(line), tuple(f"P-{number}" for number in range(30))
    line.keep(*((code, 1) for code in codes))
    job = await syncs.begin(SyncRequest("shop", codes, batch_size=10), "somebody")
    with pytest.raises(KilledError):
        await syncs.carry_out(job, killed_after(2))
    assert await syncs.cancel(job.id) is not None
    assert await syncs.cancel(job.id) is None, "it has ended"
    assert await syncs.resume(job.id) is None
    with pytest.raises(JobTakenError):
        await syncs.carry_out(job)
    report = await syncs.report(job.id)
    assert report is not None
    assert report.job.state is JobState.CANCELLED
    assert set(counts_of(report)) == {Progress.CANCELLED}


async def test_the_same_key_is_the_same_job(line: Line) -> None:
    syncs = syncs_of(line)
    line.keep(("P-1", 1), ("P-2", 1))
    first = await sync(syncs, "P-1", key="k")
    again = await sync(syncs, "P-1", key="k")
    assert again.id == first.id
    with pytest.raises(KeyReusedError):
        await sync(syncs, "P-2", key="k")
    records = read_topic(line.endpoints.kafka_bootstrap_servers, line.names.of(Operation.UPDATED))
    assert [dict(record.headers)[JOB].decode() for record in records] == [first.id]


async def test_what_nobody_sells_ends_and_what_nobody_knows_is_said(line: Line) -> None:
    line.keep(("P-1", 1))
    syncs = syncs_of(line)
    with pytest.raises(UnknownProductError, match="NOPE"):
        await sync(syncs, "NOPE")
    with pytest.raises(UnknownTargetError, match="no channel 'nowhere'"):
        await syncs.begin(SyncRequest("shop", ("P-1",), channels=("nowhere",)), "somebody")
    with pytest.raises(UnknownTargetError, match="no enabled account 'other'"):
        await syncs.begin(SyncRequest("shop", ("P-1",), accounts=("other",)), "somebody")
    nowhere = syncs_of(line, ())
    report = await end_of(nowhere, await sync(nowhere, "P-1"))
    assert report.accounts == []
    assert await nowhere.report(report.job.id, "another tenant") is None
