"""Metrics of what waits in a delivery process: how old, how much, how full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import Gauge

from consumer.metrics.capped import Making


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits now. Ages in seconds; accounts as tenant/name.

    lag: of each tenant's oldest change that was taken in and is not finished. waiting: of each account's oldest that
    waits. blocked: since the first failure of the one that waits longest for another try. lanes: listings by lane.
    bytes: of all that waits. retries: listings that wait for another try, by the place where they wait (memory, or the
    delay of a retry topic as in 30s); due: those of them whose time has come.
    """

    lag: Mapping[str, float]
    waiting: Mapping[str, float]
    blocked: Mapping[str, float]
    lanes: Mapping[str, int]
    bytes: int
    retries: Mapping[str, int]
    due: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BacklogMetrics:
    """Labels: channel, group, tenant, account, lane, tier. All gauges tell of this process's partitions."""

    lag: Gauge
    waiting: Gauge
    blocked: Gauge
    lanes: Gauge
    bytes: Gauge
    retries: Gauge
    due: Gauge
    _shown: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)

    def tell(self, channel: str, group: str, now: Backlog) -> None:
        """How it is now. Whoever was told of before and has nothing any more is at 0."""
        self._set("lag", self.lag, {(channel, group, tenant): age for tenant, age in now.lag.items()})
        for name, gauge, figures in (
            ("waiting", self.waiting, now.waiting),
            ("blocked", self.blocked, now.blocked),
            ("lanes", self.lanes, now.lanes),
            ("retries", self.retries, now.retries),
            ("due", self.due, now.due),
        ):
            self._set(name, gauge, {(channel, label): figure for label, figure in figures.items()})
        self.bytes.labels(channel).set(now.bytes)

    def _set(self, name: str, gauge: Gauge, figures: Mapping[tuple[str, ...], float]) -> None:
        shown = self._shown.setdefault(name, set())
        for labels in shown.difference(figures):
            gauge.labels(*labels).set(0)
        for labels, figure in figures.items():
            gauge.labels(*labels).set(figure)
        shown.clear()
        shown.update(figures)


def backlog_metrics(make: Making) -> BacklogMetrics:
    """Register them."""
    return BacklogMetrics(
        lag=make.gauge(
            "marketsync_delivery_lag_seconds",
            "Age of the tenant's oldest change that the consumer group has read and not finished, 0 = none; take the"
            " largest over the processes of a group",
            ["channel", "group", "tenant"],
            fold=max,
        ),
        waiting=make.gauge(
            "marketsync_delivery_oldest_waiting_seconds",
            "Age of the account's oldest change that waits for its call",
            ["channel", "account"],
            fold=max,
        ),
        blocked=make.gauge(
            "marketsync_delivery_oldest_blocked_seconds",
            "How long the account's longest blocked listing has failed: since its first failure, while it waits in"
            " memory for another try",
            ["channel", "account"],
            fold=max,
        ),
        lanes=make.gauge(
            "marketsync_delivery_lane_waiting",
            "Listings that wait in memory, by lane (withdraw, offer, content, background)",
            ["channel", "lane"],
        ),
        bytes=make.gauge("marketsync_delivery_waiting_bytes", "Bytes of the records that wait in memory", ["channel"]),
        retries=make.gauge(
            "marketsync_delivery_retries_waiting",
            "Listings that wait for another try, by tier: memory, or the delay of their retry topic (of a topic: those"
            " this process has read)",
            ["channel", "tier"],
        ),
        due=make.gauge(
            "marketsync_delivery_retries_due",
            "Those of them whose time has come and that were not tried yet, by tier",
            ["channel", "tier"],
        ),
    )
