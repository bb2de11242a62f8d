"""Runs schedules one after the other; a failing one is made small and told with the command that replays it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context

import structlog

from tests.unit.delivery.simulation.engine import BrokenPromiseError
from tests.unit.delivery.simulation.schedule import Schedule, make_schedule
from tests.unit.delivery.simulation.shrinking import only, shrink
from tests.unit.delivery.simulation.world import World

COMMAND = "python -m tests.unit.delivery.simulation"


@dataclass(frozen=True, slots=True)
class Failure:
    """A schedule in which a promise was broken. places: its steps that are needed for it. words: what happened."""

    seed: int
    places: Sequence[int]
    words: str

    def __str__(self) -> str:
        steps = make_schedule(self.seed).steps
        lines = [f"  {place:3d}  {steps[place]}" for place in self.places]
        replay = f"{COMMAND} {self.seed} --only {','.join(map(str, self.places))}"
        return "\n".join([f"seed {self.seed}: {self.words}", *lines, f"replay: {replay}"])


def run(schedule: Schedule) -> World:
    """One schedule. Raises BrokenPromiseError, or what a bug in the code under test raises."""
    world = World(schedule)
    with _quiet_logs():
        world.run()
    return world


def failure_of(schedule: Schedule) -> str | None:
    """What goes wrong in it, in words; None = nothing."""
    try:
        run(schedule)
    except BrokenPromiseError as broken:
        return str(broken)
    except Exception as bug:  # the core raised: a bug, shrunk and replayed like a broken promise
        return f"{type(bug).__name__}: {bug}"
    return None


def examine(seed: int) -> Failure | None:
    """Run the schedule of a seed; make it small if it fails."""
    schedule = make_schedule(seed)
    words = failure_of(schedule)
    if words is None:
        return None
    kind = _kind(words)
    last = words

    def fails(places: Sequence[int]) -> bool:
        nonlocal last
        found = failure_of(only(schedule, places))
        if found is None or _kind(found) != kind:
            return False
        last = found
        return True

    return Failure(seed, shrink(range(len(schedule.steps)), fails), last)


def run_for(seconds: float, seeds: Iterable[int]) -> tuple[int, Failure | None]:
    """Run schedules until the time is over or one fails; how many it were, and the one that failed."""
    end = time.monotonic() + seconds
    done = 0
    for seed in seeds:
        if time.monotonic() >= end:
            break
        done += 1
        if failure := examine(seed):
            return done, failure
    return done, None


def run_everywhere(seconds: float, first: int) -> tuple[int, list[Failure]]:
    """`run_for` on all processors, with seeds from `first` on. What else runs on the machine goes first."""
    processors = os.cpu_count() or 1
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn"), initializer=os.nice, initargs=(5,)) as pool:
        runs = [pool.submit(run_for, seconds, count(first + place, processors)) for place in range(processors)]
        results = [run.result() for run in runs]
    return sum(done for done, _ in results), [failure for _, failure in results if failure is not None]


def _kind(words: str) -> str:
    """Failures of one kind begin alike: the promise, or the exception's class."""
    return words.partition(":")[0]


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """What the code under test logs of thousands of faults is of no use to anybody."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
