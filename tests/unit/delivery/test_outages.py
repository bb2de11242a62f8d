"""A channel that is down, and a listing that always times out, are told apart: simulated with the real decisions."""

from __future__ import annotations

import random

import pytest

from consumer.delivery.judging import CLAIM
from consumer.delivery.share import Share
from consumer.delivery.work import AccountKey
from tests.unit.delivery.simulation.engine import BrokenPromiseError
from tests.unit.delivery.simulation.running import run
from tests.unit.delivery.simulation.schedule import Schedule, Step
from tests.unit.delivery.simulation.world import World

pytestmark = pytest.mark.timeout(120)

_OUTAGE = 600.0
_ACCOUNT = "shop/default"


def simulated(seed: int, *steps: Step, changes: int, products: int, duration: float) -> World:
    """So many changes besides, and nothing else goes wrong."""
    rng = random.Random(seed)
    happenings = [*steps]
    for number in range(1, changes):
        event = (f"P-{rng.randint(10, 10 + products)}", number, "updated", "shop", "")
        happenings.append(Step(rng.uniform(0, duration), "publish", event))
    happenings.sort(key=lambda step: step.at)
    return run(Schedule(seed, 1 + seed % 2, 3, flood=False, steps=tuple(happenings)))


@pytest.mark.parametrize("seed", range(2))
def test_an_outage_of_ten_minutes_gives_up_nothing_and_everything_arrives_soon_afterwards(seed: int) -> None:
    outage = Step(5.0, "outage", (_ACCOUNT, _OUTAGE))
    world = simulated(seed, outage, changes=120, products=60, duration=_OUTAGE)
    assert world.dead_letters == []
    # Soon: `Promises` has looked at every listing after the end of the outage. Marks of some are looked at once more.
    assert world.clock.now < 5 + _OUTAGE + 60 + CLAIM.total_seconds()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("changes", [0, 300])
def test_a_listing_that_always_times_out_is_given_up_and_its_neighbours_arrive(seed: int, changes: int) -> None:
    """Whether there are neighbours or not."""
    spoiled = (Step(0.0, "spoil", ("P-9", "silent")), Step(3.0, "publish", ("P-9", 1000, "updated", "shop", "")))
    world = simulated(seed, *spoiled, changes=changes, products=30, duration=300)
    accounts = [account for account in world.channels if account.tenant == "shop"]
    assert [letter.key for letter in world.dead_letters] == [b"shop/P-9"] * len(accounts)
    for process in world.group.processes:
        assert not process.core.gates[AccountKey("shop", "default")].down


def test_an_account_whose_channel_is_slow_fills_the_memory_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each call of it takes seconds; `Promises` looks whether the other account gets what is new soon."""
    slow = Step(0.0, "mood", ("shop/outlet", "slow", 1.0, 400.0))
    simulated(0, slow, changes=600, products=300, duration=120)
    monkeypatch.setattr(Share, "excess", lambda _self, _slots: (None, 0))
    with pytest.raises(BrokenPromiseError, match="promise 6"):
        simulated(0, slow, changes=600, products=300, duration=120)
