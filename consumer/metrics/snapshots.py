"""Metrics of snapshots: all that are under way in one stream, taken together."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class SnapshotMetrics:
    """How far the snapshots came that are not done. Only the process that leads the stream tells them."""

    open: Gauge
    after_gap: Gauge
    read: Gauge
    estimate: Gauge
    ranges_left: Gauge
    oldest: Gauge
    yielded: Counter
    failed: Counter

    def of_stream(self, stream: str) -> SnapshotMetrics:
        """The same, bound to this stream."""
        return SnapshotMetrics(
            open=self.open.labels(stream),
            after_gap=self.after_gap.labels(stream),
            read=self.read.labels(stream),
            estimate=self.estimate.labels(stream),
            ranges_left=self.ranges_left.labels(stream),
            oldest=self.oldest.labels(stream),
            yielded=self.yielded.labels(stream),
            failed=self.failed.labels(stream),
        )


def snapshot_metrics(registry: CollectorRegistry) -> SnapshotMetrics:
    """Register the metrics of snapshots."""
    stream = ["stream"]
    return SnapshotMetrics(
        open=Gauge(
            "marketsync_capture_snapshots_open",
            "Snapshots that are not done, requested ones among them",
            stream,
            registry=registry,
        ),
        after_gap=Gauge(
            "marketsync_capture_snapshots_after_gap",
            "Tenants whose products are still read again because changes were missed",
            stream,
            registry=registry,
        ),
        read=Gauge(
            "marketsync_capture_snapshot_read_products",
            "Products that the open snapshots have read so far",
            stream,
            registry=registry,
        ),
        estimate=Gauge(
            "marketsync_capture_snapshot_estimated_products",
            "Products that the open snapshots have to read in all, about",
            stream,
            registry=registry,
        ),
        ranges_left=Gauge(
            "marketsync_capture_snapshot_ranges_left",
            "Ranges of ids that the open snapshots have not read to their end",
            stream,
            registry=registry,
        ),
        oldest=Gauge(
            "marketsync_capture_snapshot_oldest_timestamp_seconds",
            "When the oldest of the open snapshots began to read, 0 = there is none",
            stream,
            registry=registry,
        ),
        yielded=Counter(
            "marketsync_capture_snapshot_yielded_seconds",
            "Seconds in which snapshots published nothing because the stream was behind",
            stream,
            registry=registry,
        ),
        failed=Counter(
            "marketsync_capture_snapshots_failed",
            "Times MongoDB refused to read what a snapshot is to read",
            stream,
            registry=registry,
        ),
    )
