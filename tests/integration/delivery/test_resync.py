"""Resync from a real PIM to a channel behind a real broker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from consumer.capture.records import RecordWriter
from consumer.control import requests
from consumer.control.jobs import Job, JobState, ended
from consumer.control.pim_states import PimStates
from consumer.control.requests import Request
from consumer.control.resync import Resync
from consumer.delivery.intake import target_account
from consumer.errors import MarketsyncError
from consumer.events import JOB, Operation
from consumer.kafka.records import Record
from consumer.markers import decode_marker, is_marker
from consumer.mongo import Collection, Document, connect
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from tests.integration.delivery.conftest import TOPICS, Line
from tests.integration.delivery.jobs import KilledError, jobs_of, killed_after, runner_of
from tests.integration.delivery.reading import read_topic
from tests.unit.delivery.making import CHANNEL, make_document, make_event


class Pim:
    """The products of the tenant "shop", and a resync of them."""

    def __init__(self, line: Line, products: Collection[Document], resync: Resync) -> None:
        self.line = line
        self.products = products
        self.resync = resync

    def write(self, codes: Sequence[str], version: int) -> None:
        """Current products, and an old version of each, which is none."""
        self.products.insert_many(make_document(code, version) for code in codes)
        self.products.insert_many(make_document(code, 99, isCurrent=False) for code in codes)

    async def run(self, *, rate: float = 0, watch: Any = lambda job: None, **filters: Any) -> Job:
        asked = {"tenants": ["shop"], "account": "", "codes": [], "force": False} | filters
        request, jobs = Request("resync", CHANNEL, asked, "somebody"), jobs_of(self.line)
        job = await requests.unfinished(jobs, request) or await requests.begin(jobs, request, {}, time.time)
        job = await self.resync.run(job, runner_of(self.line, jobs, rate=rate, watch=watch))
        return await jobs.save(ended(job, time.time()))

    def sent(self) -> list[Record]:
        records = read_topic(self.line.endpoints.kafka_bootstrap_servers, self.line.names.of(Operation.READ))
        return [record for record in records if JOB in dict(record.headers)]


@pytest.fixture
def pim(line: Line, fresh_name: str) -> Iterator[Pim]:
    with connect(line.endpoints.mongodb_uri) as client:
        database = client[f"vinc-{fresh_name}"]
        place = Tenant("shop", database.name, ACTIVE)
        products = TenantProducts(client, lambda name: place if name == "shop" else None, connect)
        states = PimStates(RecordWriter(line.names, limit=1_000_000, tenants={database.name: "shop"}))
        yield Pim(line, database[PRODUCTS], Resync(products, states, chunk=10, clock=time.time))
        client.drop_database(database.name)


async def test_every_current_product_reaches_the_channel_and_old_states_lose(pim: Pim) -> None:
    line = pim.line
    await line.publish(*(make_event(f"P-{n}", 1) for n in range(25)))
    async with line.running():
        await line.settles()
        pim.write([f"P-{n}" for n in range(30)], 2)
        job = await pim.run()
        for n in range(30):
            await line.shows(f"P-{n}", 2)
        await line.publish(make_event("P-1", 3))
        await line.settles()
        assert (job.state, job.counts["sent"]) == (JobState.DONE, 30)
        assert line.versions("P-1") == [1, 2], "what was read now is newer than an event of long ago"
        await pim.run()
        await line.settles()
        assert line.versions("P-29") == [2], "equal states are quiet"
        await pim.run(force=True)
        await line.settles()
    assert line.versions("P-29") == [2, 2]


async def test_a_marker_in_every_partition_says_what_was_read_and_carries_the_target(pim: Pim) -> None:
    pim.write(["P-1", "P-2", "P-3"], 1)
    job = await pim.run()
    sent = pim.sent()
    markers = [record for record in sent if is_marker(record.headers)]
    assert sorted(record.partition for record in markers) == list(range(TOPICS.partitions))
    last = {record.partition: record for record in sent}
    assert all(is_marker(record.headers) for record in last.values()), "behind everything of its partition"
    found = {decode_marker(record.value, record.headers) for record in markers}
    assert [(marker.tenant, marker.products, marker.id) for marker in found] == [("shop", 3, job.id)]
    states = [record for record in sent if not is_marker(record.headers)]
    assert all(dict(record.headers)["ce_sequence"].decode() >= next(iter(found)).sequence for record in states)
    await pim.run(account="default")
    later = [record for record in pim.sent() if is_marker(record.headers) and record not in markers]
    assert [target_account(record) for record in later] == ["default"] * TOPICS.partitions, (
        "what one account did not get says nothing of the others"
    )


async def test_it_goes_on_where_a_kill_left_it(pim: Pim) -> None:
    codes = [f"P-{n}" for n in range(40)]
    pim.write(codes, 1)
    with pytest.raises(KilledError):
        await pim.run(watch=killed_after(2))
    assert len(pim.sent()) == 20
    job = await pim.run()
    states = [record for record in pim.sent() if not is_marker(record.headers)]
    assert Counter(record.key for record in states) == Counter(f"shop/{code}".encode() for code in codes)
    assert job.counts["sent"] == 40


async def test_products_that_are_named_and_gone_are_withdrawn(pim: Pim) -> None:
    line = pim.line
    pim.write(["P-1", "P-2", "P-3"], 2)
    async with line.running():
        await pim.run()
        await line.shows("P-3", 2)
        pim.products.delete_many({"entity_code": "P-1"})
        assert await pim.resync.find("shop", ["P-1", "P-2"]) == ({"P-2"}, {"P-1"})
        job = await pim.run(codes=["P-1", "P-2"])
        await line.settles()
    assert (job.counts["sent"], job.counts["gone"]) == (2, 1)
    assert (line.title("P-1"), line.title("P-2") is None, line.title("P-3") is None) == (None, False, False)


async def test_a_tenant_without_any_product_is_an_accident_and_no_reason_to_withdraw(pim: Pim) -> None:
    line = pim.line
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        job = await pim.run()
        assert job.counts == {"tenants_without_products": 1}
        with pytest.raises(MarketsyncError, match="accident"):
            await pim.run(codes=["P-1"])
        assert (await pim.run(tenants=["other"])).counts == {"tenants_unknown": 1}
        await line.settles()
    assert line.title("P-1") is not None
    assert pim.sent() == []
    assert [size.products for size in await pim.resync.size(["shop"])] == [None]


async def test_what_cannot_be_sent_is_counted_and_stops_nothing(pim: Pim) -> None:
    pim.write(["P-1"], 1)
    pim.products.insert_one({"isCurrent": True, "entity_code": 7})
    pim.products.insert_one({"isCurrent": True, "entity_code": "HUGE", "text": "x" * 1_000_000})
    job = await pim.run()
    assert (job.counts["sent"], job.counts["unsendable"]) == (1, 2)
