"""Metrics of what channels took and decide on later."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class TicketMetrics:
    """Labels: channel, account; outcome."""

    ended: Counter
    submitted: Gauge
    oldest: Gauge


def ticket_metrics(registry: CollectorRegistry) -> TicketMetrics:
    """Register them."""
    account = ["channel", "account"]
    return TicketMetrics(
        ended=Counter(
            "marketsync_delivery_tickets_ended",
            "Listings that a channel took first and decided on later: accepted, refused, failed (sent again), lost (the"
            " channel does not know how it ended, sent again), overdue (it never said, sent again)",
            [*account, "outcome"],
            registry=registry,
        ),
        submitted=Gauge(
            "marketsync_delivery_submitted",
            "Listings of which the channel has something undecided, told by the process that asks how it ends",
            account,
            registry=registry,
        ),
        oldest=Gauge(
            "marketsync_delivery_oldest_ticket_seconds",
            "How long ago the oldest of them was taken; beyond eight hours it counts as overdue, and is sent again",
            account,
            registry=registry,
        ),
    )
