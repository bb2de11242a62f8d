"""Whatever processes do, at whatever moment they end, and whatever their clocks say: no window has too many calls."""

from __future__ import annotations

import random
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit
from consumer.delivery.quotas.ledger import flight_of, life_of
from tests.unit.delivery.quotas.world import START, World

PACIFIC = ZoneInfo("America/Los_Angeles")
LIMITS = {
    "10 a second": Limit("calls", 10, 1),
    "30 a minute": Limit("calls", 30, 60),
    "3 units a call": Limit("units", 20, 60, costs={Operation.CREATE: Cost(call=1, listing=2)}),
    "500 a day": Limit("day", 500, DAY),
}
SEEDS = st.integers(0, 2**32 - 1)
STEPS = 600


def play(world: World, seed: int) -> None:
    """A schedule: greedy processes, slow and lost answers, late arrivals, ends of all kinds, busy and quiet times."""
    rng = random.Random(seed)
    unruly = rng.choice((0.0, 0.02, 0.2))
    hurry = rng.choice((0.05, 0.5, 3.0))
    for _ in range(STEPS):
        world.time += rng.choice((0.0, rng.expovariate(1 / (hurry * life_of(world.limit)))))
        process = rng.choice(world.processes)
        if rng.random() < unruly:
            rng.choice((world.lose, world.crash, world.stop))(process)
        elif rng.random() < 0.5:
            while world.call(process, rng.randint(1, 12), urgent=rng.random() < 0.7, delay=rng.choice((0.0, 1.0))):
                pass
        else:
            rng.choice((world.ask, world.serve, world.tell, world.lease))(process)


def make_world(limit: Limit, seed: int) -> World:
    rng = random.Random(seed)
    return World(limit, tuple(rng.uniform(-1e6, 1e6) for _ in range(3)))


@pytest.mark.parametrize("name", LIMITS)
@given(seed=SEEDS)
def test_no_window_has_more_than_the_amount(name: str, seed: int) -> None:
    world = make_world(LIMITS[name], seed)
    play(world, seed)
    assert world.most_in_any_window() <= world.limit.amount


@given(seed=SEEDS, back=st.floats(0, 120))
def test_a_server_whose_clock_is_set_back_gives_nothing_twice(seed: int, back: float) -> None:
    world = make_world(LIMITS["30 a minute"], seed)
    play(world, seed)
    world.set_back = back
    play(world, seed + 1)
    assert world.most_in_any_window() <= world.limit.amount


@given(seed=SEEDS, begin=st.floats(-100, 100), day=st.integers(0, 1))
def test_no_day_of_the_vendor_has_more_than_the_amount(seed: int, begin: float, day: int) -> None:
    """Around midnight in California, also in the night in which the clocks are put forward."""
    limit = Limit("day", 40, DAY, resets=time(0, tzinfo=PACIFIC))
    world = make_world(limit, seed)
    world.time = datetime(2026, 3, 8 + day, tzinfo=PACIFIC).timestamp() + begin
    play(world, seed)
    by_day: dict[object, int] = {}
    for when, units in world.arrivals:
        date = datetime.fromtimestamp(when, PACIFIC).date()
        by_day[date] = by_day.get(date, 0) + units
    assert max(by_day.values(), default=0) <= limit.amount


@pytest.mark.parametrize("name", LIMITS)
def test_processes_that_want_more_than_there_is_use_nearly_all_of_it(name: str) -> None:
    """Exact does not mean timid: all is used but what the slices' lives and the calls' flights take."""
    world = World(LIMITS[name], (0.0, 50.0, -50.0))
    windows = 1 if world.limit.period == DAY else 10
    while world.time < START + windows * world.limit.period:
        world.time += life_of(world.limit) / (2 if windows == 1 else 4)
        for process in world.processes:
            world.call(process, 5, urgent=True)
            world.lease(process)
    used = sum(units for _, units in world.arrivals)
    assert world.most_in_any_window() <= world.limit.amount
    stretched = world.limit.period + life_of(world.limit) + flight_of(world.limit)
    assert used >= 0.8 * windows * world.limit.amount * world.limit.period / stretched
