from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consumer.delivery.lanes import Lane, LaneQueue, lane_of
from consumer.events import Operation
from tests.unit.delivery.making import make_event


@pytest.mark.parametrize(
    ("changed", "changes", "lane"),
    [
        (("quantity",), {"quantity": 0}, Lane.WITHDRAW),
        (("quantity",), {"quantity": {"$numberDecimal": "0.00"}}, Lane.WITHDRAW),
        (("stock_quantity",), {"quantity": ..., "stock_quantity": 0}, Lane.WITHDRAW),
        (("quantity",), {"quantity": 3}, Lane.OFFER),
        (("pricing",), {}, Lane.OFFER),
        (("name", "pricing"), {}, Lane.OFFER),
        (("status",), {"status": "archived"}, Lane.WITHDRAW),
        (("not_visible",), {"not_visible": True}, Lane.WITHDRAW),
        (("status",), {}, Lane.OFFER),
        (("name",), {}, Lane.CONTENT),
        # Sold out since long: its text is not urgent.
        (("name",), {"quantity": 0}, Lane.CONTENT),
        (None, {"quantity": 0}, Lane.WITHDRAW),
        (None, {}, Lane.CONTENT),
        # A missing figure is not a zero.
        (None, {"quantity": ...}, Lane.CONTENT),
        (("quantity",), {"quantity": "molti"}, Lane.OFFER),
    ],
)
def test_the_lane_follows_what_starving_costs(
    changed: tuple[str, ...] | None, changes: dict[str, Any], lane: Lane
) -> None:
    event = replace(make_event(**changes), changed=changed)
    assert lane_of(event, background=False) is lane


def test_a_deletion_is_most_urgent() -> None:
    assert lane_of(make_event(operation=Operation.DELETED), background=False) is Lane.WITHDRAW


def test_what_was_only_read_is_background_whatever_it_says() -> None:
    assert lane_of(make_event(quantity=0), background=True) is Lane.BACKGROUND


def test_an_urgent_lane_goes_first_and_inside_a_lane_the_first() -> None:
    queue: LaneQueue[str] = LaneQueue()
    for name, lane in (("b", Lane.CONTENT), ("c", Lane.CONTENT), ("a", Lane.WITHDRAW), ("d", Lane.BACKGROUND)):
        queue.push(name, lane)
    assert len(queue) == 4
    assert [queue.pop() for _ in range(5)] == [
        ("a", Lane.WITHDRAW),
        ("b", Lane.CONTENT),
        ("c", Lane.CONTENT),
        ("d", Lane.BACKGROUND),
        None,
    ]


def test_a_lower_lane_is_not_passed_over_for_ever() -> None:
    queue: LaneQueue[str] = LaneQueue()
    for lane in (Lane.CONTENT, Lane.BACKGROUND):
        queue.push("slow", lane)
    popped = []
    for _ in range(100):
        queue.push("quick", Lane.WITHDRAW)
        popped.append(queue.pop())
    assert popped.index(("slow", Lane.BACKGROUND)) < popped.index(("slow", Lane.CONTENT)) < 20
    assert popped.count(("quick", Lane.WITHDRAW)) == 98
