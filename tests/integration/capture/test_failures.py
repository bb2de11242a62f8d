"""What can go wrong with the stream, made to happen on real servers: nothing is lost, repeated or silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from consumer.capture.positions import Position
from consumer.errors import FencedError, MarketsyncError, UnavailableError
from consumer.events import Operation
from consumer.mongo import Document, MongoClient
from consumer.mongo.change_stream import token_time
from consumer.settings import TopicSettings
from tests.integration.capture.conftest import Line, make_product
from tests.integration.capture.positions import store_position, stored_position
from tests.proxy import Proxy
from tests.waiting import wait_until


def test_a_restart_goes_on_where_the_last_one_ended(line: Line) -> None:
    first = line.capture()
    first.wait_until_read()
    line.products.insert_one(make_product(1))
    line.wait_for(1)
    first.stop()
    line.products.insert_one(make_product(2))
    line.products.delete_one({"_id": 1})
    line.capture()
    found = line.wait_for(3)
    assert sorted((event.operation, event.entity_code) for event in found) == [
        (Operation.CREATED, "P-1"),
        (Operation.CREATED, "P-2"),
        (Operation.DELETED, "P-1"),
    ]
    assert line.events(Operation.READ) == []


def test_a_second_capture_fences_the_first(line: Line) -> None:
    first = line.capture()
    second = line.capture()
    line.products.insert_one(make_product(1))
    failure = wait_until(lambda: first.failure, 15)
    assert isinstance(failure, FencedError)
    assert "taken over" in str(failure)
    line.wait_for(1)
    assert second.failure is None


def change_cursor(line: Line) -> int:
    """The stream's cursor on the server."""
    pipeline = [
        {"$currentOp": {"allUsers": True, "idleCursors": True}},
        {"$match": {"ns": {"$regex": f"^{line.database.name}[.]"}, "cursor.tailable": True}},
    ]
    found = line.client.admin.command({"aggregate": 1, "pipeline": pipeline, "cursor": {}})
    return max((one["cursor"]["cursorId"] for one in found["cursor"]["firstBatch"]), default=0)


def test_a_killed_cursor_is_opened_again(line: Line) -> None:
    running = line.capture()

    def opened_again(times: int) -> bool:
        codes = ("code 43", "code 237")
        return sum(running.metric("reconnects_total", reason=code) for code in codes) >= times

    for number in range(3):
        line.products.insert_one(make_product(number))
        line.wait_for(number + 1)
        cursor = wait_until(lambda: change_cursor(line), 5)
        line.database.command({"killCursors": "$cmd.aggregate", "cursors": [cursor]})
        wait_until(partial(opened_again, number + 1), 5)
    line.products.insert_one(make_product(3))
    line.wait_for(4)
    assert running.failure is None


@pytest.fixture
def proxy(line: Line) -> Iterator[Proxy]:
    host, port = line.client.address or ("", 0)
    proxy = Proxy(host, port)
    yield proxy
    proxy.close()


def test_a_cut_connection_is_made_again(line: Line, proxy: Proxy) -> None:
    whole = line.client
    nearby: MongoClient[Document] = MongoClient(
        "127.0.0.1", proxy.port, directConnection=True, serverSelectionTimeoutMS=300, tz_aware=True
    )
    with nearby:
        line.client = nearby
        running = line.capture()
        line.client = whole
        for number in range(3):
            line.products.insert_one(make_product(number))
            line.wait_for(number + 1)
            proxy.refusing = number == 2  # the last time for longer
            assert proxy.cut() > 0
        wait_until(lambda: running.metric("reconnects_total", reason="connection") >= 2, 10)
        line.products.insert_one(make_product(3))
        proxy.refusing = False
        line.wait_for(4)
        running.stop()
        assert running.failure is None


def test_an_answer_cut_off_in_its_middle_is_asked_for_again(line: Line, proxy: Proxy) -> None:
    first = line.capture()
    first.stop()
    line.products.insert_many([make_product(number, text="x" * 5000) for number in range(200)])
    whole = line.client
    with MongoClient[Document]("127.0.0.1", proxy.port, directConnection=True, tz_aware=True) as nearby:
        proxy.cut_in = 30_000
        line.client = nearby
        running = line.capture()
        line.client = whole
        found = line.wait_for(200)
        running.stop()
    assert sorted(event.entity_code for event in found) == sorted(f"P-{number}" for number in range(200))
    assert proxy.cuts == 1
    assert running.metric("reconnects_total", reason="connection") == 1


def test_an_idle_stream_moves_its_token(line: Line) -> None:
    line.capture()
    before = wait_until(lambda: token_time(stored_position(line).token), 5)
    line.database["elsewhere"].insert_one({})
    wait_until(lambda: (token_time(stored_position(line).token) or (0, 0)) > before, 10, "the token stays")
    assert line.events() == []


def test_a_filter_that_excludes_its_own_token_falls_back_to_the_time(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line, other = make_line(fresh_name), make_line(f"{fresh_name}b")
    both = line.capture(tenants=(line.tenant, other.tenant))
    line.products.insert_one(make_product(1))
    line.wait_for(1)
    other.products.insert_one(make_product(2))
    last = max(line.wait_for(2), key=lambda event: event.sequence)
    both.stop()
    # An event's id is its token: the position is right behind the other tenant's event.
    token = {"_data": last.id}
    store_position(line, Position(token, token_time(token) or (0, 0), 0), token=token)
    line.products.insert_one(make_product(3))
    alone = line.capture()
    found = line.wait_for(3)
    assert sorted(event.entity_code for event in found) == ["P-1", "P-2", "P-3"]
    assert alone.metric("reconnects_total", reason="fall_back_to_time") == 1


def test_a_new_beginning_publishes_every_product_again(line: Line) -> None:
    line.products.insert_many([make_product(1), make_product(2, isCurrent=False)])
    first = line.capture()
    line.wait_for(1, Operation.READ)
    first.stop()
    line.products.insert_one(make_product(3))
    line.forget_progress()
    running = line.capture()
    reads = sorted(line.wait_for(3, Operation.READ), key=lambda event: (event.sequence, event.entity_code))
    line.products.insert_one(make_product(4))
    assert [event.entity_code for event in reads] == ["P-1", "P-1", "P-3"]
    created = line.wait_for(1, Operation.CREATED)
    assert [event.entity_code for event in created] == ["P-4"], "what was missed is read, not told"
    running.stop()
    line.capture()
    assert len(line.events(Operation.READ)) == len(reads), "it begins anew once"


def failure_of(line: Line) -> MarketsyncError:
    """What a capture says that cannot even begin."""
    with pytest.raises(AssertionError):
        line.capture()
    failure = line.running[-1].failure
    assert isinstance(failure, MarketsyncError)
    return failure


def test_without_mongodb_it_says_so(line: Line) -> None:
    whole = line.client
    nowhere: MongoClient[Document] = MongoClient("127.0.0.1:1", directConnection=True, serverSelectionTimeoutMS=200)
    with nowhere as line.client:
        failure = failure_of(line)
    line.client = whole
    assert isinstance(failure, UnavailableError)
    assert "MongoDB" in str(failure)


def test_without_topics_it_says_how_to_make_them(line: Line) -> None:
    line.topics = TopicSettings(prefix=f"{line.topics.prefix}never.")
    failure = failure_of(line)
    assert "marketsync init" in str(failure)
