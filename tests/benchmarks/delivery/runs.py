"""One run of the work by each of the three: the loop that only calls, our engine, BullMQ."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.delivery import bullmq
from tests.benchmarks.delivery.line import Line
from tests.benchmarks.delivery.target import Stats
from tests.benchmarks.delivery.target_process import TargetProcess
from tests.benchmarks.delivery.work import Job
from tests.benchmarks.installation import Servers

_DEADLINE = 120
_number = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave. rate: products brought to their newest version per second, from the first call to the last
    success. cpu: seconds for all the work. peak: megabytes."""

    stats: Stats
    rate: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs happen."""

    servers: Servers
    target: TargetProcess

    def line(self, **settings: str) -> Line:
        """A new line with topics of its own."""
        line = Line(self.servers, f"bench{next(_number)}", self.target.url, settings)
        line.create()
        return line

    def http_only(self, at_once: int, products: int) -> Run:
        """The calls alone."""
        self.target.reset()
        command = [sys.executable, "-m", "tests.benchmarks.delivery.http_only"]
        arguments = [self.target.url, str(at_once), str(products)]
        done = subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=_DEADLINE)
        used = json.loads(done.stdout)
        return _run(self.target.wait(products, 1), used["cpu"], used["peak"])

    def engine(self, at_once: int, work: Callable[[], Iterator[Job]], *, processes: int = 1) -> Run:
        """Our engine on work that is waiting when it starts."""
        products, versions = _size(work())
        line = self.line()
        line.publish(work())
        self.target.reset(versions=versions)
        with line.delivering(at_once, processes=processes) as engines:
            stats = self.target.wait(products, _DEADLINE)
            cpu = sum(engine.cpu for engine in engines)
            return _run(stats, cpu, max(engine.peak for engine in engines))

    def bullmq(self, at_once: int, products: int, versions: int = 1) -> Run:
        """BullMQ on work that is waiting when it starts. Products that end on an old version never become current."""
        with bullmq.queue() as queue:
            queue.add(products, versions)
            self.target.reset(versions=versions)
            with queue.working(self.target.url, at_once) as worker:
                stats = self._until_empty(products * versions)
                return _run(stats, worker.cpu, worker.peak)

    def _until_empty(self, calls: int) -> Stats:
        return self.target.wait_for(lambda stats: stats.ok >= calls, _DEADLINE)


def _run(stats: Stats, cpu: float, peak: float) -> Run:
    return Run(stats, stats.ok / (stats.latest_ok - stats.first), cpu, peak)


def _size(work: Iterator[Job]) -> tuple[int, int]:
    products = versions = 0
    for job in work:
        products, versions = max(products, job.product), max(versions, job.version)
    return products, versions
