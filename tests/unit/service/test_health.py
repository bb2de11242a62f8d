"""The health server answers what Prometheus and an orchestrator ask."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import Counter

from consumer.errors import UnavailableError
from consumer.health import HealthServer, make_registry, read_metrics


class Served:
    def __init__(self) -> None:
        self.unready: list[str] = []
        self.stuck: list[str] = []
        self.registry = make_registry()
        self.server = HealthServer(
            self.registry, ("127.0.0.1", 0), unready=lambda: self.unready, stuck=lambda: self.stuck
        )
        self.url = self.server.start()

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.stop()


def test_ready_and_live_say_why_not(served: Served) -> None:
    assert served.get("/health/ready") == (200, {"status": "ready", "reasons": []})
    assert served.get("/health/live") == (200, {"status": "live", "reasons": []})
    served.unready.append("Kafka has not assigned partitions yet")
    assert served.get("/health/ready") == (
        503,
        {"status": "not ready", "reasons": ["Kafka has not assigned partitions yet"]},
    )
    assert served.get("/health/live")[0] == 200
    served.stuck.append("the event loop has not turned for 40 s")
    assert served.get("/health/live")[0] == 503


def test_metrics_can_be_read_back(served: Served) -> None:
    counter = Counter("marketsync_things", "Things", ["kind"], registry=served.registry)
    counter.labels("good").inc(3)
    samples = {(sample.name, sample.labels.get("kind")): sample.value for sample in read_metrics(served.url)}
    assert samples["marketsync_things_total", "good"] == 3
    assert samples["process_resident_memory_bytes", None] > 1_000_000


def test_a_taken_port_is_told_with_its_cure(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    second = HealthServer(make_registry(), ("127.0.0.1", port), unready=list, stuck=list)
    with pytest.raises(UnavailableError, match="MARKETSYNC_METRICS_PORT"):
        second.start()


def test_a_stopped_server_is_told(served: Served) -> None:
    served.server.stop()
    served.server.stop()
    with pytest.raises(UnavailableError, match="no metrics at"):
        read_metrics(served.url, deadline=2)
