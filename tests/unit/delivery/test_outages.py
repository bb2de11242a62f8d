"""A channel that is down, and a listing that always times out, are told apart: simulated with the real decisions."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.unit.delivery.making import make_event
from tests.unit.delivery.simulation import Dice, Group, World

_OUTAGE = 600.0
_SILENT = Dice(temporary=0, lost_answer=0, throttled=0, bug=0, store_away=0, store_ambiguous=0)


def world_of(seed: int, changes: int, products: int, duration: float) -> World:
    """So many changes, and nothing goes wrong by itself."""
    world = World(seed)
    world.dice = _SILENT
    rng = random.Random(seed)
    for number in range(1, changes):
        event = make_event(f"P-{rng.randint(1, products)}", number)
        world.later(rng.uniform(0, duration), partial(world.publish, event))
    return world


@pytest.mark.parametrize("seed", range(4))
def test_an_outage_of_ten_minutes_gives_up_nothing_and_everything_arrives_afterwards(seed: int) -> None:
    world = world_of(seed, changes=120, products=60, duration=_OUTAGE)
    world.later(5, lambda: world.fail_for(_OUTAGE))
    Group(world).start(1 + seed % 2)
    world.run()
    assert world.dead_letters() == []
    # Probed often, what waits comes when its retry topic lets it, and a call takes up to 20 s here.
    assert world.now < 5 + _OUTAGE + 300


@pytest.mark.parametrize("seed", range(4))
def test_a_listing_that_always_times_out_is_given_up_and_its_neighbours_arrive(seed: int) -> None:
    world = world_of(seed, changes=400, products=30, duration=400)
    world.timing_out.add("P-99")
    world.later(3, lambda: world.publish(make_event("P-99", 1000)))
    Group(world).start(1)
    world.later(60, lambda: world.broken(6, "gates are closed") if closed_for_outage(world) else None)
    world.run()
    accounts = {account for account in world.sellers if account.tenant == "shop"}
    assert len(world.dead_letters()) == len(accounts)
    assert {letter.key for letter in world.dead_letters()} == {b"shop/P-99"}


def closed_for_outage(world: World) -> bool:
    """Whether any account believes that its channel is down."""
    return any(gate.down for process in world.processes for gate in process.core.gates.values())
