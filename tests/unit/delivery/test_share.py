"""Which account fills the memory."""

from __future__ import annotations

from consumer.delivery.lanes import Lane
from consumer.delivery.share import Share
from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey
from tests.unit.delivery.making import make_work


def filled(lane: Lane = Lane.CONTENT, **accounts: int) -> Slots:
    slots = Slots()
    for account, waiting in accounts.items():
        for number in range(waiting):
            slots.offer(make_work(f"P-{number}", account=account, lane=lane))
    return slots


def test_an_account_that_fills_the_memory_has_what_is_above_a_quarter_too_much() -> None:
    assert Share(100, 2).excess(filled(slow=70, quick=10)) == (AccountKey("shop", "slow"), 45)


def test_nobody_has_too_much_while_there_is_room() -> None:
    assert Share(100, 2).excess(filled(slow=74)) == (None, 0)


def test_nobody_is_to_blame_where_two_are_as_slow_as_each_other() -> None:
    assert Share(100, 2).excess(filled(one=60, other=60)) == (None, 0)


def test_an_account_that_is_alone_may_have_all() -> None:
    assert Share(100, 1).excess(filled(slow=100)) == (None, 0)


def test_background_work_is_not_counted() -> None:
    assert Share(100, 2).excess(filled(Lane.BACKGROUND, slow=100)) == (None, 0)


def test_background_work_leaves_half_of_the_room() -> None:
    slots = filled(slow=40)
    for number in range(90):
        slots.offer(make_work(f"B-{number}", account="slow", lane=Lane.BACKGROUND))
    assert Share(100, 2).excess(slots) == (AccountKey("shop", "slow"), 28)


def test_what_is_taken_or_superseded_counts_no_more() -> None:
    slots = filled(slow=80)
    for number in range(20):
        slots.offer(make_work(f"P-{number}", 2, account="slow"))
        slots.take(make_work(f"P-{number}", account="slow").key)
    assert slots.live_by_account == {AccountKey("shop", "slow"): 60}
