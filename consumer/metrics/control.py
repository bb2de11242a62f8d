"""Metrics of what is sent again: resyncs that the service starts itself, and the guard against dead letters."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter


@dataclass(frozen=True, slots=True)
class ControlMetrics:
    """Counted by the delivery process of a channel."""

    forgotten_offsets: Counter
    own_resyncs: Counter
    resent: Counter


def control_metrics(registry: CollectorRegistry) -> ControlMetrics:
    """Register them."""
    return ControlMetrics(
        forgotten_offsets=Counter(
            "marketsync_control_forgotten_offsets",
            "Times Kafka had forgotten how far a channel came; a resync follows by itself",
            ["channel"],
            registry=registry,
        ),
        own_resyncs=Counter(
            "marketsync_control_own_resyncs",
            "Resyncs that the service started itself (new_group, new_account, offsets_forgotten,"
            " offsets_out_of_retention)",
            ["channel", "cause"],
            registry=registry,
        ),
        resent=Counter(
            "marketsync_control_resent",
            "States that such a resync has sent to its channel's background lane",
            ["channel"],
            registry=registry,
        ),
    )
