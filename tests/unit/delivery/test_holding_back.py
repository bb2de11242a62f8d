"""What is not read or not taken in for now: records that are not due, partitions that rest."""

from __future__ import annotations

from consumer.delivery.backpressure import Backpressure
from consumer.delivery.held import Held
from consumer.kafka.records import Partition
from tests.unit.delivery.making import make_record

LIVE = Partition("updated", 0)
RESYNC = Partition("resync", 0)
BOTH = frozenset({LIVE, RESYNC})


def resting(pressure: Backpressure, waiting: int = 0, background: int = 0, size: int = 0, tracked: int = 0) -> object:
    pressure.update(waiting=waiting, background=background, size=size, tracked=tracked)
    return pressure.resting(BOTH)


def test_nothing_rests_while_there_is_room() -> None:
    assert resting(Backpressure(100, frozenset({"resync"})), waiting=99, background=49) == frozenset()


def test_background_work_rests_alone_when_it_fills_half() -> None:
    pressure = Backpressure(100, frozenset({"resync"}))
    assert resting(pressure, waiting=50, background=50) == {RESYNC}
    assert resting(pressure, waiting=99, background=40) == {RESYNC}
    assert resting(pressure, waiting=99, background=34) == frozenset()


def test_too_much_background_work_does_not_stop_the_rest() -> None:
    pressure = Backpressure(100, frozenset({"resync"}))
    assert resting(pressure, waiting=500, background=500) == {RESYNC}
    assert resting(pressure, waiting=549, background=500) == {RESYNC}
    assert resting(pressure, waiting=550, background=500) == BOTH


def test_everything_rests_when_all_is_full_until_there_is_clearly_room() -> None:
    pressure = Backpressure(100, frozenset({"resync"}))
    assert resting(pressure, waiting=100) == BOTH
    assert resting(pressure, waiting=70) == BOTH
    assert resting(pressure, waiting=69) == frozenset()


def test_bytes_and_uncommitted_records_count_as_well() -> None:
    pressure = Backpressure(100, frozenset({"resync"}), max_bytes=1000)
    assert resting(pressure, size=1000) == BOTH
    assert resting(pressure) == frozenset()
    assert resting(pressure, tracked=2000) == BOTH


def test_a_record_that_is_due_is_not_held() -> None:
    held = Held()
    assert not held.hold(make_record(), until=5, now=5)
    assert held.partitions == frozenset()


def test_held_records_come_out_when_due_in_order() -> None:
    held = Held()
    first, second, third = (make_record(topic="retry", offset=n) for n in (1, 2, 3))
    assert held.hold(first, until=10, now=0)
    assert held.hold(second, until=12, now=0)
    # Behind a held one everything waits, or order would be lost.
    assert held.hold(third, until=0, now=0)
    assert held.size == first.size + second.size + third.size
    assert held.partitions == {Partition("retry", 0)}
    assert held.next_due() == 10
    assert held.release(9) == ()
    assert held.release(10) == (first,)
    assert held.release(12) == (second, third)
    assert (held.partitions, held.size, held.next_due()) == (frozenset(), 0, None)


def test_partitions_do_not_hold_up_each_other() -> None:
    held = Held()
    held.hold(make_record(topic="retry", partition=0), until=100, now=0)
    assert held.hold(make_record(topic="retry", partition=1), until=10, now=0)
    assert not held.hold(make_record(topic="retry", partition=2), until=0, now=0)
    assert [record.partition for record in held.release(10)] == [1]


def test_a_partition_that_leaves_takes_its_records_along() -> None:
    held = Held()
    held.hold(make_record(topic="retry"), until=10, now=0)
    held.drop(Partition("retry", 0))
    assert (held.release(99), held.size) == ((), 0)
    held.drop(Partition("retry", 0))
