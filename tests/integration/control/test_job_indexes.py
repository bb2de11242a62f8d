"""What is asked of jobs is found by an index: the server's own record of what each question cost says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumer.control.jobs import COLLECTION, JobState, JobStore
from consumer.embedded import Endpoints
from consumer.mongo import AsyncDatabase, Document, connect_async

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
JOBS = 2000
PAGE = 20


@pytest.fixture
async def database(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncDatabase[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        await database[COLLECTION].insert_many([_document(number) for number in range(JOBS)])
        await JobStore(database[COLLECTION], "test").ensure_indexes()
        await database.command("profile", 2)
        yield database
        await database.command("profile", 0)
        await client.drop_database(database)


def _document(number: int) -> Document:
    """Jobs of ten tenants in both forms, of which each twentieth runs."""
    tenant = f"shop-{number % 10}"
    return {
        "_id": f"sync-{number}",
        "kind": "sync",
        "channel": "ebay",
        "filters": {"tenant": tenant} if number % 2 else {"tenants": [tenant]},
        "who": "a person",
        "cause": "request",
        "started": AT + timedelta(seconds=number),
        "updated": AT,
        "ended": None,
        "plan": {},
        "cursor": {},
        "counts": {},
        "state": (JobState.DONE if number % 20 else JobState.RUNNING).value,
        "error": "",
        "revision": 1,
    }


QUESTIONS: list[tuple[Callable[[JobStore], Awaitable[Any]], int]] = [
    (lambda jobs: jobs.recent(PAGE), PAGE),
    (lambda jobs: jobs.recent(PAGE, "shop-3"), PAGE + 2),
    (lambda jobs: jobs.find("sync-7"), 1),
    (lambda jobs: jobs.unfinished("sync", "ebay", {"tenants": ["shop-0"]}), JOBS // 20),
    (lambda jobs: jobs.claim_silent("sync", silence=60), JOBS // 20),
    (lambda jobs: jobs.claim_silent("replay", silence=60), 0),
]


@pytest.mark.parametrize(("ask", "most"), QUESTIONS)
async def test_a_question_reads_no_more_than_it_needs(
    database: AsyncDatabase[Document], ask: Callable[[JobStore], Awaitable[Any]], most: int
) -> None:
    await ask(JobStore(database[COLLECTION], "test"))
    found = await database["system.profile"].find({"ns": f"{database.name}.{COLLECTION}"}).to_list()
    asked: list[Document] = [one for one in found if "planSummary" in one]
    assert asked
    for one in asked:
        assert "COLLSCAN" not in one["planSummary"], one["planSummary"]
        assert not one.get("hasSortStage"), one["planSummary"]
        assert one["docsExamined"] <= most, one["planSummary"]


async def test_the_jobs_of_a_tenant_are_its_own_newest_first(database: AsyncDatabase[Document]) -> None:
    found = await JobStore(database[COLLECTION], "test").recent(3, "shop-3")
    assert [job.id for job in found] == ["sync-1993", "sync-1983", "sync-1973"]
