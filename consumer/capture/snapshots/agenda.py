"""The snapshots one stream has to make, and whose turn it is.

A database's own snapshot (first start, gap) comes with the stream; one database is read after the other. Requests are
looked for every second, and are taken in turns with it and each other, so that a small one does not wait for a large
one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from consumer.capture.snapshots.filters import condition_of
from consumer.capture.snapshots.progress import SnapshotProgress, not_read
from consumer.capture.snapshots.requests import Request, Requests
from consumer.events import time_of
from consumer.markers import SnapshotCause
from consumer.metrics import SnapshotMetrics
from consumer.mongo import Document, PyMongoError
from consumer.mongo.products import current
from consumer.mongo.words import in_words

_log = structlog.get_logger()

# Seconds between two looks at the requests.
_LOOK = 1.0
# Seconds before a database is read on that MongoDB refused to read.
_REST = 30.0


@dataclass(slots=True, eq=False)
class Job:
    """One snapshot under way. condition: on what is read. few: an index finds it, so there is one range over all ids.

    turns: how often it was its turn. rests: until when, by the agenda's clock.
    """

    progress: SnapshotProgress
    condition: Document
    request: Request | None = None
    turns: int = 0
    rests: float = float("-inf")

    @property
    def few(self) -> bool:
        """Whether only some products are read that an index finds."""
        return self.request is not None and bool(self.request.codes)

    @property
    def whole(self) -> bool:
        """Whether all products of the tenant are read."""
        return self.request is None or self.request.whole


class Agenda:
    """One thread uses it. own: where the databases' own snapshots stand. requested: where those of requests stand.

    tenants: database → tenant, of those that are followed. requests: None where nobody can ask.
    """

    def __init__(
        self,
        own: Iterable[SnapshotProgress],
        requested: Iterable[SnapshotProgress],
        *,
        tenants: Mapping[str, str],
        requests: Requests | None,
        metrics: SnapshotMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = [Job(progress, current()) for progress in own if not progress.done]
        self._stored = {progress.request: progress for progress in requested}
        self._databases = {tenant: database for database, tenant in tenants.items()}
        self._requests = requests
        self._metrics = metrics
        self._clock = clock
        self._asked: dict[str, Job] = {}
        self._looked = float("-inf")
        self._trouble = False
        self._round = 0
        self.report()

    def refresh(self) -> None:
        """Look for requests that came or were cancelled, at most once a second. Fails silently but for a log line."""
        now = self._clock()
        if self._requests is None or now - self._looked < _LOOK:
            return
        self._looked = now
        try:
            found = self._requests.open(self._databases)
            for request in found:
                if request.id not in self._asked:
                    self._asked[request.id] = self._accept(request)
        except PyMongoError as error:
            if not self._trouble:
                _log.warning("requests for snapshots cannot be read", error=in_words(error))
            self._trouble = True
            return
        self._trouble = False
        wanted = {request.id for request in found}
        for ended in self._asked.keys() - wanted:
            del self._asked[ended]
        self.report()

    def next(self) -> Job | None:
        """Whose turn it is: who has waited longest."""
        jobs = self._jobs()
        if not jobs:
            return None
        job = min(jobs, key=lambda job: job.turns)
        self._round += 1
        job.turns = self._round
        return job

    @property
    def waiting(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._jobs())

    def contested(self) -> bool:
        """Whether more than one waits for its turn."""
        return len(self._jobs()) > 1

    def wants(self, job: Job) -> bool:
        """Whether it is still to be done."""
        return job in self._jobs()

    def moved(self, job: Job, progress: SnapshotProgress) -> None:
        """So far it has come, committed."""
        job.progress = progress
        if progress.request:
            self._stored[progress.request] = progress
        self.report()

    def ended(self, job: Job) -> None:
        """All of it is committed. Raises PyMongoError; then it stays."""
        if job.request is None:
            self._own.remove(job)
        elif self._requests is not None:
            self._requests.ended(job.request.id, job.progress)
            self._asked.pop(job.request.id, None)
        self.report()

    def refused(self, job: Job, words: str) -> None:
        """MongoDB does not let it be read: a request is given up, anything else rests. Raises PyMongoError."""
        self._metrics.failed.inc()
        if job.request is None:
            job.rests = self._clock() + _REST
        elif self._requests is not None:
            self._requests.failed(job.request.id, words)
            self._asked.pop(job.request.id, None)
        self.report()

    def unwanted(self) -> list[SnapshotProgress]:
        """Progress of requests that have ended, still to be deleted. Nothing as long as the requests are not known."""
        if self._looked == float("-inf") or self._trouble:
            return []
        return [progress for request, progress in self._stored.items() if request not in self._asked]

    def forgot(self, unwanted: Iterable[SnapshotProgress]) -> None:
        """These are deleted."""
        for progress in unwanted:
            self._stored.pop(progress.request, None)

    def yielded(self, seconds: float) -> None:
        """So long nothing was published because the stream was behind."""
        self._metrics.yielded.inc(seconds)

    def report(self) -> None:
        """Bring the metrics up to date."""
        every = [job.progress for job in (*self._own, *self._asked.values())]
        begun = [progress for progress in every if progress.begun]
        self._metrics.open.set(len(every))
        self._metrics.after_gap.set(sum(progress.cause is SnapshotCause.GAP for progress in every))
        self._metrics.read.set(sum(progress.products for progress in begun))
        self._metrics.estimate.set(sum(progress.estimate for progress in begun))
        self._metrics.ranges_left.set(sum(len(progress.ranges) for progress in begun))
        self._metrics.oldest.set(min((time_of(progress.started)[0] for progress in begun), default=0))

    def leave(self) -> None:
        """Another process may go on with it: tell nothing of it any more."""
        metrics = self._metrics
        for gauge in (
            metrics.open,
            metrics.after_gap,
            metrics.read,
            metrics.estimate,
            metrics.ranges_left,
            metrics.oldest,
        ):
            gauge.set(0)

    def _jobs(self) -> list[Job]:
        now = self._clock()
        own = next((job for job in self._own if job.rests <= now), None)
        return [*self._asked.values()] if own is None else [own, *self._asked.values()]

    def _accept(self, request: Request) -> Job:
        database = self._databases[request.tenant]
        progress = self._stored.get(request.id) or not_read(database, SnapshotCause.REQUEST, request.id)
        assert self._requests is not None  # noqa: S101  for the type checker: the request is from there
        self._requests.running(request.id)
        return Job(progress, current(condition_of(request.filter, request.codes)), request)
