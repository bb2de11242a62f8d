"""A server that searches makes progress, one that is silent does not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.capture.search import SearchWatch
from consumer.metrics import capture_metrics
from consumer.mongo import PyMongoError
from consumer.mongo.change_stream import RawBatch, StartPoint


class Request:
    """A cursor whose request is out. steps_taken: what the server says of it."""

    def __init__(self) -> None:
        self.silent = 0.0
        self.steps_taken: int | None = 0
        self.asked = 0

    def steps(self) -> int | None:
        self.asked += 1
        if self.steps_taken is None:
            raise PyMongoError("no answer")
        return self.steps_taken

    def open(self, start: StartPoint) -> Mapping[str, Any]:
        raise AssertionError(start)

    def more(self) -> RawBatch | None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def watch(registry: CollectorRegistry) -> SearchWatch:
    return SearchWatch(capture_metrics(registry).of_stream("pim"), max_await=0.5)


def shown(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value(f"marketsync_capture_{name}", {"stream": "pim"})


def test_a_server_that_gets_on_is_progress(registry: CollectorRegistry, watch: SearchWatch) -> None:
    request, before = Request(), time.time()
    for second in range(1, 4):
        request.silent, request.steps_taken = float(second), 600 * second
        watch.look(request)
        assert shown(registry, "searching_seconds") == second
    assert before <= (shown(registry, "last_progress_timestamp_seconds") or 0) <= time.time()
    watch.answered()
    assert shown(registry, "searching_seconds") == 0


def test_a_server_that_stands_still_or_does_not_answer_is_none(registry: CollectorRegistry, watch: SearchWatch) -> None:
    request = Request()
    request.silent, request.steps_taken = 1.0, 7
    watch.look(request)
    progress = shown(registry, "last_progress_timestamp_seconds")
    request.silent = 2.0
    watch.look(request)
    request.steps_taken = None
    watch.look(request)
    assert request.asked == 3
    assert shown(registry, "last_progress_timestamp_seconds") == progress
    assert shown(registry, "searching_seconds") == 1


def test_a_server_that_only_waits_for_changes_is_not_asked(watch: SearchWatch) -> None:
    request = Request()
    request.silent = 0.6
    watch.look(request)
    watch.look(None)
    assert request.asked == 0
