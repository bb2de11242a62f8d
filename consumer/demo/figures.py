"""What the demo shows while it runs, read from where an operator would read it: /metrics and the listing store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from consumer.errors import UnavailableError
from consumer.health import Sample, read_metrics
from consumer.mongo import Collection, Document

_BY_STATUS = [{"$group": {"_id": "$status", "n": {"$sum": 1}}}]
_LATENCY = "marketsync_delivery_write_to_channel_seconds_bucket"

Buckets = Mapping[float, float]
"""Upper bound in seconds -> how many took at most that long, as Prometheus counts them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One look. events: captured, by operation. sent: accepted by the channel, by operation. listings: by status.

    quiet: events that changed nothing a buyer sees, so that no call was made. failed: tries postponed, by reason.
    """

    events: Counter[str] = field(default_factory=Counter)
    noise: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    quiet: int = 0
    superseded: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    listings: Mapping[str, int] = field(default_factory=dict)
    latency: Buckets = field(default_factory=dict)


def read_figures(urls: Sequence[str], listings: Collection[Document]) -> Figures:
    """Look now. A process that does not answer, because it is starting, counts as having done nothing yet."""
    samples = [sample for url in urls for sample in _read(url)]
    outcomes = "marketsync_delivery_outcomes_total"
    return Figures(
        events=_count(samples, "marketsync_capture_events_total", "operation"),
        noise=_count(samples, "marketsync_capture_noise_total", "reason").total(),
        sent=_count(samples, outcomes, "operation", outcome="accepted"),
        quiet=_count(samples, outcomes, "outcome")["unchanged"],
        failed=_count(samples, "marketsync_delivery_retries_total", "reason"),
        superseded=_count(samples, "marketsync_delivery_superseded_total", "channel").total(),
        listings={row["_id"]: row["n"] for row in listings.aggregate(_BY_STATUS)},
        latency=_buckets(samples),
    )


def _read(url: str) -> list[Sample]:
    try:
        return read_metrics(url)
    except UnavailableError:
        return []


def _count(samples: Iterable[Sample], name: str, label: str, **where: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sample in samples:
        if sample.name == name and sample.value and where.items() <= sample.labels.items():
            counts[sample.labels[label]] += int(sample.value)
    return counts


def _buckets(samples: Iterable[Sample]) -> Buckets:
    buckets: Counter[float] = Counter()
    for sample in samples:
        if sample.name == _LATENCY:
            buckets[float(sample.labels["le"])] += int(sample.value)
    return buckets


def since(now: Buckets, before: Buckets) -> Buckets:
    """The counts that came after `before` was read."""
    return {bound: count - before.get(bound, 0) for bound, count in now.items()}


def quantile(buckets: Buckets, share: float) -> float | None:
    """The latency in seconds that `share` of all stay below, as Prometheus estimates it; None without any.

    Inside a bucket the counts are taken as spread evenly; above the last bound the bound itself is returned.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0
    if not total:
        return None
    lower, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= share * total:
            if bound == float("inf"):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * (share * total - below) / inside if inside else bound
        lower, below = bound, buckets[bound]
    return lower
