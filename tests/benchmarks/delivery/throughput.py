"""10,000 products, one state each, so that nothing coalesces: our engine beside calls alone and beside BullMQ."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from functools import partial

from tests.benchmarks.delivery.bullmq import AbsentError, prepare
from tests.benchmarks.delivery.runs import Bench, Run
from tests.benchmarks.delivery.work import jobs
from tests.benchmarks.table import Figure

_PRODUCTS = 10_000
_TURNS = 3
# Ours beside BullMQ and beside calls alone, at least, by calls at once.
_GOALS: Mapping[int, tuple[float, float | None]] = {100: (1.0, 0.85), 200: (1.0, 0.85), 500: (0.7, None)}
_CPU, _MEGABYTES = 4.0, 120.0


def throughput(bench: Bench) -> list[Figure]:
    """Rates and what they cost, at 100, 200 and 500 calls at once."""
    figures: list[Figure] = []
    for at_once, goals in _GOALS.items():
        figures += _at(bench, at_once, goals)
    return figures


def _at(bench: Bench, at_once: int, goals: tuple[float, float | None]) -> list[Figure]:
    alone, ours, theirs = _turns(bench, at_once)
    part = f"N={at_once}"
    figures = [
        _rate(part, "calls alone", alone),
        _rate(part, "engine", ours),
        _ratio(part, "engine / calls alone", ours, alone, goals[1]),
    ]
    if theirs:
        figures += [_rate(part, "BullMQ", theirs), _ratio(part, "engine / BullMQ", ours, theirs, goals[0])]
        figures.append(_median(part, "BullMQ and Redis: CPU s", [run.cpu for run in theirs]))
    cpu = [run.cpu for run in ours]
    peak = [run.peak for run in ours]
    figures.append(Figure(part, "engine: CPU s per 10,000", statistics.median(cpu), cpu, 1, at_most=_CPU))
    figures.append(Figure(part, "engine: peak MB", max(peak), peak, 0, at_most=_MEGABYTES))
    return figures


def _turns(bench: Bench, at_once: int) -> tuple[list[Run], list[Run], list[Run]]:
    """In turn, because the machine's speed drifts."""
    alone, ours, theirs = [], [], []
    for _ in range(_TURNS):
        alone.append(bench.http_only(at_once, _PRODUCTS))
        ours.append(bench.engine(at_once, partial(jobs, _PRODUCTS, 1)))
        if has_bullmq():
            theirs.append(bench.bullmq(at_once, _PRODUCTS))
    return alone, ours, theirs


def has_bullmq() -> bool:
    """Whether BullMQ can be measured here; says why not."""
    try:
        prepare()
    except AbsentError as error:
        sys.stderr.write(f"without BullMQ: {error}\n")
        return False
    return True


def _rate(part: str, name: str, runs: list[Run]) -> Figure:
    return _median(part, f"{name}: products/s", [run.rate for run in runs], digits=0)


def _median(part: str, name: str, values: list[float], *, digits: int = 1) -> Figure:
    return Figure(part, name, statistics.median(values), values, digits)


def _ratio(part: str, name: str, runs: list[Run], others: list[Run], goal: float | None) -> Figure:
    ratios = [run.rate / other.rate for run, other in zip(runs, others, strict=True)]
    return Figure(part, name, statistics.median(ratios), ratios, 2, at_least=goal)
