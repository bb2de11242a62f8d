"""Metrics of the files that channels read."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consumer.metrics.capped import Fold, Making

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class FeedMetrics:
    """How the feeds of an installation are doing. Every process that serves them tells the same of each."""

    offers: Gauge
    bytes: Gauge
    published: Gauge
    checked: Gauge
    waiting: Gauge
    held: Gauge
    failing: Gauge
    overdue: Gauge
    new_categories: Gauge
    builds: Counter
    seconds: Histogram
    downloads: Counter
    reading: Gauge
    builder: Gauge


def feed_metrics(registry: CollectorRegistry) -> FeedMetrics:
    """Register them."""
    make = Making(registry)
    feed = ["tenant", "channel", "account"]

    def gauge(name: str, words: str, labels: list[str] = feed, fold: Fold = sum) -> Gauge:
        return make.gauge(f"marketsync_feed_{name}", words, labels, fold)

    return FeedMetrics(
        offers=gauge("offers", "Offers in the published file"),
        bytes=gauge("file_bytes", "Size of the published file, not compressed"),
        published=gauge("published_timestamp_seconds", "When the content of the published file changed last", fold=min),
        checked=gauge(
            "checked_timestamp_seconds", "When the file was last built and found right or published", fold=min
        ),
        waiting=gauge(
            "waiting_seconds", "For how long changes have waited to be in the file, 0 = it has all", fold=max
        ),
        held=gauge("held", "1 while a file waits for a person's word, because it would be much smaller or empty"),
        failing=gauge("failing", "Builds in a row that failed; the last good file is served meanwhile"),
        overdue=gauge("overdue", "1 while changes have waited for more than three intervals and a minute: alarm"),
        new_categories=gauge("new_categories", "Categories that the channel was not told of yet"),
        builds=make.counter("marketsync_feed_builds", "Builds, by how they ended", ["channel", "result"]),
        seconds=make.histogram("marketsync_feed_build_seconds", "Seconds of a build", ["channel"], buckets=_SECONDS),
        downloads=make.counter("marketsync_feed_downloads", "Requests for files, by status of the answer", ["status"]),
        reading=gauge("downloads_open", "Files that are being read now", []),
        builder=gauge("builder", "1 while this process builds the files, 0 while it stands by", []),
    )
