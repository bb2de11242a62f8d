"""Ten minutes of random faults, several at a time, while three people write: every change is in Kafka once, in order.

The seed is printed; CAPTURE_FAULTS_SEED repeats a run, CAPTURE_FAULTS_SECONDS makes it shorter or longer.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from consumer.kafka import TopicNames
from tests.faults.capture.conftest import MakeWorld
from tests.faults.capture.faults import BEHIND_A_PROXY, EVERYWHERE, OF_MEMBERS, Fault, pause
from tests.faults.capture.load import writing
from tests.faults.capture.verdict import every_change_is_there_once, the_newest_state_is_that_of_the_pim
from tests.faults.capture.world import World, now

SECONDS = float(os.environ.get("CAPTURE_FAULTS_SECONDS", "600"))


@pytest.fixture
def seed() -> int:
    """Of the whole schedule."""
    seed = int(os.environ.get("CAPTURE_FAULTS_SEED", random.randrange(10**6)))
    print(f"\nCAPTURE_FAULTS_SEED={seed} CAPTURE_FAULTS_SECONDS={SECONDS:.0f}")  # noqa: T201  what repeats the run
    return seed


@pytest.mark.timeout(SECONDS / 2 + 420)
@pytest.mark.parametrize(("members", "faults"), [(1, EVERYWHERE + BEHIND_A_PROXY), (3, EVERYWHERE + OF_MEMBERS)])
def test_nothing_is_lost_doubled_or_out_of_order(
    make_world: MakeWorld, seed: int, members: int, faults: Sequence[Fault]
) -> None:
    world = make_world(members=members)
    with writing(world.installation.products, seed) as written:
        happened = storm(world, random.Random(seed), faults, seconds=SECONDS / 2)
    print(f"{now()} {written.changes} changes, {happened.total()} faults: {dict(happened)}")  # noqa: T201  as above
    world.caught_up(120)
    ended = [running for keeper in world.keepers for running in keeper.unasked()]
    assert world.close() == []
    # A process that starts while a server is away says so and ends; nothing else ends one.
    assert [running.log.read_text()[-2000:] for running in ended if "marketsync: " not in running.output()] == []
    names = TopicNames(world.installation.prefix)
    events = every_change_is_there_once(world.installation.servers.kafka_bootstrap_servers, names, written)
    the_newest_state_is_that_of_the_pim(events, world.installation.products)


def storm(world: World, dice: random.Random, faults: Sequence[Fault], *, seconds: float) -> Counter[str]:
    """One fault after another, sometimes one inside another of another part; returns what happened."""
    happened: Counter[str] = Counter()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        first, second = dice.choice(faults), dice.choice(faults)
        moments = random.Random(dice.random())
        both = second.part != first.part and dice.random() < 0.4
        names = [first.name, second.name] if both else [first.name]
        print(f"{now()} {' and '.join(names)}", flush=True)  # noqa: T201  the schedule, for whoever looks for the cause
        happened.update(names)
        with first.act(world, moments):
            if both:
                pause(moments.uniform(0, 2))
                with second.act(world, moments):
                    pass
        pause(dice.uniform(0.5, 6))
    return happened
