"""Metrics of the channels' quotas."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from consumer.metrics.capped import Making


@dataclass(frozen=True, slots=True)
class QuotaMetrics:
    """How much of what a channel allows is used. Labels: channel, quota (who is counted, and the limit's name)."""

    used: Gauge
    left: Gauge
    wait_seconds: Counter


def quota_metrics(make: Making) -> QuotaMetrics:
    """Register the metrics of quotas."""
    labels = ["channel", "quota"]
    return QuotaMetrics(
        used=make.gauge(
            "marketsync_delivery_quota_used",
            "Units of the quota that all processes leased in its period, as this process heard last",
            labels,
        ),
        left=make.gauge(
            "marketsync_delivery_quota_left",
            "Units of the quota that nobody has leased, as this process heard last",
            labels,
        ),
        wait_seconds=make.counter(
            "marketsync_delivery_quota_wait_seconds",
            "Time for which calls of this process had to wait because the quota was used up",
            labels,
        ),
    )
