"""MongoDB forgets what capture has not read: said once, in full, and healed without a person. On a real, tiny oplog."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import orjson
import pytest

from consumer.embedded.members import MemberSet
from consumer.events import Operation, ProductEvent
from consumer.markers import SnapshotCause
from consumer.mongo import Document, MongoClient, OperationFailure, connect
from tests.event_contract import GAP, GAP_HEADERS, header_texts, violations
from tests.integration.capture.conftest import PARTITIONS, Line, Running, make_product
from tests.integration.capture.positions import store_position, stored_position
from tests.proxy import Proxy
from tests.reading import read_messages
from tests.waiting import wait_until

_BALLAST = "x" * 100_000


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoClient[Document]]:
    """A MongoDB whose oplog holds one megabyte."""
    folder = tmp_path_factory.mktemp("tiny")
    members = MemberSet(folder, members=1, oplog=1)
    try:
        members.start()
        with connect(members.address) as client:
            yield client
    finally:
        members.stop()
        shutil.rmtree(folder)


@pytest.fixture
def tiny_line(make_line: Callable[..., Line], tiny: MongoClient[Document], fresh_name: str) -> Line:
    """A tenant there."""
    return make_line(fresh_name, client=tiny)


def lose_history(line: Line) -> None:
    """Write elsewhere until the oplog no longer reaches back to now."""
    since = oplog_time(line, newest=True)
    numbers = count()

    def lost() -> bool:
        line.client["elsewhere"]["ballast"].replace_one({"_id": 0}, {"n": next(numbers), "x": _BALLAST}, upsert=True)
        return oplog_time(line, newest=False) > since

    wait_until(lost, 30, "the oplog keeps everything")


def oplog_time(line: Line, *, newest: bool) -> tuple[int, int]:
    """Of its newest entry, or of its oldest."""
    order = -1 if newest else 1

    def read() -> tuple[int, int] | None:
        try:
            (entry,) = line.client["local"]["oplog.rs"].find({}, {"ts": 1}, sort=[("$natural", order)], limit=1)
        except OperationFailure:  # it was cut under this query
            return None
        return entry["ts"].time, entry["ts"].inc

    return wait_until(read, 10)


def gaps(line: Line) -> list[dict[str, Any]]:
    """Committed gap events; each keeps the contract."""
    found = []
    for message in read_messages(line.servers.kafka_bootstrap_servers, [line.names.gaps]):
        headers = [(str(name), value) for name, value in list(message.headers() or ()) if isinstance(value, bytes)]
        body = orjson.loads(message.value() or b"")
        assert violations(GAP, body) == []
        assert violations(GAP_HEADERS, header_texts(headers)) == []
        assert dict(headers)["ce_time"].decode() == body["to"]
        found.append(body)
    return found


def has_gaps(line: Line, number: int) -> bool:
    """Whether there are so many."""
    return len(gaps(line)) == number


def reads_after(line: Line, gap: dict[str, Any], count: int) -> list[ProductEvent]:
    """The products read since the gap, as soon as there are so many."""

    def enough() -> list[ProductEvent] | None:
        # Where nothing happened meanwhile, the gap ends at the very time of the reading before it.
        found = [event for event in line.events(Operation.READ) if event.sequence >= gap["sequence"]]
        # What was read before may have been so at the very same time, and comes twice then.
        return found if len({event.entity_code for event in found}) >= count else None

    return wait_until(enough, 20, f"{count} products read")


def test_lost_history_is_told_once_and_everything_is_read_again(tiny_line: Line) -> None:
    line = tiny_line
    line.products.insert_one(make_product(1))
    first = line.capture()
    line.wait_for(1, Operation.READ)
    line.products.insert_one(make_product(2))
    line.wait_for(1)
    first.stop()
    line.products.update_one({"_id": 1}, {"$set": {"quantity": 77}})
    line.products.insert_one(make_product(3))
    lose_history(line)

    second = line.capture()
    (gap,) = wait_until(lambda: gaps(line), 15)
    reads = reads_after(line, gap, 3)
    line.products.insert_one(make_product(4))
    created = line.wait_for(2, Operation.CREATED)

    assert gap["tenants"] == [line.tenant]
    assert gap["reason"] == "history_lost"
    assert gap["from"] <= gap["to"], "in whole seconds"
    assert {event.entity_code: (event.product or {})["quantity"] for event in reads} == {"P-1": 77, "P-2": 2, "P-3": 3}
    assert sorted(event.entity_code for event in created) == ["P-2", "P-4"]
    before, after = sorted(event.sequence for event in created)
    assert before <= gap["sequence"] < after
    wait_until(lambda: second.metric("snapshots_after_gap", stream="pim") == 0, 10, "it is over")
    ends = [marker for _, marker in line.markers() if marker.cause is SnapshotCause.GAP]
    assert [marker.products for marker in ends] == [3] * PARTITIONS
    assert {marker.sequence >= gap["sequence"] for marker in ends} == {True}, "deleted meanwhile is what is older"
    assert second.failure is None
    assert second.metric("gaps_total", stream="pim") == 1
    assert second.metric("last_gap_timestamp_seconds", stream="pim") > 0
    second.stop()
    third = line.capture()
    line.products.insert_one(make_product(5))
    line.wait_for(3, Operation.CREATED)
    assert third.metric("gaps_total", stream="pim") == 0, "it is told once"
    assert len(gaps(line)) == 1


@pytest.fixture
def proxy(tiny: MongoClient[Document]) -> Iterator[Proxy]:
    host, port = tiny.address or ("", 0)
    proxy = Proxy(host, port)
    yield proxy
    proxy.close()


def through(line: Line, proxy: Proxy, client: MongoClient[Document], **settings: Any) -> Running:
    """A capture that reaches MongoDB through the proxy."""
    whole, line.client = line.client, client
    try:
        return line.capture(**settings)
    finally:
        line.client = whole


def test_history_lost_again_while_everything_is_read_is_another_gap(tiny_line: Line, proxy: Proxy) -> None:
    line = tiny_line
    line.products.insert_many([make_product(number) for number in range(200)])
    nearby: MongoClient[Document] = MongoClient(
        "127.0.0.1", proxy.port, directConnection=True, serverSelectionTimeoutMS=300, tz_aware=True
    )
    with nearby:
        running = through(line, proxy, nearby, snapshot_chunk=10)
        line.wait_for(200, Operation.READ, deadline=30)
        for number in (1, 2):
            proxy.refusing = True
            proxy.cut()
            lose_history(line)
            proxy.refusing = False
            wait_until(partial(has_gaps, line, number), 30, f"gap {number}")
            reads_after(line, gaps(line)[-1], 20)  # the reading has begun, no more
        reads = reads_after(line, gaps(line)[-1], 200)
        running.stop()
        assert running.failure is None
    assert {event.entity_code for event in reads} == {f"P-{number}" for number in range(200)}
    assert running.metric("gaps_total", stream="pim") == 2
    first, second = gaps(line)
    assert first["to"] <= second["from"], "the second begins where the stream went on after the first"


def test_a_refused_token_whose_time_is_gone_too_is_a_gap(tiny_line: Line) -> None:
    line = tiny_line
    line.capture().stop()
    position = stored_position(line)
    store_position(line, position, token={"_data": position.token["_data"][:-4] + "ABCD"})
    lose_history(line)
    running = line.capture()
    (gap,) = wait_until(lambda: gaps(line), 15)
    assert gap["reason"] == "history_lost"
    assert gap["from"] is not None
    assert running.metric("reconnects_total", reason="fall_back_to_time") == 1


def test_a_token_that_tells_nothing_is_a_gap_since_nobody_knows_when(line: Line) -> None:
    line.products.insert_one(make_product(1))
    first = line.capture()
    line.wait_for(1, Operation.READ)
    first.stop()
    store_position(line, stored_position(line), token={"_data": "nonsense"})
    line.capture()
    (gap,) = wait_until(lambda: gaps(line), 15)
    assert (gap["reason"], gap["from"]) == ("position_refused", None)
    assert [event.entity_code for event in line.wait_for(2, Operation.READ)] == ["P-1", "P-1"], "it is read again"


def test_without_images_deletes_of_what_came_during_the_gap_are_told(
    make_line: Callable[..., Line], tiny: MongoClient[Document], fresh_name: str
) -> None:
    line = make_line(fresh_name, client=tiny, images=False)
    line.map_ids = True
    line.products.insert_one(make_product(1))
    first = line.capture()
    line.wait_for(1, Operation.READ)
    first.stop()
    line.products.insert_one(make_product(2))
    lose_history(line)
    line.capture()
    (gap,) = wait_until(lambda: gaps(line), 15)
    reads_after(line, gap, 2)
    line.products.delete_one({"_id": 2})
    assert [event.entity_code for event in line.wait_for(1, Operation.DELETED)] == ["P-2"]
    assert line.dead_letters() == []
