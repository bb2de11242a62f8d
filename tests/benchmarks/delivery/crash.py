"""kill -9 in the middle, started again at once: how soon calls flow, when all is done, what is called twice."""

from __future__ import annotations

import time

from tests.benchmarks.delivery import bullmq
from tests.benchmarks.delivery.runs import Bench
from tests.benchmarks.delivery.target import Stats
from tests.benchmarks.delivery.throughput import has_bullmq
from tests.benchmarks.delivery.work import jobs
from tests.benchmarks.table import Figure

_PRODUCTS = 10_000
_AT_ONCE = 100
_KILL_AT = 4_000
_DEADLINE = 180
# A state write covers what was answered while the one before was under way.
_STORED_AT_ONCE = 500


def crash(bench: Bench) -> list[Figure]:
    """Ours, and BullMQ where it is there."""
    figures = _ours(bench)
    if has_bullmq():
        figures += _theirs(bench)
    return figures


def _ours(bench: Bench) -> list[Figure]:
    line = bench.line()
    line.publish(jobs(_PRODUCTS, 1))
    bench.target.reset()
    first = line.launch(_AT_ONCE)
    bench.target.wait_for(lambda stats: stats.ok >= _KILL_AT, _DEADLINE)
    first.kill()
    killed = time.time()
    second = line.launch(_AT_ONCE)
    try:
        flowing = bench.target.wait_for(lambda stats: stats.latest_ok > killed + 0.1, _DEADLINE)
        done = bench.target.wait(_PRODUCTS, _DEADLINE)
    finally:
        second.process.terminate()
        second.process.wait(60)
    return [
        Figure("kill -9", "engine: calls flow again after s", flowing.latest_ok - killed, digits=1, at_most=3),
        Figure("kill -9", "engine: all done after s", done.last - killed, digits=1, at_most=10),
        Figure("kill -9", "engine: calls repeated", done.repeated, at_most=_AT_ONCE + _STORED_AT_ONCE),
    ]


def _theirs(bench: Bench) -> list[Figure]:
    with bullmq.queue() as queue:
        queue.add(_PRODUCTS)
        bench.target.reset()
        first = queue.launch(bench.target.url, _AT_ONCE)
        bench.target.wait_for(lambda stats: stats.ok >= _KILL_AT, _DEADLINE)
        first.kill()
        killed = time.time()
        with queue.working(bench.target.url, _AT_ONCE):
            done: Stats = bench.target.wait(_PRODUCTS, _DEADLINE)
    return [
        Figure("kill -9", "BullMQ: all done after s", done.last - killed, digits=1),
        Figure("kill -9", "BullMQ: calls repeated", done.repeated),
    ]
