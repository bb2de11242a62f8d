"""The feed hands out every batch once and in order, whatever the server does in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from consumer.capture.gap import GapReason, HistoryLostError
from consumer.capture.stream import CaptureFailedError, Feed, Fetched
from consumer.mongo.change_stream import ChangeStreamError, RawBatch, StartPoint, Watched

WATCHED = Watched(databases=("vinc-a",), collection="pimproducts", images=True, batch_size=100, max_await=0.01)


def token(number: int) -> dict[str, str]:
    return {"_data": f"82{1:08X}{number:08X}"}


def batch(number: int) -> RawBatch:
    return RawBatch(events=[b"%d" % number], token=token(number), size=1)


def failure(code: int | None = None, *, network: bool = False) -> ChangeStreamError:
    return ChangeStreamError("in words", code=code, labels=frozenset(), network=network)


class Server:
    """Answers cursors in the order of a script: batches, failures, or None for the end of a stream."""

    def __init__(self, script: Sequence[RawBatch | ChangeStreamError | None]) -> None:
        self.script = list(script)
        self.opened: list[tuple[StartPoint, Watched]] = []
        self.closed = 0

    def connect(self, watched: Watched) -> ScriptedCursor:
        return ScriptedCursor(self, watched)


class ScriptedCursor:
    """One cursor of the scripted server."""

    def __init__(self, server: Server, watched: Watched) -> None:
        self.server = server
        self.watched = watched

    silent = 0.0

    def steps(self) -> int | None:
        return None

    def open(self, start: StartPoint) -> Mapping[str, Any]:
        self.server.opened.append((start, self.watched))
        return {}

    def more(self) -> RawBatch | None:
        if not self.server.script:
            return RawBatch([], token(99), 0)
        answer = self.server.script.pop(0)
        if isinstance(answer, ChangeStreamError):
            raise answer
        return answer

    def close(self) -> None:
        self.server.closed += 1


@contextmanager
def feeding(*script: RawBatch | ChangeStreamError | None) -> Iterator[tuple[Feed, Server, list[str]]]:
    server, reasons = Server(script), list[str]()
    feed = Feed(server.connect, WATCHED, token=token(0), reconnected=reasons.append)
    feed.start()
    try:
        yield feed, server, reasons
    finally:
        feed.close()


def take_events(feed: Feed, count: int) -> list[Fetched]:
    taken: list[Fetched] = []
    while len(taken) < count:
        fetched = feed.take(2)
        assert fetched is not None, "nothing came"
        if fetched.batch.events:
            taken.append(fetched)
    return taken


def test_batches_come_in_order() -> None:
    with feeding(batch(1), batch(2), batch(3)) as (feed, server, reasons):
        assert [fetched.batch for fetched in take_events(feed, 3)] == [batch(1), batch(2), batch(3)]
    assert server.opened == [(StartPoint(token=token(0)), WATCHED)]
    assert reasons == []
    assert server.closed == 1


@pytest.mark.parametrize("trouble", [failure(network=True), failure(43), failure(237), None])
def test_after_a_passing_failure_it_goes_on_behind_the_last_batch(trouble: ChangeStreamError | None) -> None:
    with feeding(batch(1), trouble, batch(2)) as (feed, server, reasons):
        taken = take_events(feed, 2)
    assert [fetched.batch for fetched in taken] == [batch(1), batch(2)]
    assert [start for start, _ in server.opened] == [StartPoint(token=token(0)), StartPoint(token=token(1))]
    assert not any(fetched.from_time for fetched in taken)
    assert len(reasons) == 1
    assert server.closed == 2


@pytest.mark.parametrize("code", [280, 260, 50811])
def test_a_refused_token_falls_back_to_its_time_and_says_so(code: int) -> None:
    with feeding(batch(1), failure(code), batch(1), batch(2)) as (feed, server, _):
        taken = take_events(feed, 3)
    assert [start for start, _ in server.opened] == [StartPoint(token=token(0)), StartPoint(time=(1, 1))]
    assert [fetched.from_time for fetched in taken] == [False, True, False]


def test_a_fallback_cut_off_before_its_first_batch_is_still_a_fallback() -> None:
    with feeding(failure(280), failure(network=True), batch(1)) as (feed, server, _):
        taken = take_events(feed, 1)
    assert [start for start, _ in server.opened][1:] == [StartPoint(time=(1, 0))] * 2
    assert taken[0].from_time


def test_a_time_that_is_refused_as_well_is_lost_history() -> None:
    with feeding(failure(280), failure(280)) as (feed, _, _), pytest.raises(HistoryLostError) as caught:
        take_events(feed, 1)
    assert caught.value.reason is GapReason.POSITION_REFUSED


def test_a_token_without_a_time_that_is_refused_is_lost_history() -> None:
    server, reasons = Server([failure(50811)]), list[str]()
    feed = Feed(server.connect, WATCHED, token={"_data": "nonsense"}, reconnected=reasons.append)
    feed.start()
    with pytest.raises(HistoryLostError) as caught:
        feed.take(2)
    feed.close()
    assert caught.value.reason is GapReason.POSITION_REFUSED
    assert len(server.opened) == 1


def test_the_time_of_a_refused_token_may_be_gone_as_well() -> None:
    with feeding(failure(280), failure(286)) as (feed, server, _), pytest.raises(HistoryLostError) as caught:
        take_events(feed, 1)
    assert caught.value.reason is GapReason.HISTORY_LOST
    assert [start for start, _ in server.opened] == [StartPoint(token=token(0)), StartPoint(time=(1, 0))]


def test_lost_history_comes_after_what_was_read_before_it() -> None:
    with feeding(batch(1), failure(286)) as (feed, _, reasons):
        assert take_events(feed, 1)[0].batch == batch(1)
        with pytest.raises(HistoryLostError, match="in words"):
            take_events(feed, 1)
    assert reasons == [], "it is not opened again there"


def test_a_cursor_that_the_oplog_has_passed_is_opened_again_and_that_tells_what_was_missed() -> None:
    with feeding(failure(136), batch(1)) as (feed, server, _):
        assert take_events(feed, 1)[0].batch == batch(1)
    assert len(server.opened) == 2


def test_a_fatal_failure_comes_with_its_cure() -> None:
    with feeding(failure(40573)) as (feed, _, _), pytest.raises(CaptureFailedError, match=r"rs\.initiate"):
        take_events(feed, 1)


def test_a_bug_in_the_thread_reaches_the_one_who_takes() -> None:
    def broken(_watched: Watched) -> ScriptedCursor:
        raise ZeroDivisionError

    feed = Feed(broken, WATCHED, token=token(0), reconnected=list[str]().append)
    feed.start()
    with pytest.raises(ZeroDivisionError):
        feed.take(2)
    feed.close()


def test_an_event_too_large_for_the_server_is_read_alone_and_bare() -> None:
    large = failure(10334)
    with feeding(large, batch(1), large, RawBatch([], token(1), 0), batch(2), batch(3)) as (feed, server, _):
        assert [fetched.batch for fetched in take_events(feed, 3)] == [batch(1), batch(2), batch(3)]
    ways = [(watched.batch_size, watched.bare) for _, watched in server.opened]
    assert ways == [(100, False), (1, False), (1, True), (100, False)]


def test_a_member_that_cannot_split_large_events_is_not_asked_to() -> None:
    server = Server([failure(40324), batch(1)])
    feed = Feed(server.connect, replace(WATCHED, split=True), token=token(0), reconnected=list[str]().append)
    feed.start()
    assert take_events(feed, 1)[0].batch == batch(1)
    feed.close()
    assert [watched.split for _, watched in server.opened] == [True, False]


def test_of_the_largest_batches_one_is_read_ahead() -> None:
    large = [replace(batch(number), size=16 * 1024 * 1024) for number in range(50)]
    with feeding(*large) as (feed, server, _):
        take_events(feed, 2)
        assert len(server.script) >= 50 - 2 - 1


def test_closing_does_not_wait_for_anyone_to_take() -> None:
    with feeding(*(batch(number) for number in range(5))):
        pass
