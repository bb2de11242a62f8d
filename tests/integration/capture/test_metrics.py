"""What capture tells about itself, after real work on real servers."""

from __future__ import annotations

import math
import time
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry

from consumer.capture.oplog_watch import OplogWatch
from consumer.metrics import capture_metrics
from consumer.mongo.change_stream import ChangeStream, StartPoint, Watched
from consumer.mongo.oplog import oplog_begin
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until

FOREIGN = 200_000


def test_what_was_done_is_counted(line: Line) -> None:
    running = line.capture()
    running.wait_until_read()
    begun = time.time()
    line.products.insert_many([make_product(number) for number in range(20)])
    line.products.update_many({}, {"$set": {"quantity": 500}})
    line.products.update_one({"_id": 1}, {"$set": {"completeness_score": 3}})
    line.products.insert_one({"_id": 99, "isCurrent": True})
    line.products.delete_one({"_id": 2})
    line.wait_for(41)
    last = line.client.admin.command("ping")["operationTime"].time
    wait_until(lambda: running.metric("position_timestamp_seconds", stream="pim") >= last, 10)
    running.stop()

    metric = running.metric
    counted = [metric("events_total", operation=name) for name in ("created", "updated", "deleted")]
    assert counted == [20, 20, 1]
    assert metric("noise_total", reason="bookkeeping") == 1
    assert metric("dead_letters_total", reason="no_entity_code") == 1
    assert metric("read_bytes_total") > 43 * 200
    assert metric("lag_seconds_count", stream="pim") == 43
    quantiles = [metric("recent_lag_seconds", stream="pim", quantile=share) for share in ("0.5", "0.95", "0.99", "1.0")]
    assert quantiles == sorted(quantiles)
    assert 0 < quantiles[0] <= quantiles[3] < 10
    assert begun - 1 <= metric("position_timestamp_seconds", stream="pim") <= time.time() + 1
    assert begun <= metric("last_progress_timestamp_seconds", stream="pim") <= time.time()

    transactions = metric("transaction_seconds_count")
    assert metric("transaction_events_sum") == 43
    # Every transaction carries its position, and the deletion was held back in a record of its own that then went.
    assert metric("transaction_records_sum") == 41 + 1 + 2 + transactions
    assert metric("transaction_bytes_count") == transactions
    assert metric("transaction_bytes_sum") > metric("transaction_records_sum") * 50


def test_an_idle_collection_on_a_busy_cluster_keeps_its_position_moving(line: Line) -> None:
    running = line.capture()
    elsewhere = line.client[f"foreign-{line.tenant}"]
    before = running.metric("position_timestamp_seconds", stream="pim")
    stream = ChangeStream(line.client, Watched((line.database.name,), "pimproducts", True, 500, 0.1))
    token = stream.open(StartPoint())
    stream.close()
    try:
        for _ in range(FOREIGN // 20_000):
            elsewhere["orders"].insert_many([{"number": number} for number in range(20_000)])
        end = line.client.admin.command("ping")["operationTime"].time
        wait_until(lambda: running.metric("position_timestamp_seconds", stream="pim") >= end, 10, "it stands still")
        assert end > before
        assert math.isnan(running.metric("recent_lag_seconds", stream="pim", quantile="0.5"))
        running.stop()
        a_stream_that_has_far_to_go_shows_that_it_gets_on(stream, token)
    finally:
        line.client.drop_database(elsewhere.name)


def a_stream_that_has_far_to_go_shows_that_it_gets_on(stream: ChangeStream, token: dict[str, object]) -> None:
    began = time.monotonic()
    stream.open(StartPoint(token=token))
    assert time.monotonic() - began < 10, "opening searches nothing"
    search = Thread(target=stream.more)
    search.start()
    steps = []
    while search.is_alive():
        seen = stream.steps()
        if seen is not None and stream.silent > 0:
            steps.append(seen)
    search.join()
    stream.close()
    assert len(set(steps)) > 2, "the search is seen to go on"
    assert steps == sorted(steps)
    assert stream.silent == 0


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_the_oplog_tells_how_long_it_will_still_hold_a_position(line: Line, registry: CollectorRegistry) -> None:
    position: list[float | None] = [time.time()]
    begin, _ = oplog_begin(line.client)

    def headroom() -> float | None:
        return registry.get_sample_value("marketsync_capture_oplog_headroom_seconds", {"stream": "pim"})

    with OplogWatch(line.client, lambda: position[0], stream="pim", metrics=capture_metrics(registry)):
        assert wait_until(headroom, 5) == pytest.approx((position[0] or 0) - begin, abs=60)
