"""How often a channel is asked what it shows of what it accepted."""

from __future__ import annotations

import pytest

from adapters.rate_limits import Cost, Limit
from consumer.delivery.confirming import least_of_a_look


@pytest.mark.parametrize(
    ("reading", "least"),
    [(None, 1), (Cost(call=1, listing=1), 1), (Cost(call=0, listing=1), 1), (Cost(call=2), 25)],
)
def test_where_questions_are_counted_they_wait_for_company(reading: Cost | None, least: int) -> None:
    assert least_of_a_look([Limit("calls", 250, 3600, reading=reading)]) == least


def test_without_limits_each_is_asked_for_at_once() -> None:
    assert least_of_a_look([]) == 1
