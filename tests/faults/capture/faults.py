"""What can happen to a capture. Each fault lasts for the block and ends with it; what it disturbs is its `part`."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from threading import Event

from consumer.mongo import PyMongoError
from tests.faults.capture.world import Keeper, OneMember, ThreeMembers, World
from tests.waiting import wait_until

Act = Callable[[World, random.Random], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A name for people, what it disturbs, and how."""

    name: str
    part: str
    act: Act


def pause(seconds: float) -> None:
    """The length of a fault: the one thing here that is a time and not a condition."""
    Event().wait(seconds)


def victim(world: World, dice: random.Random) -> Keeper:
    """Most often the one that leads."""
    leader = world.leader()
    return leader if leader is not None and dice.random() < 0.8 else dice.choice(world.keepers)


@contextmanager
def kill(world: World, dice: random.Random) -> Iterator[None]:
    victim(world, dice).send(signal.SIGKILL)
    yield


@contextmanager
def kill_both(world: World, dice: random.Random) -> Iterator[None]:
    for keeper in world.keepers:
        keeper.send(signal.SIGKILL)
    yield


@contextmanager
def terminate(world: World, dice: random.Random) -> Iterator[None]:
    victim(world, dice).send(signal.SIGTERM)
    yield


@contextmanager
def freeze_capture(world: World, dice: random.Random) -> Iterator[None]:
    keeper = victim(world, dice)
    keeper.send(signal.SIGSTOP)
    try:
        yield
        pause(dice.uniform(0.2, 10))
    finally:
        keeper.send(signal.SIGCONT)


@contextmanager
def kill_cursors(world: World, dice: random.Random) -> Iterator[None]:
    client = world.installation.client
    look = [{"$currentOp": {"allUsers": True, "idleCursors": True}}, {"$match": {"cursor.tailable": True}}]
    with suppress(PyMongoError):
        found = client.admin.command({"aggregate": 1, "pipeline": look, "cursor": {}})["cursor"]["firstBatch"]
        for one in found:
            database, _, collection = one["ns"].partition(".")
            client[database].command({"killCursors": collection, "cursors": [one["cursor"]["cursorId"]]})
    yield


@contextmanager
def cut(world: World, dice: random.Random) -> Iterator[None]:
    assert isinstance(world.pim, OneMember)
    world.pim.proxy.refusing = dice.random() < 0.5
    world.pim.proxy.cut()
    try:
        yield
        pause(dice.uniform(0, 8) if world.pim.proxy.refusing else 0)
    finally:
        world.pim.proxy.refusing = False


@contextmanager
def step_down(world: World, dice: random.Random) -> Iterator[None]:
    with suppress(PyMongoError):  # there may be no primary now
        world.installation.client.admin.command({"replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5})
    yield
    _elected(world)


@contextmanager
def kill_primary(world: World, dice: random.Random) -> Iterator[None]:
    assert isinstance(world.pim, ThreeMembers)
    members = world.pim.members
    primary = wait_until(members.primary, 60, "there is no primary")
    members.kill_member(primary)
    try:
        yield
        pause(dice.uniform(0, 6))
    finally:
        members.start_member(primary)
    _elected(world)


@contextmanager
def restart_broker(world: World, dice: random.Random) -> Iterator[None]:
    (world.broker.kill if dice.random() < 0.6 else world.broker.shut_down)()
    try:
        yield
        pause(dice.uniform(0, 4))
    finally:
        world.broker.start()


@contextmanager
def freeze_broker(world: World, dice: random.Random) -> Iterator[None]:
    world.broker.freeze()
    try:
        yield
        pause(dice.uniform(0.2, 10))
    finally:
        world.broker.wake()


@contextmanager
def drop_side(world: World, dice: random.Random) -> Iterator[None]:
    """A collection beside the products goes and comes."""
    database = world.installation.client[f"vinc-{world.installation.name}"]
    with suppress(PyMongoError):
        database["side"].drop()
        database["side"].insert_many([{"number": number} for number in range(1000)])
        database["side"].rename("elsewhere", dropTarget=True)
    yield


EVERYWHERE = (
    Fault("SIGKILL of a capture", "capture", kill),
    Fault("SIGKILL of both captures", "capture", kill_both),
    Fault("SIGTERM of a capture", "capture", terminate),
    Fault("a frozen capture", "capture", freeze_capture),
    Fault("killed cursors", "pim", kill_cursors),
    Fault("a dropped and a renamed collection", "pim", drop_side),
    Fault("a broker that restarts", "kafka", restart_broker),
    Fault("a frozen broker", "kafka", freeze_broker),
)
BEHIND_A_PROXY = (Fault("cut connections to MongoDB", "pim", cut),) * 2
OF_MEMBERS = (
    Fault("a primary that steps down", "pim", step_down),
    Fault("SIGKILL of the primary", "pim", kill_primary),
)


def _elected(world: World) -> None:
    if isinstance(world.pim, ThreeMembers):
        wait_until(world.pim.members.primary, 60, "there is no primary")
