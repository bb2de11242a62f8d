"""Metrics of what is owed to the channels without an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import Counter, Gauge

from consumer.metrics.capped import Making


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
    _shown: set[tuple[str, str]] = field(default_factory=set)
    _closed: set[tuple[str, str]] = field(default_factory=set)

    def tell(
        self,
        channel: str,
        accounts: Iterable[str],
        owed: Mapping[tuple[str, str], tuple[int, datetime]],
        at: datetime,
    ) -> None:
        """owed: (account, cause) → how many, and since when the first of them. at: now. What is owed no more is 0."""
        for known in self._shown.difference(owed):
            self.listings.labels(channel, *known).set(0)
        self._shown.update(owed)
        oldest = dict.fromkeys(accounts, 0.0)
        for (account, cause), (count, since) in owed.items():
            self.listings.labels(channel, account, cause).set(count)
            oldest[account] = max(oldest.get(account, 0.0), (at - since).total_seconds())
        for account, age in oldest.items():
            self.oldest.labels(channel, account).set(age)

    def tell_brakes(self, channel: str, closed: Iterable[tuple[str, str]]) -> None:
        """closed: (account, brake); all others of this channel are open."""
        now = set(closed)
        for known in self._closed - now:
            self.brakes.labels(channel, *known).set(0)
        for account, brake in now:
            self.brakes.labels(channel, account, brake).set(1)
        self._closed.update(now)


def owed_metrics(make: Making) -> OwedMetrics:
    """Register them."""
    account = ["channel", "account"]
    return OwedMetrics(
        listings=make.gauge(
            "marketsync_delivery_owed_listings",
            "Listings whose newest state has to be sent without an event, by cause; held = a person has to decide",
            [*account, "cause"],
        ),
        oldest=make.gauge(
            "marketsync_delivery_owed_oldest_seconds",
            "How long the listing that is owed longest has been, 0 where none is",
            account,
            fold=max,
        ),
        marks=make.counter(
            "marketsync_delivery_owed_marks",
            "Times a listing was marked as owed by delivery instead of being sent, by cause",
            [*account, "cause"],
        ),
        swept=make.counter("marketsync_delivery_swept", "Owed listings whose product was read to be sent", account),
        paused=make.gauge("marketsync_delivery_paused", "1 while the account is paused", account),
        floods=make.counter(
            "marketsync_delivery_floods",
            "Times an account (or the channel) was paused because too much was given up at once",
            ["channel", "whom"],
        ),
        brakes=make.gauge(
            "marketsync_delivery_brake_closed",
            "1 while a brake of the account is closed: what it holds waits for a person (`marketsync held`)",
            [*account, "brake"],
        ),
    )
