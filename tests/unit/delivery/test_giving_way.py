"""Background work gives way: it is planned in steps of its own, small ones while anything happens now."""

from __future__ import annotations

from dataclasses import replace

from consumer.delivery.commands import CoreCommand, Prepare, Prepared
from consumer.delivery.core import Core
from consumer.delivery.lanes import Lane
from consumer.delivery.work import AccountKey, Work
from consumer.kafka.records import Partition
from consumer.listings.state import ListingKey
from tests.unit.delivery.making import CHANNEL, SETTINGS, make_record, make_sequence

_ACCOUNT = AccountKey("shop", "default")
_MANY = 150


class Desk:
    """A core with room for many listings, and the steps of planning that it wants."""

    def __init__(self) -> None:
        settings = replace(SETTINGS, concurrency=8, max_waiting=5000)
        self.core = Core(settings, {_ACCOUNT: 50}, lambda: 0.5)
        self.now = 100.0
        self._offset = 0
        self.core.assigned([Partition("updated", 0), Partition("resync", 0)], self.now)

    def arrive(self, lane: Lane, count: int = 1) -> None:
        """So many states of this lane, each of another listing."""
        for _ in range(count):
            self._offset += 1
            topic = "resync" if lane is Lane.BACKGROUND else "updated"
            record = make_record(topic=topic, offset=self._offset)
            ticket = self.core.ticket(record)
            assert ticket is not None
            key = ListingKey(CHANNEL, _ACCOUNT.name, _ACCOUNT.tenant, f"P-{self._offset}")
            work = Work(key, make_sequence(self._offset), lane, record, ticket)
            self.core.arrived(ticket, [work], self.now)

    def steps(self) -> list[Prepare]:
        """Those that begin now."""
        commands: list[CoreCommand] = self.core.tick(self.now)
        return [command for command in commands if isinstance(command, Prepare)]

    def end(self, step: Prepare) -> None:
        """Its listings are planned, and another process was quicker: they wait again."""
        self.core.prepared(step, Prepared(lost=step.works), self.now)


def test_what_happens_now_never_shares_a_step_with_background_work() -> None:
    desk = Desk()
    desk.arrive(Lane.BACKGROUND, _MANY)
    desk.arrive(Lane.OFFER)
    live, background = desk.steps()
    assert [work.lane for work in live.works] == [Lane.OFFER]
    assert {work.lane for work in background.works} == {Lane.BACKGROUND}


def test_background_steps_are_small_while_anything_happens_and_large_otherwise() -> None:
    desk = Desk()
    desk.arrive(Lane.BACKGROUND, _MANY)
    desk.arrive(Lane.OFFER)
    _, small = desk.steps()
    assert len(small.works) == 25
    desk.now += 1.5
    desk.end(small)
    (large,) = desk.steps()
    assert len(large.works) == _MANY


def test_a_change_does_not_wait_for_the_step_of_background_work_that_runs() -> None:
    desk = Desk()
    desk.arrive(Lane.BACKGROUND, _MANY)
    (background,) = desk.steps()
    assert background.background
    desk.arrive(Lane.OFFER)
    (live,) = desk.steps()
    assert [work.lane for work in live.works] == [Lane.OFFER]


def test_one_background_step_at_a_time_while_anything_happens() -> None:
    desk = Desk()
    desk.arrive(Lane.BACKGROUND, _MANY)
    desk.arrive(Lane.OFFER)
    live, _ = desk.steps()
    assert desk.steps() == []
    desk.end(live)
    assert [step.background for step in desk.steps()] == [False]
