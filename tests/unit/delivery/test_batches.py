from __future__ import annotations

from consumer.delivery.batches import Batches, Send
from consumer.delivery.lanes import Lane
from tests.unit.delivery.making import make_work


def make_send(code: str, operation: str = "create", sku: str = "", lane: Lane = Lane.CONTENT) -> Send:
    return Send(make_work(code, lane=lane), operation, sku or code, None)


def skus(sends: tuple[Send, ...]) -> list[str]:
    return [send.sku for send in sends]


def test_a_full_call_goes_at_once_and_holds_no_more_than_the_channel_takes() -> None:
    batches = Batches(2, linger=1)
    for code in ("P-1", "P-2", "P-3"):
        batches.add(make_send(code), now=0)
    assert skus(batches.next(0)) == ["P-1", "P-2"]
    assert batches.next(0) == ()
    assert len(batches) == 1


def test_a_call_that_is_not_full_lingers() -> None:
    batches = Batches(5, linger=1)
    batches.add(make_send("P-1"), now=10)
    batches.add(make_send("P-2"), now=10.5)
    assert batches.next(10.9) == ()
    assert batches.due() == 11
    assert skus(batches.next(11)) == ["P-1", "P-2"]
    assert batches.due() is None


def test_a_call_has_one_operation() -> None:
    batches = Batches(5, linger=0)
    batches.add(make_send("P-1", "create"), now=0)
    batches.add(make_send("P-2", "withdraw"), now=0)
    batches.add(make_send("P-3", "create"), now=0)
    assert skus(batches.next(0)) == ["P-1", "P-3"]
    assert skus(batches.next(0)) == ["P-2"]


def test_the_operation_with_the_most_urgent_listing_goes_first() -> None:
    batches = Batches(5, linger=0)
    batches.add(make_send("P-1", "revise_content"), now=0)
    batches.add(make_send("P-2", "withdraw", lane=Lane.WITHDRAW), now=1)
    assert skus(batches.next(1)) == ["P-2"]


def test_an_operation_that_waits_far_longer_goes_before_a_more_urgent_one() -> None:
    batches = Batches(1, linger=0)
    batches.add(make_send("P-1", "revise_content"), now=0)
    batches.add(make_send("P-2", "withdraw", lane=Lane.WITHDRAW), now=20)
    assert skus(batches.next(20)) == ["P-1"]


def test_one_number_never_stands_twice_in_a_call() -> None:
    """Two products with the same SKU by mistake: the channel would take one of them at random."""
    batches = Batches(5, linger=0)
    for code, sku in (("P-1", "X"), ("P-2", "X"), ("P-3", "Y")):
        batches.add(make_send(code, sku=sku), now=0)
    assert skus(batches.next(0)) == ["X", "Y"]
    assert skus(batches.next(0)) == ["X"]


def test_what_is_taken_out_is_not_called() -> None:
    batches = Batches(5, linger=0)
    batches.add(make_send("P-1"), now=0)
    batches.add(make_send("P-2"), now=0)
    assert [send.sku for send in batches.remove(lambda send: send.sku == "P-1")] == ["P-1"]
    assert len(batches) == 1
    assert skus(batches.next(0)) == ["P-2"]


def test_what_happens_now_goes_before_background_work_of_the_same_operation() -> None:
    batches = Batches(2, linger=0)
    for code in ("P-1", "P-2", "P-3"):
        batches.add(make_send(code, lane=Lane.BACKGROUND), now=0)
    batches.add(make_send("P-4", lane=Lane.OFFER), now=1)
    batches.add(make_send("P-5", lane=Lane.OFFER), now=1)
    assert skus(batches.next(1)) == ["P-4", "P-5"]
    assert skus(batches.next(1)) == ["P-1", "P-2"]


def test_background_work_that_waits_far_longer_goes_before_what_happens_now() -> None:
    batches = Batches(1, linger=0)
    batches.add(make_send("P-1", lane=Lane.BACKGROUND), now=0)
    batches.add(make_send("P-2", lane=Lane.OFFER), now=20)
    assert skus(batches.next(20)) == ["P-1"]
