"""Resyncs that a channel's delivery starts itself: because its group is new, or because it missed records.

    no offsets, group never seen              a new channel: what the topics hold is not all there is (an account that
                                              comes later: `newcomers`)
    no offsets, the group had some            Kafka forgot them: nobody ran for longer than it keeps those of idle ones
    an offset fell out of retention           records were deleted before they were read

Each means a resync of the channel's tenants, once. Any process of the channel works on it; should that one die, another
goes on. Tenants whose first reading by capture is not done yet are left to that: it brings all their products anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import structlog

from consumer.control.group_book import GroupBook
from consumer.control.jobs import Job, JobStore, JobTakenError, ended
from consumer.control.resync import Resync
from consumer.control.running import Runner
from consumer.errors import MarketsyncError
from consumer.kafka.records import Partition
from consumer.metrics import ControlMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds between two looks; a job that nobody moved for so long is gone on with.
_LOOK = 2.0
_SILENCE = 60.0
# So many of the last jobs are looked through for one that was begun for the same reason.
_RECENT = 50


class Cause(StrEnum):
    """Why a channel is read again. The values are metric labels and stand in the jobs."""

    NEW_GROUP = "new_group"
    FORGOTTEN = "offsets_forgotten"
    OUT_OF_RETENTION = "offsets_out_of_retention"
    NEW_ACCOUNT = "new_account"


_WORDS: Mapping[Cause, str] = {
    Cause.NEW_GROUP: "the channel is new: all products are read from the PIM once",
    Cause.FORGOTTEN: "Kafka forgot how far this channel came: changes may be missed, so all products are read again",
    Cause.OUT_OF_RETENTION: "records were deleted before this channel read them: all products are read again",
    Cause.NEW_ACCOUNT: "an account is new, or was off: all its products are read from the PIM",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A channel's consumer group, and what to ask about it. All functions block and raise MarketsyncError.

    has_offsets: whether Kafka knows any of it in the product topics. read_whole: those of the channel's tenants whose
    first reading by capture is done. oldest: the oldest offset that partitions still have. begins: told that the group
    is new, after its resync was begun and before it is joined.
    """

    channel: str
    name: str
    has_offsets: Callable[[], bool]
    read_whole: Callable[[], Sequence[str]]
    oldest: Callable[[Iterable[Partition]], Mapping[Partition, int]]
    begins: Callable[[], Awaitable[None]] | None = None


class OwnResyncs:
    """One process's part in it. work: what reads, and what sends.

    clock: seconds since 1970.
    """

    def __init__(
        self,
        group: Group,
        book: GroupBook,
        jobs: JobStore,
        *,
        work: tuple[Resync, Runner],
        metrics: ControlMetrics,
        clock: Callable[[], float],
    ) -> None:
        self._group = group
        self._book = book
        self._jobs = jobs
        self._resync, self._runner = work
        self._metrics = metrics
        self._clock = clock
        self._missed: set[Partition] = set()
        self._known = False

    def missed(self, partition: Partition) -> None:
        """Its committed offset fell out of retention."""
        self._missed.add(partition)

    async def begin(self) -> None:
        """Before the group is joined: is it new, or was it forgotten? Waits while a server is away."""
        while True:
            if await self._attempt(self._look_at_group):
                return
            await asyncio.sleep(_LOOK)

    async def run(self) -> None:
        """Start what is needed and work on it until cancelled."""
        while True:
            await self._attempt(self._round)
            await asyncio.sleep(_LOOK)

    async def _look_at_group(self) -> None:
        if await asyncio.to_thread(self._group.has_offsets):
            await self._book.remember(self._group.name, offsets=True)
            self._known = True
            return
        before = await self._book.had_offsets(self._group.name)
        if before is None:
            await self._start(Cause.NEW_GROUP, job_id=f"resync-{self._group.name}-start")
            if self._group.begins is not None:
                await self._group.begins()
        elif before:
            self._metrics.forgotten_offsets.labels(self._group.channel).inc()
            await self._start(Cause.FORGOTTEN)
        await self._book.remember(self._group.name, offsets=False)

    async def _round(self) -> None:
        if self._missed:
            await self._fill_holes(frozenset(self._missed))
        if not self._known and await asyncio.to_thread(self._group.has_offsets):
            await self._book.remember(self._group.name, offsets=True)
            self._known = True
        job = await self._jobs.claim_abandoned(self._group.channel, silence=_SILENCE)
        if job is not None:
            await self._work_on(job)

    async def _fill_holes(self, partitions: frozenset[Partition]) -> None:
        """A resync that begins now reads all that was deleted before. One that began for the same hole has done so.

        A hole is told by where the partition begins behind it: it is told again with every start, until a record behind
        it is finished and committed.
        """
        oldest = await asyncio.to_thread(self._group.oldest, partitions)
        holes = {f"{place}@{offset}" for place, offset in oldest.items()}
        filled = {hole for job in await self._jobs.recent(_RECENT) for hole in job.plan.get("holes", ())}
        if holes - filled:
            await self._start(Cause.OUT_OF_RETENTION, plan={"holes": sorted(holes)})
        self._missed -= partitions

    async def _start(self, cause: Cause, job_id: str = "", plan: Mapping[str, Any] | None = None) -> None:
        tenants = sorted(await asyncio.to_thread(self._group.read_whole))
        filters: dict[str, Any] = {"tenants": tenants, "account": "", "codes": [], "force": False}
        log = _log.info if cause is Cause.NEW_GROUP else _log.error
        if not tenants:
            return
        job = Job(
            id=job_id,
            kind="resync",
            channel=self._group.channel,
            filters=filters,
            who="marketsync",
            started=datetime.fromtimestamp(int(self._clock()), UTC),
            cause=cause.value,
            plan=plan or {},
        )
        with suppress(JobTakenError):  # another process was as quick
            begun = await self._jobs.begin(job)
            await self._jobs.let_go(begun.id)
            self._metrics.own_resyncs.labels(self._group.channel, cause.value).inc()
            log(_WORDS[cause], channel=self._group.channel, tenants=tenants, job=begun.id)

    async def _work_on(self, job: Job) -> None:
        _log.info("resync goes on", job=job.id, sent=job.counts.get("sent", 0))
        try:
            done = await self._resync.run(job, self._runner)
            await self._jobs.save(ended(done, self._clock()))
        except asyncio.CancelledError:
            await self._jobs.let_go(job.id)
            raise
        _log.info("resync is sent", job=job.id, products=done.counts.get("sent", 0))

    async def _attempt(self, step: Callable[[], Any]) -> bool:
        """Whether it could be done; servers that are away come back, and a job that is left is gone on with."""
        try:
            await step()
        except JobTakenError as error:
            _log.info("another process goes on", reason=str(error))
        except (PyMongoError, MarketsyncError) as error:
            _log.warning("the channel's own resync waits", channel=self._group.channel, error=str(error)[:300])
            return False
        return True
