"""Metrics of capture: one stream from MongoDB into Kafka."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consumer.metrics.buckets import CALL_SECONDS

_BATCH_SIZES = (1, 5, 10, 50, 100, 500, 1000, 5000, 20000)


@dataclass(frozen=True, slots=True)
class CaptureMetrics:
    """What capture does. Lag is measured from the PIM's write to the commit in Kafka."""

    events: Counter
    noise: Counter
    dead_letters: Counter
    snapshot_products: Counter
    bytes_read: Counter
    reconnects: Counter
    leader: Gauge
    takeovers: Counter
    lag: Gauge
    last_progress: Gauge
    waiting: Gauge
    transaction_seconds: Histogram
    transaction_events: Histogram

    def of_stream(self, stream: str) -> CaptureMetrics:
        """The same, with what is told per stream bound to this one."""
        return replace(
            self,
            lag=self.lag.labels(stream),
            last_progress=self.last_progress.labels(stream),
            waiting=self.waiting.labels(stream),
        )


def capture_metrics(registry: CollectorRegistry) -> CaptureMetrics:
    """Register capture's metrics."""
    return CaptureMetrics(
        events=Counter(
            "marketsync_capture_events", "Product events committed to Kafka", ["operation"], registry=registry
        ),
        noise=Counter(
            "marketsync_capture_noise", "Document changes that are no product change", ["reason"], registry=registry
        ),
        dead_letters=Counter(
            "marketsync_capture_dead_letters", "Changes that could not become an event", ["reason"], registry=registry
        ),
        snapshot_products=Counter(
            "marketsync_capture_snapshot_products", "Products published by snapshots", registry=registry
        ),
        bytes_read=Counter(
            "marketsync_capture_read_bytes", "Bytes of change events read from MongoDB", registry=registry
        ),
        reconnects=Counter(
            "marketsync_capture_reconnects",
            "Change streams opened again after a failure",
            ["reason"],
            registry=registry,
        ),
        leader=Gauge(
            "marketsync_capture_leader",
            "1 while this process holds the lease of the stream, 0 while it stands by",
            ["stream"],
            registry=registry,
        ),
        takeovers=Counter(
            "marketsync_capture_takeovers",
            "Times this process won the lease of the stream, its first start included",
            ["stream"],
            registry=registry,
        ),
        lag=Gauge(
            "marketsync_capture_lag_seconds",
            "Age of the last committed change when it was committed",
            ["stream"],
            registry=registry,
        ),
        last_progress=Gauge(
            "marketsync_capture_last_progress_timestamp_seconds",
            "When a position was last committed or the server last said there is nothing new",
            ["stream"],
            registry=registry,
        ),
        waiting=Gauge(
            "marketsync_capture_waiting_products",
            "Products without a current version that are not counted as deleted yet",
            ["stream"],
            registry=registry,
        ),
        transaction_seconds=Histogram(
            "marketsync_capture_transaction_seconds",
            "Duration of one Kafka transaction",
            buckets=CALL_SECONDS,
            registry=registry,
        ),
        transaction_events=Histogram(
            "marketsync_capture_transaction_events",
            "Document changes covered by one Kafka transaction",
            buckets=_BATCH_SIZES,
            registry=registry,
        ),
    )
