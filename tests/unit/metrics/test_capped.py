"""However many accounts there are, a process shows so many of them; the others are told together."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from consumer.metrics import delivery_metrics
from consumer.metrics.capped import OTHER, Making, Names

LABELS = ("channel", "account")


def value(registry: CollectorRegistry, name: str, account: str) -> float | None:
    return registry.get_sample_value(name, {"channel": "ebay", "account": account})


def test_counters_of_the_others_add_up() -> None:
    registry = CollectorRegistry()
    counter = Making(registry, Names(2)).counter("sent", "words", LABELS)
    for account in ("a/x", "b/x", "c/x", "d/x", "a/x"):
        counter.labels("ebay", account).inc()
    assert [value(registry, "sent_total", name) for name in ("a/x", "b/x", "c/x", OTHER)] == [2, 1, None, 2]


def test_gauges_of_the_others_are_folded_as_they_were_told_last() -> None:
    registry = CollectorRegistry()
    make = Making(registry, Names(1))
    flags, ages = make.gauge("halted", "words", LABELS), make.gauge("oldest", "words", LABELS, fold=max)
    for account, figure in (("a/x", 1), ("b/x", 1), ("c/x", 1), ("b/x", 0), ("d/x", 1)):
        flags.labels("ebay", account).set(figure)
        ages.labels("ebay", account).set(figure * len(account) * ord(account[0]))
    assert value(registry, "halted", OTHER) == 2
    assert value(registry, "oldest", OTHER) == 3 * ord("d")
    assert value(registry, "halted", "a/x") == 1


def test_what_is_removed_counts_no_more_and_the_last_one_takes_the_series_along() -> None:
    registry = CollectorRegistry()
    gauge = Making(registry, Names(1)).gauge("waiting", "words", LABELS)
    for account in ("a/x", "b/x", "c/x"):
        gauge.labels("ebay", account).set(5)
    gauge.remove("ebay", "a/x")
    gauge.remove("ebay", "b/x")
    assert (value(registry, "waiting", "a/x"), value(registry, "waiting", OTHER)) == (None, 5)
    gauge.remove("ebay", "c/x")
    assert value(registry, "waiting", OTHER) is None
    gauge.labels("ebay", "c/x").set(7)
    assert value(registry, "waiting", OTHER) == 7


def test_the_same_accounts_are_shown_in_all_metrics_of_a_process() -> None:
    registry = CollectorRegistry()
    metrics = delivery_metrics(registry, most=1)
    metrics.in_flight.labels("ebay", "a/x").set(1)
    metrics.waiting.labels("ebay", "b/x").set(1)
    metrics.waiting.labels("ebay", "a/x").set(2)
    assert value(registry, "marketsync_delivery_waiting", "a/x") == 2
    assert value(registry, "marketsync_delivery_waiting", OTHER) == 1


def test_a_thousand_accounts_are_so_many_series_as_the_cap_allows() -> None:
    registry = CollectorRegistry()
    metrics = delivery_metrics(registry, most=10)
    for number in range(1000):
        metrics.write_to_channel_seconds.labels("ebay", f"t{number}/x").observe(1.0)
        metrics.quotas.used.labels("ebay", f"t{number}/x revise").set(1)
        metrics.owed.floods.labels("ebay", f"t{number}/x").inc()
    counted = [
        sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith(("to_channel_seconds_count", "quota_used", "floods_total"))
    ]
    assert len(counted) == 3 * 11
    assert sum(counted) == 3 * 1000
