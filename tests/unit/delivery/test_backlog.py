"""How old what waits is, and where it waits, as Prometheus hears it."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from consumer.delivery.backlog import backlog
from consumer.delivery.held import Held
from consumer.delivery.lanes import Lane
from consumer.delivery.slots import Slots
from consumer.metrics import delivery_metrics
from consumer.metrics.backlog import Backlog
from tests.unit.delivery.making import CHANNEL, START, make_record, make_work

DELAYS = {"retry.60s": 60}


def look(slots: Slots, held: Held, now: float = 100.0) -> Backlog:
    return backlog(slots, held, DELAYS.get, now=now, wall=START + now)


def told(found: Backlog, metric: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    delivery_metrics(registry).backlog.tell(CHANNEL, "group", found)
    return registry.get_sample_value(f"marketsync_delivery_{metric}", {"channel": CHANNEL, **labels})


def test_ages_lanes_and_failures_are_told_of_what_waits_and_of_what_is_on_its_way() -> None:
    slots = Slots()
    slots.offer(make_work("A", 1))
    slots.take(make_work("A", 1).key)
    late = make_work("B", 2, lane=Lane.WITHDRAW, attempts=2, first_failure=70.0, due=130.0)
    slots.offer(replace(late, record=replace(late.record, timestamp=START + 60)))
    found = look(slots, Held())
    assert told(found, "lag_seconds", group="group", tenant="shop") == 100
    assert told(found, "oldest_waiting_seconds", account="shop/default") == 40
    assert told(found, "oldest_blocked_seconds", account="shop/default") == 30
    assert told(found, "lane_waiting", lane="withdraw") == 1
    assert told(found, "lane_waiting", lane="content") == 0
    assert told(found, "retries_waiting", tier="memory") == 1
    assert told(found, "retries_due", tier="memory") == 0
    assert told(look(slots, Held(), 131.0), "retries_due", tier="memory") == 1


def test_retry_topics_are_told_by_their_delay() -> None:
    held = Held()
    for offset, until in enumerate((150.0, 160.0)):
        held.hold(make_record(topic="retry.60s", offset=offset), until, 100.0)
    assert told(look(Slots(), held), "retries_waiting", tier="60s") == 2
    assert told(look(Slots(), held, 155.0), "retries_due", tier="60s") == 1


def test_what_is_over_goes_back_to_zero() -> None:
    registry = CollectorRegistry()
    metrics = delivery_metrics(registry).backlog
    slots = Slots()
    slots.offer(make_work("A", 1))
    for state in (slots, Slots()):
        metrics.tell(CHANNEL, "group", look(state, Held()))
    labels = {"channel": CHANNEL, "group": "group", "tenant": "shop"}
    assert registry.get_sample_value("marketsync_delivery_lag_seconds", labels) == 0
