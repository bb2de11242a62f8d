"""Delivery's decisions in a quarter of an hour of simulated faults, on all processors, other schedules each time."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context

import pytest

from tests.unit.delivery.simulation.running import run_for

_SECONDS = 900.0


@pytest.mark.timeout(_SECONDS + 300)
def test_promises_hold_in_every_schedule() -> None:
    processors = os.cpu_count() or 1
    first = int(time.time()) * 1000
    sys.stdout.write(f"\nsimulating delivery for {_SECONDS:.0f} s on {processors} processors, from seed {first}\n")
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(run_for, _SECONDS, count(first + place, processors)) for place in range(processors)]
        results = [run.result() for run in runs]
    sys.stdout.write(f"{sum(done for done, _ in results)} schedules\n")
    failures = [str(failure) for _, failure in results if failure is not None]
    assert not failures, "\n".join(failures)
