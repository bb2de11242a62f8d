"""One pass over a backlog: by a loop that only reads and decodes it, and by the real capture process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from consumer.embedded import Endpoints
from consumer.mongo import Document, connect
from consumer.mongo.change_stream import ChangeStream, StartPoint, Watched
from consumer.mongo.documents import decode
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.installation import FIRST_PORT, Installation
from tests.benchmarks.meters import Progress, peak_megabytes, watch

# One reply holds as much as the server puts into 16 MB: the quickest way to read.
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Pass:
    """rate: changes per second. cpu: seconds of the process per 100,000 changes. peak: megabytes."""

    rate: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """Changes to read. written: how many of them make events at once; deletes make theirs later."""

    token: Document
    changes: int
    written: int
    images: bool = True

    def read_only(self, installation: Installation) -> float:
        """Changes per second of a loop that fetches raw replies and decodes every event, and does nothing else."""
        with connect(installation.endpoints.mongodb_uri) as client:
            stream = ChangeStream(client, _watched(installation.tenants, images=self.images))
            stream.open(StartPoint(token=self.token))
            seen, begun = 0, time.perf_counter()
            while seen < self.changes and (batch := stream.more()) is not None:
                for event in batch.events:
                    decode(event)
                seen += len(batch.events)
            seconds = time.perf_counter() - begun
            stream.close()
        return seen / seconds

    def captured(self, installation: Installation) -> Pass:
        """The real process. Measured from its first commit on, so that its start does not count."""
        with installation.capturing() as process:
            first = watch(process, FIRST_PORT, lambda found: found.written > 0, every=0.05)
            # Each look costs the process some milliseconds of what is measured.
            last = watch(process, FIRST_PORT, lambda found: found.written >= self.written, every=0.25)
            return self.between(first, last, peak=peak_megabytes(process.pid))

    def between(self, first: Progress, last: Progress, *, peak: float) -> Pass:
        """What happened between two looks."""
        changes = (last.written - first.written) / self.written * self.changes
        return Pass(rate=changes / (last.at - first.at), cpu=(last.cpu - first.cpu) / changes * 100_000, peak=peak)


def current_token(endpoints: Endpoints, tenants: Sequence[str]) -> Document:
    """Where a backlog written from now on begins."""
    with connect(endpoints.mongodb_uri) as client:
        stream = ChangeStream(client, _watched(tenants, images=True))
        token = stream.open(StartPoint())
        stream.close()
        return token


def _watched(tenants: Sequence[str], *, images: bool) -> Watched:
    databases = tuple(tenant_database(tenant) for tenant in tenants)
    return Watched(databases, PRODUCTS, images=images, batch_size=_MOST, max_await=0.5)
