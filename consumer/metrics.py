"""All metrics, each with meaning, unit and labels. Labels stay few and bounded: never a SKU, a key or an offset.

Built once per process by bootstrap and handed to the rooms; tests read the registry they gave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_END_TO_END_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
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
            buckets=_CALL_SECONDS,
            registry=registry,
        ),
        transaction_events=Histogram(
            "marketsync_capture_transaction_events",
            "Document changes covered by one Kafka transaction",
            buckets=_BATCH_SIZES,
            registry=registry,
        ),
    )


@dataclass(frozen=True, slots=True)
class TenantMetrics:
    """The registry of tenants and the streams that follow them. Labels: status, stream."""

    tenants: Gauge
    problems: Gauge
    following: Gauge
    failing: Gauge


def tenant_metrics(registry: CollectorRegistry) -> TenantMetrics:
    """Register the metrics of the registry of tenants."""
    return TenantMetrics(
        tenants=Gauge("marketsync_tenants", "Tenants in the registry by status", ["status"], registry=registry),
        problems=Gauge(
            "marketsync_tenant_problems",
            "Registry documents that cannot be used, and 1 more while the registry cannot be read",
            registry=registry,
        ),
        following=Gauge(
            "marketsync_tenant_stream_following",
            "1 while this process captures the tenants of the stream",
            ["stream"],
            registry=registry,
        ),
        failing=Gauge(
            "marketsync_tenant_stream_failing",
            "1 while the stream has tenants and neither follows them nor stands by",
            ["stream"],
            registry=registry,
        ),
    )


@dataclass(frozen=True, slots=True)
class DeliveryMetrics:
    """What one channel's delivery does. Labels: channel, account, operation, outcome, reason."""

    records: Counter
    outcomes: Counter
    superseded: Counter
    ignored: Counter
    retries: Counter
    unknown_errors: Counter
    dead_letters: Counter
    call_seconds: Histogram
    write_to_channel_seconds: Histogram
    in_flight: Gauge
    waiting: Gauge
    unfinished_records: Gauge
    paused_partitions: Gauge
    halted: Gauge
    down: Gauge
    reset_offsets: Counter


def delivery_metrics(registry: CollectorRegistry) -> DeliveryMetrics:
    """Register delivery's metrics."""
    account = ["channel", "account"]
    return DeliveryMetrics(
        records=Counter(
            "marketsync_delivery_records", "Kafka records taken in", ["channel", "topic"], registry=registry
        ),
        outcomes=Counter(
            "marketsync_delivery_outcomes",
            "Listings finished by what was done and how it ended",
            [*account, "operation", "outcome"],
            registry=registry,
        ),
        superseded=Counter(
            "marketsync_delivery_superseded",
            "States never sent because a newer one of the same listing was there",
            account,
            registry=registry,
        ),
        ignored=Counter(
            "marketsync_delivery_ignored",
            "Records that concern nobody here, by reason (no_account: their tenant sells nothing on this channel)",
            ["channel", "reason"],
            registry=registry,
        ),
        retries=Counter(
            "marketsync_delivery_retries",
            "Tries postponed, by error kind and where the listing waits (memory or topic)",
            [*account, "reason", "place"],
            registry=registry,
        ),
        unknown_errors=Counter(
            "marketsync_delivery_unknown_errors",
            "Failures whose identifier our tables of the channel do not have, by the kind they were taken for; the log"
            " names them",
            [*account, "kind"],
            registry=registry,
        ),
        dead_letters=Counter(
            "marketsync_delivery_dead_letters", "Updates given up", ["channel", "reason"], registry=registry
        ),
        call_seconds=Histogram(
            "marketsync_delivery_call_seconds",
            "Duration of one adapter call (a batch)",
            [*account, "operation"],
            buckets=_CALL_SECONDS,
            registry=registry,
        ),
        write_to_channel_seconds=Histogram(
            "marketsync_delivery_write_to_channel_seconds",
            "From the PIM's write to the channel's yes",
            account,
            buckets=_END_TO_END_SECONDS,
            registry=registry,
        ),
        in_flight=Gauge("marketsync_delivery_in_flight", "Listings in a channel call now", account, registry=registry),
        waiting=Gauge("marketsync_delivery_waiting", "Listings that wait in memory", account, registry=registry),
        unfinished_records=Gauge(
            "marketsync_delivery_unfinished_records",
            "Records taken in whose offset is not finished",
            ["channel"],
            registry=registry,
        ),
        paused_partitions=Gauge(
            "marketsync_delivery_paused_partitions", "Partitions paused by backpressure", ["channel"], registry=registry
        ),
        halted=Gauge("marketsync_delivery_halted", "1 while the account is halted", account, registry=registry),
        down=Gauge(
            "marketsync_delivery_channel_down",
            "1 while the account's calls rest because the channel does not answer",
            account,
            registry=registry,
        ),
        reset_offsets=Counter(
            "marketsync_delivery_reset_offsets",
            "Committed offsets that fell out of retention: updates were missed, resync",
            ["channel", "topic"],
            registry=registry,
        ),
    )
