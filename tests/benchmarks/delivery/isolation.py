"""Listings that always fail beside healthy ones: how much later the healthy ones are served."""

from __future__ import annotations

import statistics
import time

from tests.benchmarks.delivery.line import Line
from tests.benchmarks.delivery.runs import Bench
from tests.benchmarks.delivery.work import Job, produce
from tests.benchmarks.table import Figure

_PAIRS = 5
_SECONDS = 10
_RATE = 500
_AT_ONCE = 100
_FAILING_SHARE = 100
_SETTLE = 3


def isolation(bench: Bench) -> list[Figure]:
    """p99 from writing to the good answer, of the healthy ones, without and with 1 % failing all the time."""
    calm, troubled = [], []
    for _ in range(_PAIRS):
        calm.append(_p99(bench, failing="never"))
        troubled.append(_p99(bench, failing="always"))
    ratios = [after / before for before, after in zip(calm, troubled, strict=True)]
    return [
        Figure("isolation", "p99 ms, none failing", statistics.median(calm), calm, 0),
        Figure("isolation", "p99 ms of the healthy, 1 % failing", statistics.median(troubled), troubled, 0),
        Figure("isolation", "ratio", statistics.median(ratios), ratios, 2, at_most=1.1),
    ]


def _p99(bench: Bench, *, failing: str) -> float:
    line = bench.line()
    bench.target.reset(failing=failing, versions=2)
    with line.delivering(_AT_ONCE):
        _write_steadily(line, version=1, seconds=_SETTLE)
        bench.target.reset(failing=failing, versions=2)
        products = _write_steadily(line, version=2, seconds=_SECONDS)
        healthy = products - products // _FAILING_SHARE
        bench.target.wait(healthy, 60)
    return 1000 * statistics.quantiles(bench.target.latencies(), n=100)[98]


def _write_steadily(line: Line, *, version: int, seconds: float) -> int:
    """So many products a second, one after the other. Returns how many."""
    count = int(_RATE * seconds)
    with line.producer() as producer:
        begun = time.time()
        for number in range(1, count + 1):
            time.sleep(max(0.0, begun + number / _RATE - time.time()))
            produce(producer, line.topics, Job(number, version, time.time()))
    return count
