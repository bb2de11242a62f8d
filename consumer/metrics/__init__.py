"""All metrics, each with meaning, unit and labels. Labels stay few and bounded: never a SKU, a key or an offset.

One module per room. Built once per process by bootstrap and handed to the rooms; tests read the registry they gave.
"""

from __future__ import annotations

from consumer.metrics.capture import CaptureMetrics, capture_metrics
from consumer.metrics.control import ControlMetrics, control_metrics
from consumer.metrics.credentials import CredentialMetrics, credential_metrics
from consumer.metrics.delivery import DeliveryMetrics, delivery_metrics
from consumer.metrics.disk import disk_metrics
from consumer.metrics.feeds import FeedMetrics, feed_metrics
from consumer.metrics.orders import OrderMetrics, Reading, Shown, order_metrics
from consumer.metrics.snapshots import SnapshotMetrics
from consumer.metrics.tenants import TenantMetrics, tenant_metrics

ROOMS = (
    capture_metrics,
    tenant_metrics,
    delivery_metrics,
    control_metrics,
    credential_metrics,
    feed_metrics,
    order_metrics,
    disk_metrics,
)
"""What registers the metrics of each room, in the order of the operator's page."""

__all__ = [
    "ROOMS",
    "CaptureMetrics",
    "ControlMetrics",
    "CredentialMetrics",
    "DeliveryMetrics",
    "FeedMetrics",
    "OrderMetrics",
    "Reading",
    "Shown",
    "SnapshotMetrics",
    "TenantMetrics",
    "capture_metrics",
    "control_metrics",
    "credential_metrics",
    "delivery_metrics",
    "disk_metrics",
    "feed_metrics",
    "order_metrics",
    "tenant_metrics",
]
