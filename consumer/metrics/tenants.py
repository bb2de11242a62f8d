"""Metrics of the registry of tenants."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge


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
