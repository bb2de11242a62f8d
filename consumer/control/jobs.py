"""Jobs: what somebody asked for, how far it came, and who works on it. Collection `jobs`, one document each.

A job belongs to whoever claimed it last: each store of its progress is compare-and-set on a revision, so that a process
that was replaced learns it with its next step, and does nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from consumer.errors import MarketsyncError
from consumer.mongo import AsyncCollection, Document, DuplicateKeyError, ObjectId

COLLECTION = "jobs"


class JobState(StrEnum):
    """RUNNING also while nobody works on it: it goes on when somebody claims it."""

    RUNNING = "running"
    DELIVERING = "delivering"
    """All of it is sent; some of its listings have not come to an end yet."""
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"


class JobTakenError(MarketsyncError):
    """Another process goes on with this job; this one must stop."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. kind: "sync", "replay", "resync" or "redrive". filters: what was asked for, as asked; equal = the same.

    who: who asked. cause: why, in a word: "request", or what made the service start it itself. plan: what was settled
    at its start, such as the offsets to read. cursor: where to go on; {} = at the beginning. counts: what was done so
    far, by outcome. error: why it failed. revision: counts the stores.
    """

    id: str
    kind: str
    channel: str
    filters: Mapping[str, Any]
    who: str
    started: datetime
    cause: str = "request"
    plan: Mapping[str, Any] = field(default_factory=dict)
    cursor: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    state: JobState = JobState.RUNNING
    error: str = ""
    updated: datetime | None = None
    ended: datetime | None = None
    revision: int = 0

    def counted(self, counts: Mapping[str, int], cursor: Mapping[str, Any]) -> Job:
        """The job after a step that did so much more."""
        summed = {name: self.counts.get(name, 0) + counts.get(name, 0) for name in {**self.counts, **counts}}
        return replace(self, counts=summed, cursor=cursor)


class JobStore:
    """Job documents. owner: this process, for people. All methods raise PyMongoError."""

    def __init__(
        self, collection: AsyncCollection[Document], owner: str, new_id: Callable[[], ObjectId] = ObjectId
    ) -> None:
        self._collection = collection
        self._owner = owner
        self._new_id = new_id

    async def ensure_indexes(self) -> None:
        """Create what the queries below need. Idempotent."""
        for keys in (("started",), ("filters.tenant", "started"), ("filters.tenants", "started")):
            await self._collection.create_index([(key, -1 if key == "started" else 1) for key in keys])
        # Of the few that run: which of them is to go on, and which was asked for in the same words.
        await self._collection.create_index(
            [("kind", 1), ("started", 1)],
            name="running",
            partialFilterExpression={"state": JobState.RUNNING.value},
        )

    async def begin(self, job: Job) -> Job:
        """Store a new job and claim it. Its id is made unless it has one; one that exists raises JobTakenError."""
        named = replace(job, id=job.id or f"{job.kind}-{self._new_id()}", revision=1)
        try:
            await self._collection.insert_one({**_document(named), "owner": self._owner})
        except DuplicateKeyError as error:
            raise JobTakenError(f"job {named.id} exists already") from error
        await self._collection.update_one({"_id": named.id}, {"$currentDate": {"updated": True}})
        return named

    async def unfinished(self, kind: str, channel: str, filters: Mapping[str, Any]) -> Job | None:
        """The newest running job that was asked for in the same words."""
        found = await self._collection.find_one(
            {"kind": kind, "channel": channel, "filters": dict(filters), "state": JobState.RUNNING},
            sort=[("started", -1)],
        )
        return None if found is None else _job(found)

    async def claim(self, job_id: str) -> Job | None:
        """Go on with this running job, whoever had it: that one stops at its next step. None where it is no more."""
        return await self._claim({"_id": job_id, "state": JobState.RUNNING})

    async def claim_abandoned(self, channel: str, *, silence: float) -> Job | None:
        """Go on with a job of the service itself that was given back, or not moved for `silence` seconds."""
        quiet = {"$lt": ["$updated", {"$subtract": ["$$NOW", int(silence * 1000)]}]}
        return await self._claim(
            {
                "channel": channel,
                "state": JobState.RUNNING,
                "cause": {"$ne": "request"},
                "$or": [{"owner": None}, {"$expr": quiet}],
            }
        )

    async def save(self, job: Job) -> Job:
        """Store its progress. Raises JobTakenError when another process goes on with it."""
        kept = replace(job, revision=job.revision + 1)
        document = _document(kept)
        del document["_id"], document["updated"]
        change = {"$set": {**document, "owner": self._owner}, "$currentDate": {"updated": True}}
        answer = await self._collection.update_one({"_id": job.id, "revision": job.revision}, change)
        if answer.matched_count == 0:
            raise JobTakenError(f"another process goes on with job {job.id}; this one stops")
        return kept

    async def find(self, job_id: str) -> Job | None:
        """The job of this id."""
        found = await self._collection.find_one({"_id": job_id})
        return None if found is None else _job(found)

    async def cancel(self, job_id: str) -> Job | None:
        """End it before its time: who works on it stops at the next step. None where it has ended, or never was."""
        change: Document = {"$set": {"state": JobState.CANCELLED}, "$inc": {"revision": 1}}
        change["$currentDate"] = {"updated": True, "ended": True}
        query = {"_id": job_id, "state": {"$in": [JobState.RUNNING, JobState.DELIVERING]}}
        found = await self._collection.find_one_and_update(query, change, return_document=True)
        return None if found is None else _job(found)

    async def settle(self, job_id: str, at: float) -> None:
        """Every listing of it has come to its end. at: seconds since 1970."""
        done = {"state": JobState.DONE, "ended": datetime.fromtimestamp(at, UTC)}
        change = {"$set": done, "$inc": {"revision": 1}}
        await self._collection.update_one({"_id": job_id, "state": JobState.DELIVERING}, change)

    async def let_go(self, job_id: str) -> None:
        """Let another process go on with it at once, if it is ours still."""
        await self._collection.update_one({"_id": job_id, "owner": self._owner}, {"$set": {"owner": None}})

    async def claim_silent(self, kind: str, *, silence: float) -> Job | None:
        """Go on with a running job of this kind that has not moved for `silence` seconds: its process is gone."""
        quiet = {"$lt": ["$updated", {"$subtract": ["$$NOW", int(silence * 1000)]}]}
        return await self._claim({"kind": kind, "state": JobState.RUNNING, "$expr": quiet})

    async def recent(self, limit: int, tenant: str = "") -> Sequence[Job]:
        """The jobs begun last, newest first. tenant: only those that are about nobody else; "" = all."""
        alone = [{"filters.tenant": tenant}, {"filters.tenants": [tenant]}]
        cursor = self._collection.find({"$or": alone} if tenant else {}).sort("started", -1).limit(limit)
        return [_job(document) for document in await cursor.to_list()]

    async def _claim(self, query: Document) -> Job | None:
        change = {"$set": {"owner": self._owner}, "$inc": {"revision": 1}, "$currentDate": {"updated": True}}
        found = await self._collection.find_one_and_update(query, change, sort=[("started", 1)], return_document=True)
        return None if found is None else _job(found)


def delivering(job: Job) -> Job:
    """The job when all of it is sent."""
    return replace(job, state=JobState.DELIVERING)


def ended(job: Job, at: float, error: str = "") -> Job:
    """The job after its last step. at: seconds since 1970."""
    state = JobState.FAILED if error else JobState.DONE
    return replace(job, state=state, error=error, ended=datetime.fromtimestamp(at, UTC))


def _document(job: Job) -> Document:
    return {
        "_id": job.id,
        "kind": job.kind,
        "channel": job.channel,
        "filters": dict(job.filters),
        "who": job.who,
        "cause": job.cause,
        "started": job.started,
        "updated": job.updated,
        "ended": job.ended,
        "plan": dict(job.plan),
        "cursor": dict(job.cursor),
        "counts": dict(job.counts),
        "state": job.state.value,
        "error": job.error,
        "revision": job.revision,
    }


def _job(document: Document) -> Job:
    return Job(
        id=document["_id"],
        kind=document["kind"],
        channel=document["channel"],
        filters=document["filters"],
        who=document["who"],
        cause=document["cause"],
        started=document["started"],
        updated=document["updated"],
        ended=document["ended"],
        plan=document["plan"],
        cursor=document["cursor"],
        counts=document["counts"],
        state=JobState(document["state"]),
        error=document["error"],
        revision=document["revision"],
    )
