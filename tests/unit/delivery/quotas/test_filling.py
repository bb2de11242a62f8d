"""How large a call should be, and that nobody waits for ever for one that large."""

from __future__ import annotations

import pytest

from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.delivery.quotas.bucket import Bucket
from consumer.delivery.quotas.filling import worthwhile
from consumer.delivery.quotas.leases import Quota, answered
from consumer.delivery.quotas.ledger import NOTHING, Grant, Ledger, Want, lease
from tests.unit.delivery.quotas.world import START

WRITES = Limit("writes", 5, 1.0, costs={Operation.CREATE: Cost(0, 1)}, reserve=0.0, refills=True)
SEARCHES = Limit("searches", 5, 1.0, costs={Operation.CREATE: Cost(1)}, refills=True)


@pytest.mark.parametrize(("searches", "least"), [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])
def test_a_call_is_large_enough_that_searches_are_left_over(searches: int, least: int) -> None:
    assert worthwhile([(WRITES, Cost(0, 1)), (SEARCHES, Cost(searches))], 20) == least


def test_nothing_is_worth_waiting_for_that_is_not_there() -> None:
    counted = [(WRITES, Cost(0, 1)), (SEARCHES, Cost(2))]
    assert worthwhile(counted, 1) == 1
    assert worthwhile([(SEARCHES, Cost(9))], 20) == 1, "not even one listing has room"


def test_too_little_is_waited_for_and_nothing_of_no_use_is_left() -> None:
    ledger = Ledger(grants=(Grant(START - 0.5, 3),), latest=START)
    _, found = lease(ledger, WRITES, NOTHING, Want(1, 20, worth=3), START)
    assert (found.ordinary.units, found.ordinary.wait) == (0, 0.5)
    _, found = lease(Ledger(), WRITES, NOTHING, Want(1, 20, worth=3), START)
    assert found.ordinary.units == 5, "3 would leave 2, which nobody takes"


def test_while_the_bucket_is_shrunk_smaller_calls_will_do() -> None:
    shrunk = Ledger(latest=START, pace=0.25, paced_at=START)
    _, found = lease(shrunk, WRITES, NOTHING, Want(1, 20, worth=3), START)
    assert found.ordinary.units == 1


def test_where_others_take_each_unit_as_it_comes_it_takes_one_too() -> None:
    bucket, ledger, now = Bucket(Quota("the/quota", WRITES)), Ledger(), START
    bucket.ordinary.want(1, 20, 3)
    while not bucket.units(now, urgent=False) and now < START + 5:
        ledger, _ = lease(ledger, WRITES, NOTHING, Want(1, 3), now)
        if ask := bucket.ask(now):
            ledger, found = answered(ask, ledger, now)
            bucket.given(ask, found, now, now)
        now += 0.05
    assert bucket.units(now - 0.05, urgent=False) > 0
