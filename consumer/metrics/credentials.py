"""Metrics of the credentials of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Gauge

# Tenant, channel, account, credential.
Labels = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class CredentialMetrics:
    """How old the credentials of a channel's accounts are, and when they end."""

    expires: Gauge
    age: Gauge
    _shown: set[Labels] = field(default_factory=set)

    def tell(self, ages: Mapping[Labels, float], ends: Mapping[Labels, float]) -> None:
        """Seconds since each was set, and until each ends. Whatever is not named is there no more."""
        self._forget(self._shown - set(ages), self.age)
        self._forget(self._shown - set(ends), self.expires)
        for gauge, figures in ((self.age, ages), (self.expires, ends)):
            for labels, seconds in figures.items():
                gauge.labels(*labels).set(seconds)
        self._shown.clear()
        self._shown.update(ages)

    @staticmethod
    def _forget(gone: Iterable[Labels], gauge: Gauge) -> None:
        known = {tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples}
        for labels in known.intersection(gone):
            gauge.remove(*labels)


def credential_metrics(registry: CollectorRegistry) -> CredentialMetrics:
    """Register them."""
    labels = ["tenant", "channel", "account", "credential"]
    return CredentialMetrics(
        expires=Gauge(
            "marketsync_credential_expires_in_seconds",
            "Seconds until the credential ends, below 0 when it has; none for what is not known to end",
            labels,
            registry=registry,
        ),
        age=Gauge(
            "marketsync_credential_age_seconds", "Seconds since the credential was set", labels, registry=registry
        ),
    )
