"""Metrics of what channels took and decide on later."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from consumer.metrics.capped import Making


@dataclass(frozen=True, slots=True)
class TicketMetrics:
    """Labels: channel, account; outcome."""

    ended: Counter
    submitted: Gauge
    oldest: Gauge


def ticket_metrics(make: Making) -> TicketMetrics:
    """Register them."""
    account = ["channel", "account"]
    return TicketMetrics(
        ended=make.counter(
            "marketsync_delivery_tickets_ended",
            "Listings that a channel took first and decided on later: accepted, refused, failed (sent again), lost (the"
            " channel does not know how it ended, sent again), overdue (it never said, sent again)",
            [*account, "outcome"],
        ),
        submitted=make.gauge(
            "marketsync_delivery_submitted",
            "Listings of which the channel has something undecided, told by the process that asks how it ends",
            account,
        ),
        oldest=make.gauge(
            "marketsync_delivery_oldest_ticket_seconds",
            "How long ago the oldest of them was taken; beyond eight hours it counts as overdue, and is sent again",
            account,
            fold=max,
        ),
    )
