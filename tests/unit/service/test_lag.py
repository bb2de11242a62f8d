"""Lag as people read it: quantiles of the last minute, and a histogram that counts many changes at once."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from consumer.metrics.lag import RecentQuantiles, lag_metrics


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.lists(st.tuples(st.floats(0.001, 10_000), st.integers(1, 50)), min_size=1, max_size=100),
    st.sampled_from([0.5, 0.95, 0.99, 1.0]),
)
def test_a_quantile_is_at_most_5_percent_too_high(observed: list[tuple[float, int]], share: float) -> None:
    recent = RecentQuantiles()
    for value, count in observed:
        recent.observe(value, count)
    every = sorted(value for value, count in observed for _ in range(count))
    exact = every[max(0, math.ceil(share * len(every)) - 1)]
    assert exact * 0.999999 <= recent.quantile(share) <= exact * 1.0500001


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    clock = Clock()
    recent = RecentQuantiles(clock=clock)
    assert math.isnan(recent.quantile(0.5))
    recent.observe(30)
    clock.now += 40
    recent.observe(0.01, 99)
    assert recent.quantile(1.0) == pytest.approx(30, rel=0.05)
    clock.now += 25
    assert recent.quantile(1.0) == pytest.approx(0.01, rel=0.05)
    clock.now += 3600
    assert math.isnan(recent.quantile(1.0))


def test_both_metrics_tell_the_same_of_a_stream() -> None:
    registry = CollectorRegistry()
    lag = lag_metrics(registry).labels("pim")
    lag.observe(0.02, 990)
    lag.observe(4.0, 10)

    def sample(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"marketsync_capture_{name}", {"stream": "pim", **labels})

    assert sample("lag_seconds_count") == 1000
    assert sample("lag_seconds_sum") == pytest.approx(0.02 * 990 + 4 * 10)
    assert [sample("lag_seconds_bucket", le=bound) for bound in ("0.01", "0.025", "2.5", "5.0")] == [0, 990, 990, 1000]
    assert sample("recent_lag_seconds", quantile="0.5") == pytest.approx(0.02, rel=0.05)
    assert sample("recent_lag_seconds", quantile="1.0") == pytest.approx(4, rel=0.05)
