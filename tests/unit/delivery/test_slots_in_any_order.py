"""Whatever comes in whatever order: slots keep the newest state, lose none, and count what waits."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consumer.delivery.lanes import Lane
from consumer.delivery.slots import Slots
from consumer.delivery.work import Work, account_of
from tests.unit.delivery.making import make_work

CODES = ("P-1", "P-2")


class AnyOrder(RuleBasedStateMachine):
    """Every work that was offered is waiting, in flight, done, or was given back as superfluous: one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots()
        self.open = 0
        self.lanes: dict[str, Lane] = {}

    def waiting(self) -> list[Work]:
        slots = self.slots._slots.values()
        return [slot.waiting for slot in slots if slot.waiting is not None]

    @rule(code=st.sampled_from(CODES), number=st.integers(1, 6), lane=st.sampled_from(Lane))
    def offer(self, code: str, number: int, lane: Lane) -> None:
        work = make_work(code, number, lane=lane)
        before = self.slots._slots.get(work.key)
        in_flight = before.in_flight if before else None
        old = before.waiting if before else None
        superfluous = self.slots.offer(work)
        self.open += superfluous is None
        if in_flight is not None and work.sequence < in_flight.sequence:
            assert superfluous is work
            return
        now = self.slots._slots[work.key].waiting
        assert now is not None
        assert now.sequence == max(work.sequence, old.sequence if old else work.sequence)
        assert now.lane == min(lane, old.lane if old else lane), "a slot keeps the most urgent lane it absorbed"

    @rule(code=st.sampled_from(CODES))
    def take(self, code: str) -> None:
        key = make_work(code).key
        ready = self.slots.ready(key)
        if ready is not None:
            assert self.slots.take(key) is ready
            assert self.slots.ready(key) is None, "one on its way at a time"

    @rule(data=st.data())
    @precondition(lambda self: self.slots.in_flight)
    def put_back(self, data: st.DataObject) -> None:
        work = data.draw(st.sampled_from(sorted(self.slots.all_in_flight(), key=str)))
        superfluous = self.slots.put_back(work)
        self.open -= superfluous is not None
        ready = self.slots.ready(work.key)
        assert ready is not None
        assert ready.sequence >= work.sequence, "never backwards"

    @rule(data=st.data())
    @precondition(lambda self: self.slots.in_flight)
    def release(self, data: st.DataObject) -> None:
        work = data.draw(st.sampled_from(sorted(self.slots.all_in_flight(), key=str)))
        self.slots.release(work.key)
        self.open -= 1

    @rule(code=st.sampled_from(CODES))
    def drop(self, code: str) -> None:
        before = self.slots.waiting
        self.slots.drop_waiting(lambda work: work.key.entity_code == code)
        self.open -= before - self.slots.waiting

    @invariant()
    def nothing_is_lost_and_all_is_counted(self) -> None:
        waiting = self.waiting()
        live = Counter(account_of(work.key) for work in waiting if work.lane is not Lane.BACKGROUND)
        assert self.open == len(waiting) + self.slots.in_flight
        assert self.slots.waiting == len(waiting)
        assert self.slots.waiting_bytes == sum(work.record.size for work in waiting)
        assert self.slots.waiting_live == sum(live.values())
        assert +self.slots.live_by_account == live

    @invariant()
    def what_waits_is_not_older_than_what_is_on_its_way(self) -> None:
        for slot in self.slots._slots.values():
            if slot.waiting is not None and slot.in_flight is not None:
                assert slot.waiting.sequence >= slot.in_flight.sequence


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
