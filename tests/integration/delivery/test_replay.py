"""Replay against a real broker: newest states only, one channel only, never backwards, goes on after a kill."""

from __future__ import annotations

import time
from typing import Any

import pytest

from consumer.control import requests
from consumer.control.jobs import Job, JobState, JobTakenError, ended
from consumer.control.newest import Wish
from consumer.control.replay import Replay, plan_of
from consumer.control.requests import Request
from consumer.events import FORCE, JOB, TARGET_CHANNEL, Operation
from consumer.kafka.records import Record
from consumer.kafka.spans import find_spans
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.conftest import Line
from tests.integration.delivery.jobs import KilledError, jobs_of, killed_after, runner_of
from tests.integration.delivery.reading import read_topic
from tests.unit.delivery.making import CHANNEL, make_document, make_event
from tests.waiting import eventually


def request(line: Line, **changes: Any) -> Request:
    filters = {"from": "1h", "to": "", "tenants": ["shop"], "account": "", "operations": [], "force": False} | changes
    return Request("replay", CHANNEL, filters, "somebody")


async def begin(line: Line, since: float | None = None, **changes: Any) -> Job:
    bootstrap = line.endpoints.kafka_bootstrap_servers
    spans = find_spans(bootstrap, line.names.products, since=since, until=None)
    return await requests.begin(jobs_of(line), request(line, **changes), plan_of(spans), time.time)


async def replay(line: Line, job: Job) -> Job:
    bootstrap = line.endpoints.kafka_bootstrap_servers
    return await Replay(bootstrap).run(job, runner_of(line, jobs_of(line)))


def sent_again(line: Line) -> list[Record]:
    records = read_topic(line.endpoints.kafka_bootstrap_servers, line.names.of(Operation.READ))
    return [record for record in records if dict(record.headers).get(JOB)]


async def test_the_newest_state_of_each_product_and_no_other(line: Line) -> None:
    await line.publish(*(make_event(f"P-{n}", version) for n in range(20) for version in (1, 2, 3)))
    await line.publish(make_event("P-0", 9, Operation.DELETED), make_event("P-1", 2, tenant="other"))
    done = await replay(line, await begin(line))
    sent = {record.key: record for record in sent_again(line)}
    assert len(sent) == len(sent_again(line)) == done.counts["sent"] == 20
    assert sent[b"shop/P-0"].value is not None
    assert b'"deleted"' in sent[b"shop/P-0"].value
    assert all(b"versione 3" in (record.value or b"") for key, record in sent.items() if key != b"shop/P-0")
    assert done.counts["read"] == 62


async def test_it_reaches_the_channel_and_nothing_goes_backwards(line: Line) -> None:
    await line.publish(make_event("P-1", 1), make_event("P-2", 1))
    async with line.running():
        await line.settles()
        job = await begin(line)
        await line.publish(make_event("P-1", 2))
        await line.shows("P-1", 2)
        await replay(line, job)
        await line.settles()
        assert (line.versions("P-1"), line.versions("P-2")) == ([1, 2], [1]), "equal states are quiet, old ones stay"
        await replay(line, await begin(line, force=True))
        await line.settles()
    assert (line.versions("P-1"), line.versions("P-2")) == ([1, 2, 2], [1, 1])


async def test_what_another_channel_gets_again_is_passed_over_unread(line: Line) -> None:
    headers = [(TARGET_CHANNEL, b"elsewhere"), (FORCE, b"1")]
    line.producer.produce(line.names.of(Operation.READ), b"shop/P-1", b"no event at all", headers).result(10)
    async with line.running():
        await line.settles()
    assert await line.dead_letters() == []
    assert line.metric("ignored_total", reason="other_channel") == 1


async def test_it_goes_on_where_a_kill_left_it(line: Line) -> None:
    await line.publish(*(make_event(f"P-{n}", 1) for n in range(30)))
    jobs, bootstrap = jobs_of(line), line.endpoints.kafka_bootstrap_servers
    with pytest.raises(KilledError):
        await Replay(bootstrap).run(await begin(line), runner_of(line, jobs, rate=10_000, watch=killed_after(2)))
    before = len(sent_again(line))
    assert 0 < before < 30
    again = await requests.unfinished(jobs, request(line))
    assert again is not None
    assert again.counts["sent"] == before
    done = await jobs.save(ended(await replay(line, again), time.time()))
    assert (done.state, done.counts["sent"], len(sent_again(line))) == (JobState.DONE, 30, 30)
    assert await requests.unfinished(jobs, request(line)) is None, "a job that is done is not gone on with"


async def test_the_process_that_was_replaced_stops(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    job = await begin(line)
    assert await jobs_of(line, "another").claim(job.id) is not None
    with pytest.raises(JobTakenError, match="another process"):
        await replay(line, job)


async def test_times_operations_and_what_is_no_event(line: Line) -> None:
    await line.publish(make_event("OLD", 1))
    between = time.time() + 1
    while time.time() < between + 0.1:
        await line.publish(make_event("NEW", 2), make_event("GONE", 3, Operation.DELETED))
    await line.publish_bytes(line.names.of(Operation.UPDATED), b"shop/X", b"not JSON")
    bootstrap = line.endpoints.kafka_bootstrap_servers
    replaying = Replay(bootstrap)

    async def preview(wish: Wish, **times: Any) -> tuple[dict[tuple[str, str], int], int]:
        spans = find_spans(bootstrap, line.names.products, **{"since": None, "until": None, **times})
        found, unreadable = await replaying.histogram(spans, wish)
        return dict(found), unreadable

    updated, deleted = ("shop", "updated"), ("shop", "deleted")
    assert await preview(Wish()) == ({updated: 2, deleted: 1}, 1)
    assert await preview(Wish(), since=between) == ({updated: 1, deleted: 1}, 1)
    assert await preview(Wish(), until=between - 0.5) == ({updated: 2, deleted: 1}, 0)
    assert await preview(Wish(operations=frozenset({Operation.DELETED}))) == ({deleted: 1}, 1)
    assert await preview(Wish(tenants=frozenset({"other"}))) == ({}, 1)


async def test_a_forced_state_that_was_outrun_has_the_newest_one_sent(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
        job = await begin(line, force=True)
        await line.publish(make_event("P-1", 2))
        await line.shows("P-1", 2)
        line.pim[PRODUCTS].insert_one(make_document("P-1", 2))
        await replay(line, job)
        await eventually(lambda: line.versions("P-1") == [1, 2, 2], 30)
