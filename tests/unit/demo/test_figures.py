"""The demo's numbers are what the processes reported, no more and no less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.demo.figures import quantile, since

INF = float("inf")


def test_nothing_measured_has_no_latency() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({0.1: 0, INF: 0}, 0.95) is None


def test_a_quantile_lies_inside_the_bucket_that_holds_it() -> None:
    buckets = {0.1: 10, 0.5: 90, 1.0: 100, INF: 100}
    assert quantile(buckets, 0.05) == pytest.approx(0.05)
    assert quantile(buckets, 0.5) == pytest.approx(0.3)
    assert quantile(buckets, 0.95) == pytest.approx(0.75)


def test_above_the_last_bound_the_bound_is_told() -> None:
    assert quantile({1.0: 1, INF: 100}, 0.95) == 1.0


def test_only_what_came_since_counts() -> None:
    assert since({0.1: 15, INF: 30}, {0.1: 10, INF: 10}) == {0.1: 5, INF: 20}


@given(st.lists(st.floats(0.001, 9), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_never_off_by_more_than_its_bucket(values: list[float], share: float) -> None:
    bounds = [0.01, 0.1, 1.0, 5.0, 10.0, INF]
    buckets = {bound: float(sum(value <= bound for value in values)) for bound in bounds}
    estimate = quantile(buckets, share)
    assert estimate is not None
    at_most = sum(value <= next(b for b in bounds if b >= estimate) for value in values)
    assert at_most >= share * len(values)
