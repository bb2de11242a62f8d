"""Metrics of the credentials of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Gauge

from consumer.metrics.capped import Making

# Tenant, channel, account, credential.
Labels = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class CredentialMetrics:
    """How old the credentials of a channel's accounts are, and when they end."""

    expires: Gauge
    age: Gauge
    _expiring: set[Labels] = field(default_factory=set)
    _aging: set[Labels] = field(default_factory=set)

    def tell(self, ages: Mapping[Labels, float], ends: Mapping[Labels, float]) -> None:
        """Seconds since each was set, and until each ends. Whatever is not named is there no more."""
        for gauge, shown, figures in ((self.age, self._aging, ages), (self.expires, self._expiring, ends)):
            for labels in shown.difference(figures):
                gauge.remove(*labels)
            for labels, seconds in figures.items():
                gauge.labels(*labels).set(seconds)
            shown.clear()
            shown.update(figures)


def credential_metrics(registry: CollectorRegistry) -> CredentialMetrics:
    """Register them."""
    make = Making(registry)
    labels = ["tenant", "channel", "account", "credential"]
    return CredentialMetrics(
        expires=make.gauge(
            "marketsync_credential_expires_in_seconds",
            "Seconds until the credential ends, below 0 when it has; none for what is not known to end",
            labels,
            fold=min,
        ),
        age=make.gauge("marketsync_credential_age_seconds", "Seconds since the credential was set", labels, fold=max),
    )
