"""Metrics of what is owed to the channels without an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class OwedMetrics:
    """Listings that are owed. Gauges count the partitions of this process. Labels: channel, account, cause."""

    listings: Gauge
    oldest: Gauge
    marks: Counter
    swept: Counter
    paused: Gauge
    floods: Counter
    brakes: Gauge

    def tell(
        self,
        channel: str,
        accounts: Iterable[str],
        owed: Mapping[tuple[str, str], tuple[int, datetime]],
        at: datetime,
    ) -> None:
        """owed: (account, cause) → how many, and since when the first of them. at: now. What is owed no more is 0."""
        for sample in (sample for metric in self.listings.collect() for sample in metric.samples):
            known = (sample.labels["account"], sample.labels["cause"])
            if known not in owed and sample.labels["channel"] == channel:
                self.listings.labels(channel, *known).set(0)
        oldest = dict.fromkeys(accounts, 0.0)
        for (account, cause), (count, since) in owed.items():
            self.listings.labels(channel, account, cause).set(count)
            oldest[account] = max(oldest.get(account, 0.0), (at - since).total_seconds())
        for account, age in oldest.items():
            self.oldest.labels(channel, account).set(age)

    def tell_brakes(self, channel: str, closed: Iterable[tuple[str, str]]) -> None:
        """closed: (account, brake); all others of this channel are open."""
        now = set(closed)
        for sample in (sample for metric in self.brakes.collect() for sample in metric.samples):
            known = (sample.labels["account"], sample.labels["brake"])
            if known not in now and sample.labels["channel"] == channel:
                self.brakes.labels(channel, *known).set(0)
        for account, brake in now:
            self.brakes.labels(channel, account, brake).set(1)


def owed_metrics(registry: CollectorRegistry) -> OwedMetrics:
    """Register them."""
    account = ["channel", "account"]
    return OwedMetrics(
        listings=Gauge(
            "marketsync_delivery_owed_listings",
            "Listings whose newest state has to be sent without an event, by cause; held = a person has to decide",
            [*account, "cause"],
            registry=registry,
        ),
        oldest=Gauge(
            "marketsync_delivery_owed_oldest_seconds",
            "How long the listing that is owed longest has been, 0 where none is",
            account,
            registry=registry,
        ),
        marks=Counter(
            "marketsync_delivery_owed_marks",
            "Times a listing was marked as owed by delivery instead of being sent, by cause",
            [*account, "cause"],
            registry=registry,
        ),
        swept=Counter(
            "marketsync_delivery_swept", "Owed listings whose product was read to be sent", account, registry=registry
        ),
        paused=Gauge("marketsync_delivery_paused", "1 while the account is paused", account, registry=registry),
        floods=Counter(
            "marketsync_delivery_floods",
            "Times an account (or the channel) was paused because too much was given up at once",
            ["channel", "whom"],
            registry=registry,
        ),
        brakes=Gauge(
            "marketsync_delivery_brake_closed",
            "1 while a brake of the account is closed: what it holds waits for a person (`marketsync held`)",
            [*account, "brake"],
            registry=registry,
        ),
    )
