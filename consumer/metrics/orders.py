"""Metrics of orders: what was imported, what waits for the seller, and whether each account is still read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge

from consumer.metrics.capped import Making


@dataclass(frozen=True, slots=True)
class OrderMetrics:
    """How the import is doing. Only the process that leads has series of accounts."""

    imported: Counter
    walked: Gauge
    waiting: Gauge
    oldest: Gauge
    reserved: Gauge


Reading = tuple[Gauge, tuple[str, ...], float]
"""A gauge, its labels, and what it shows."""


@dataclass(slots=True)
class Shown:
    """What was counted last: what is not counted again is shown no more."""

    _last: set[tuple[Gauge, tuple[str, ...]]] = field(default_factory=set)

    def show(self, readings: Iterable[Reading]) -> None:
        """These, and of what was shown before nothing else."""
        found = {(gauge, labels): value for gauge, labels, value in readings}
        for gauge, labels in self._last - found.keys():
            gauge.remove(*labels)
        for (gauge, labels), value in found.items():
            gauge.labels(*labels).set(value)
        self._last = set(found)


def order_metrics(registry: CollectorRegistry) -> OrderMetrics:
    """Register them."""
    make = Making(registry)
    account = ["tenant", "channel", "account"]
    return OrderMetrics(
        imported=make.counter("marketsync_orders_imported", "Orders that were new or had changed", account),
        walked=make.gauge(
            "marketsync_orders_walked_timestamp_seconds",
            "When all changes of the account's orders were last read to the end, or its reading began",
            account,
            min,
        ),
        waiting=make.gauge(
            "marketsync_orders_waiting", "Orders that are not sent and not off, by status", [*account, "status"], sum
        ),
        oldest=make.gauge(
            "marketsync_orders_oldest_seconds",
            "Seconds since the oldest of these was placed, by status",
            [*account, "status"],
            max,
        ),
        reserved=make.gauge(
            "marketsync_orders_reserved_products",
            "Products of which pieces are kept back, because they were sold and the PIM has not taken them off",
            ["tenant"],
            sum,
        ),
    )
