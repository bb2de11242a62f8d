"""2,000 products in 5 versions each, 1 % of first calls failing: order, and the calls that coalescing saves."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.delivery.runs import Bench
from tests.benchmarks.delivery.throughput import has_bullmq
from tests.benchmarks.delivery.work import bursts, jobs
from tests.benchmarks.table import Figure

_PRODUCTS, _VERSIONS = 2_000, 5
_AT_ONCE = 100


def order(bench: Bench) -> list[Figure]:
    """Nothing goes backwards and nobody stays on an old version, version by version and in bursts."""
    figures: list[Figure] = []
    for part, work in (("order", jobs), ("bursts", bursts)):
        run = bench.engine(_AT_ONCE, partial(work, _PRODUCTS, _VERSIONS))
        saved = 1 - (run.stats.ok + run.stats.failed) / (_PRODUCTS * _VERSIONS)
        figures += [
            Figure(part, "inversions", run.stats.inversions, at_most=0),
            Figure(part, "products on an old version", _PRODUCTS - run.stats.current, at_most=0),
            Figure(part, "calls saved, %", 100 * saved, at_least=60 if part == "bursts" else None),
        ]
    if has_bullmq():
        stats = bench.bullmq(_AT_ONCE, _PRODUCTS, _VERSIONS).stats
        figures += [
            Figure("order", "BullMQ: inversions", stats.inversions),
            Figure("order", "BullMQ: products on an old version", _PRODUCTS - stats.current),
        ]
    return figures
