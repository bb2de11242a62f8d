"""The promises hold in every simulated schedule. More of them: `python -m tests.unit.delivery.simulate FIRST COUNT`."""

from __future__ import annotations

import pytest

from tests.unit.delivery.simulation import simulate

# Four slices, so that a failure names its neighbourhood and the rest still runs.
_SLICE = 60


@pytest.mark.timeout(60)
@pytest.mark.parametrize("first", range(0, 4 * _SLICE, _SLICE))
def test_promises_hold_in_every_schedule(first: int) -> None:
    steps = sum(simulate(seed).steps for seed in range(first, first + _SLICE))
    # A simulation in which nothing happens keeps every promise.
    assert steps > 100 * _SLICE


def test_a_seed_is_one_schedule() -> None:
    once, again = simulate(11), simulate(11)
    assert once.steps == again.steps
    assert once.store.states == again.store.states
