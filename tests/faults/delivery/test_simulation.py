"""Delivery's decisions in a quarter of an hour of simulated faults, on all processors, other schedules each time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from tests.unit.delivery.simulation.running import run_everywhere

_SECONDS = 900.0


@pytest.mark.timeout(_SECONDS + 300)
def test_promises_hold_in_every_schedule(record_property: Callable[[str, object], None]) -> None:
    first = int(time.time()) * 1000
    sys.stdout.write(f"\nsimulating delivery for {_SECONDS:.0f} s, from seed {first}\n")
    done, failures = run_everywhere(_SECONDS, first)
    record_property("told", f"delivery was simulated for {_SECONDS:.0f} s: {done} schedules of faults")
    assert not failures, "\n".join(map(str, failures))
