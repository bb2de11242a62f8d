"""Metrics of reading back what channels accepted."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class ConfirmationMetrics:
    """Labels: channel, account, outcome."""

    looks: Counter
    overdue: Gauge


def confirmation_metrics(registry: CollectorRegistry) -> ConfirmationMetrics:
    """Register them."""
    return ConfirmationMetrics(
        looks=Counter(
            "marketsync_delivery_confirmations",
            "Accepted listings that were read back: confirmed, not_yet (looked at again), under_review (the channel has"
            " not decided), refused (after it had been accepted), or late: the channel accepted it and still shows"
            " something else",
            ["channel", "account", "outcome"],
            registry=registry,
        ),
        overdue=Gauge(
            "marketsync_delivery_overdue",
            "Listings that the channel accepted so long ago that buyers should see them so, and do not",
            ["channel", "account"],
            registry=registry,
        ),
    )
