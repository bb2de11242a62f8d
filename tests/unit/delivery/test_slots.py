from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.lanes import Lane
from consumer.delivery.slots import Slots
from consumer.delivery.work import Work
from tests.unit.delivery.making import make_work


def test_the_newest_waiting_state_wins_whatever_the_order() -> None:
    slots = Slots()
    old, new = make_work(number=1), make_work(number=2)
    assert slots.offer(old) is None
    assert slots.offer(new) is old
    assert slots.offer(old) is old
    assert slots.take(new.key) == new


def test_a_state_older_than_the_one_in_flight_never_waits() -> None:
    slots = Slots()
    new, old = make_work(number=2), make_work(number=1)
    slots.offer(new)
    slots.take(new.key)
    assert slots.offer(old) is old
    assert not slots.has_newer(new.key)


def test_a_state_equal_to_the_one_in_flight_waits_with_its_own_record() -> None:
    slots = Slots()
    work = make_work(number=1)
    slots.offer(work)
    slots.take(work.key)
    assert slots.offer(work) is None
    assert slots.has_newer(work.key)


def test_one_in_flight_per_listing() -> None:
    slots = Slots()
    slots.offer(make_work(number=1))
    slots.take(make_work().key)
    slots.offer(make_work(number=2))
    assert slots.ready(make_work().key) is None
    slots.release(make_work().key)
    assert slots.ready(make_work().key) == make_work(number=2)


def test_a_slot_keeps_the_most_urgent_lane_it_absorbed() -> None:
    slots = Slots()
    slots.offer(make_work(number=1, lane=Lane.WITHDRAW))
    slots.offer(make_work(number=2, lane=Lane.BACKGROUND))
    assert slots.take(make_work().key).lane is Lane.WITHDRAW


def test_an_older_state_hands_its_urgency_to_the_newer_one_that_waits() -> None:
    slots = Slots()
    slots.offer(make_work(number=2, lane=Lane.BACKGROUND))
    slots.offer(make_work(number=1, lane=Lane.OFFER))
    assert slots.waiting_background == 0
    assert slots.take(make_work().key).lane is Lane.OFFER


def test_a_newer_state_inherits_the_backoff_but_not_the_attempts() -> None:
    slots = Slots()
    slots.offer(make_work(number=1))
    failed = replace(slots.take(make_work().key), attempts=3, due=50.0)
    slots.offer(make_work(number=2))
    assert slots.put_back(failed) == failed
    waiting = slots.ready(failed.key)
    assert waiting is not None
    assert (waiting.sequence, waiting.due, waiting.attempts) == (make_work(number=2).sequence, 50.0, 0)


def test_an_event_and_its_retry_record_count_attempts_once() -> None:
    slots = Slots()
    slots.offer(make_work(number=1))
    slots.offer(make_work(number=1, attempts=3, first_failure=9.0))
    waiting = slots.take(make_work().key)
    assert (waiting.attempts, waiting.first_failure) == (3, 9.0)


def test_a_failed_state_waits_again_where_nothing_newer_came() -> None:
    slots = Slots()
    slots.offer(make_work(number=1))
    failed = replace(slots.take(make_work().key), due=9.0)
    assert slots.put_back(failed) is None
    assert slots.ready(failed.key) == failed


def test_counts_what_waits() -> None:
    slots = Slots()
    slots.offer(make_work("P-1", 1, lane=Lane.BACKGROUND))
    slots.offer(make_work("P-2", 2))
    size = make_work("P-1", 1).record.size
    assert (slots.waiting, slots.waiting_background, slots.waiting_bytes) == (2, 1, 2 * size)
    slots.take(make_work("P-1").key)
    assert (slots.waiting, slots.waiting_background, slots.waiting_bytes, slots.in_flight) == (1, 0, size, 1)
    slots.drop_waiting(lambda work: work.key.entity_code == "P-2")
    slots.release(make_work("P-1").key)
    assert (slots.waiting, slots.waiting_bytes, slots.in_flight) == (0, 0, 0)
    assert list(slots.all_waiting()) == []


@given(st.lists(st.tuples(st.sampled_from(["offer", "take", "done", "fail"]), st.integers(1, 9)), max_size=80))
def test_whatever_happens_the_newest_state_gets_through(steps: list[tuple[str, int]]) -> None:
    """And after a failure nothing older than the failed state is tried."""
    slots = Slots()
    key = make_work().key
    in_flight: Work | None = None
    failed, sent, offered = "", "", ""
    for step, number in steps:
        if step == "offer":
            work = make_work(number=number)
            slots.offer(work)
            offered = max(offered, work.sequence)
        elif step == "take" and slots.ready(key) is not None:
            in_flight = slots.take(key)
            assert in_flight.sequence >= failed
        elif step == "done" and in_flight is not None:
            slots.release(key)
            sent, failed, in_flight = max(sent, in_flight.sequence), "", None
        elif step == "fail" and in_flight is not None:
            slots.put_back(in_flight)
            failed, in_flight = in_flight.sequence, None
    if in_flight is not None:
        slots.put_back(in_flight)
    if slots.ready(key) is not None:
        sent = max(sent, slots.take(key).sequence)
    assert sent == offered
    assert slots.waiting == 0


@given(st.booleans(), st.booleans(), st.permutations([1, 2]))
def test_whichever_waits_in_the_end_owes_what_was_to_be_forced(first: bool, second: bool, numbers: list[int]) -> None:
    slots = Slots()
    slots.offer(make_work(number=numbers[0], force=first))
    slots.offer(make_work(number=numbers[1], force=second))
    assert slots.take(make_work().key).force is (first or second)


def test_a_newer_state_behind_a_forced_one_that_comes_back_is_forced_too() -> None:
    slots = Slots()
    slots.offer(make_work(number=1, force=True))
    work = slots.take(make_work().key)
    slots.offer(make_work(number=2))
    assert slots.put_back(work) is work
    assert slots.take(work.key).force
