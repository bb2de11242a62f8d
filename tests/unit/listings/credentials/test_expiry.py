"""When a credential's end and age are told of: at each step once, whatever the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.listings.credentials.expiry import ends_at, in_words, warnings

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


def steps(*, set_ago: float = 1, left: float | None = None) -> list[str]:
    """What is told of a credential. set_ago, left: days."""
    expires_at = None if left is None else NOW + timedelta(days=left)
    return [warned.step for warned in warnings(NOW - timedelta(days=set_ago), expires_at, NOW)]


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (None, []),
        (30.01, []),
        (30, ["ends within 30 days"]),
        (7.01, ["ends within 30 days"]),
        (7, ["ends within 7 days"]),
        (1.01, ["ends within 7 days"]),
        (1, ["ends within 1 days"]),
        (0.001, ["ends within 1 days"]),
        (0, ["ended"]),
        (-400, ["ended"]),
    ],
)
def test_an_end_is_told_30_and_7_and_1_days_ahead(left: float | None, told: list[str]) -> None:
    assert steps(left=left) == told


def test_an_age_over_90_days_is_told_beside_the_end() -> None:
    assert steps(set_ago=90) == []
    assert steps(set_ago=90.01) == ["old"]
    assert steps(set_ago=540, left=7) == ["ends within 7 days", "old"]


def test_the_end_counts_from_when_it_was_set() -> None:
    assert ends_at(NOW, None) is None
    assert ends_at(NOW, 47_304_000) == datetime(2028, 5, 24, 6, tzinfo=UTC)  # 18 months as eBay counts them


def test_the_words_say_when() -> None:
    assert in_words(NOW - timedelta(days=3), None, NOW) == "set 3 days ago"
    assert in_words(NOW, NOW + timedelta(days=12), NOW) == "ends in 12 days, on 2026-12-05"
    assert in_words(NOW, NOW + timedelta(hours=30), NOW) == "ends in 30 hours, on 2026-11-25"
    assert in_words(NOW, NOW - timedelta(days=1), NOW) == "ended on 2026-11-22"
    (warned,) = warnings(NOW, NOW + timedelta(hours=30), NOW)
    assert warned.words == "it ends in 30 hours, on 2026-11-25 00:00 UTC"


@given(st.floats(-400, 400), st.floats(0, 400))
def test_coming_closer_never_makes_it_less_urgent(left: float, passed: float) -> None:
    order = [[], ["ends within 30 days"], ["ends within 7 days"], ["ends within 1 days"], ["ended"]]
    assert order.index(steps(left=left - passed)) >= order.index(steps(left=left))
