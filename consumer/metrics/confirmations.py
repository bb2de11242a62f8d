"""Metrics of reading back what channels accepted."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter


@dataclass(frozen=True, slots=True)
class ConfirmationMetrics:
    """Labels: channel, account, outcome."""

    looks: Counter


def confirmation_metrics(registry: CollectorRegistry) -> ConfirmationMetrics:
    """Register them."""
    return ConfirmationMetrics(
        looks=Counter(
            "marketsync_delivery_confirmations",
            "Accepted listings that were read back: confirmed, not_yet (looked at again), or late: the channel accepted"
            " it and still shows something else",
            ["channel", "account", "outcome"],
            registry=registry,
        )
    )
