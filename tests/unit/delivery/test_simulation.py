"""Delivery keeps its promises in thousands of simulated schedules, and the simulation finds what breaks them.

More: `python -m tests.unit.delivery.simulation --help`; a quarter of an hour: `make test-faults-delivery`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.delivery.simulation.planted import PLANTED, Planted
from tests.unit.delivery.simulation.running import failure_of, run, run_everywhere, run_for
from tests.unit.delivery.simulation.schedule import make_schedule
from tests.unit.delivery.simulation.shrinking import only, shrink

_SECONDS = 40.0


@pytest.mark.timeout(180)
def test_promises_hold_in_every_schedule(record_property: Callable[[str, object], None]) -> None:
    done, failures = run_everywhere(_SECONDS, 0)
    record_property("told", f"delivery was simulated for {_SECONDS:.0f} s: {done} schedules of faults")
    assert not failures, "\n".join(map(str, failures))
    assert done > 100


@pytest.mark.timeout(300)
@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_planted_faults_are_found(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    done, failure = run_for(200.0, range(planted.first, planted.first + 3000))
    assert failure is not None, f"not found in {done} schedules"
    assert failure.words.startswith(tuple(f"promise {number}:" for number in planted.promises)), str(failure)
    # Small enough to be understood, and it fails the same way when it is replayed.
    assert len(failure.places) <= planted.steps, str(failure)
    assert failure_of(only(make_schedule(failure.seed), failure.places)) == failure.words


def test_a_seed_is_one_schedule() -> None:
    once, again = run(make_schedule(11)), run(make_schedule(11))
    assert once.clock.steps == again.clock.steps > 100
    assert once.store.states == again.store.states


def test_shrinking_keeps_what_is_needed() -> None:
    def fails(places: object) -> bool:
        return {3, 17} <= set(places)  # type: ignore[call-overload,no-any-return]  # any iterable of numbers

    assert shrink(range(40), fails) == [3, 17]
    assert shrink(range(40), lambda _places: True) == []
