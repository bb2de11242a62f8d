"""Metrics of capture: one stream from MongoDB into Kafka."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consumer.metrics.buckets import CALL_SECONDS
from consumer.metrics.lag import Lag, lag_metrics
from consumer.metrics.snapshots import SnapshotMetrics, snapshot_metrics

_BATCH_SIZES = (1, 5, 10, 50, 100, 500, 1000, 5000, 20000)
_BYTES = (1_000, 10_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 20_000_000, 40_000_000, 80_000_000)


@dataclass(frozen=True, slots=True)
class CaptureMetrics:
    """What capture does. Lag is measured from the PIM's write to the commit in Kafka."""

    events: Counter
    noise: Counter
    dead_letters: Counter
    snapshot_products: Counter
    snapshots: SnapshotMetrics
    bytes_read: Counter
    reconnects: Counter
    leader: Gauge
    takeovers: Counter
    lag: Lag
    position_time: Gauge
    last_progress: Gauge
    searching: Gauge
    oplog_headroom: Gauge
    waiting: Gauge
    gaps: Counter
    last_gap: Gauge
    forgotten: Counter
    transaction_seconds: Histogram
    transaction_events: Histogram
    transaction_records: Histogram
    transaction_bytes: Histogram

    def of_stream(self, stream: str) -> CaptureMetrics:
        """The same, with what is told per stream bound to this one."""
        return replace(
            self,
            snapshots=self.snapshots.of_stream(stream),
            lag=self.lag.labels(stream),
            position_time=self.position_time.labels(stream),
            searching=self.searching.labels(stream),
            last_progress=self.last_progress.labels(stream),
            waiting=self.waiting.labels(stream),
            gaps=self.gaps.labels(stream),
            last_gap=self.last_gap.labels(stream),
            forgotten=self.forgotten.labels(stream),
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
        snapshots=snapshot_metrics(registry),
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
        lag=lag_metrics(registry),
        position_time=Gauge(
            "marketsync_capture_position_timestamp_seconds",
            "Cluster time of the last committed position: all changes until then are in Kafka",
            ["stream"],
            registry=registry,
        ),
        last_progress=Gauge(
            "marketsync_capture_last_progress_timestamp_seconds",
            "When a position was last committed or the server last said there is nothing new",
            ["stream"],
            registry=registry,
        ),
        searching=Gauge(
            "marketsync_capture_searching_seconds",
            "For how long the server has been working through foreign changes in one request; 0 while it answers",
            ["stream"],
            registry=registry,
        ),
        oplog_headroom=Gauge(
            "marketsync_capture_oplog_headroom_seconds",
            "Seconds left before the oplog loses our position; absent where the MongoDB user may not see its age",
            ["stream"],
            registry=registry,
        ),
        waiting=Gauge(
            "marketsync_capture_waiting_products",
            "Products without a current version that are not counted as deleted yet",
            ["stream"],
            registry=registry,
        ),
        gaps=Counter(
            "marketsync_capture_gaps",
            "Times in which changes were missed, after which everything was read again",
            ["stream"],
            registry=registry,
        ),
        last_gap=Gauge(
            "marketsync_capture_last_gap_timestamp_seconds",
            "When this process last found that changes were missed; 0 = never",
            ["stream"],
            registry=registry,
        ),
        forgotten=Counter(
            "marketsync_capture_forgotten_transactions",
            "Takeovers at which Kafka had forgotten to end a transaction, and capture ended it",
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
        transaction_records=Histogram(
            "marketsync_capture_transaction_records",
            "Records in one Kafka transaction, its position included",
            buckets=_BATCH_SIZES,
            registry=registry,
        ),
        transaction_bytes=Histogram(
            "marketsync_capture_transaction_bytes",
            "Bytes of keys and values in one Kafka transaction, before compression",
            buckets=_BYTES,
            registry=registry,
        ),
    )
