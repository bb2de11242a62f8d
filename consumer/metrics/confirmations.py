"""Metrics of reading back what channels accepted."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from consumer.metrics.capped import Making


@dataclass(frozen=True, slots=True)
class ConfirmationMetrics:
    """Labels: channel, account, outcome."""

    looks: Counter
    overdue: Gauge


def confirmation_metrics(make: Making) -> ConfirmationMetrics:
    """Register them."""
    return ConfirmationMetrics(
        looks=make.counter(
            "marketsync_delivery_confirmations",
            "Accepted listings that were read back: confirmed, not_yet (looked at again), under_review (the channel has"
            " not decided), refused (after it had been accepted), or late: the channel accepted it and still shows"
            " something else",
            ["channel", "account", "outcome"],
        ),
        overdue=make.gauge(
            "marketsync_delivery_overdue",
            "Listings that the channel accepted so long ago that buyers should see them so, and do not",
            ["channel", "account"],
        ),
    )
