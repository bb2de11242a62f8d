"""What people are told of a snapshot: its state, how fast it is, and how long it may still need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from consumer.bootstrap.snapshots import report_of
from consumer.capture.snapshots.progress import cut, not_read
from consumer.capture.snapshots.requests import Request, RequestState
from consumer.events import read_sequence
from consumer.markers import SnapshotCause

_BEGUN = replace(
    not_read("vinc-a", SnapshotCause.GAP),
    started=read_sequence(1_795_438_300, 2),
    ranges=cut((), 1),
    estimate=5000,
    products=1000,
    seconds=4.0,
)
_REQUEST = Request("6b04", "a", '{"q": 1}', ("x", "y"), datetime(2026, 11, 23, tzinfo=UTC), "anna@desk")


def test_one_under_way_tells_its_rate_and_what_is_left() -> None:
    report = report_of("a", _BEGUN, None)
    assert (report.state, report.cause, report.id) == (RequestState.RUNNING, SnapshotCause.GAP, "")
    assert (report.products, report.estimate, report.rate, report.eta) == (1000, 5000, 250, 16)
    assert report.started == datetime(2026, 11, 23, 12, 51, 40, tzinfo=UTC)


def test_one_that_has_not_begun_waits() -> None:
    report = report_of("a", not_read("vinc-a"), None)
    assert (report.state, report.started, report.rate, report.eta) == (RequestState.WAITING, None, 0, None)


def test_one_that_is_done_is_as_large_as_it_was() -> None:
    done = replace(_BEGUN, ranges=(), products=4321, done=True, note="nothing was taken back")
    report = report_of("a", done, None)
    assert (report.state, report.estimate, report.eta) == (RequestState.DONE, 4321, None)
    assert report.words == "nothing was taken back"


def test_more_products_than_estimated_leave_nothing_and_never_less() -> None:
    report = report_of("a", replace(_BEGUN, products=6000), None)
    assert (report.estimate, report.eta) == (6000, 0)


def test_a_request_says_who_asked_for_what_and_its_end_outlives_its_record() -> None:
    running = report_of("a", replace(_BEGUN, request="6b04"), replace(_REQUEST, state=RequestState.RUNNING))
    assert (running.cause, running.id, running.filter, running.codes) == (
        SnapshotCause.REQUEST,
        "6b04",
        '{"q": 1}',
        2,
    )
    assert (running.state, running.eta, running.by) == (RequestState.RUNNING, 16, "anna@desk")
    ended = replace(_REQUEST, state=RequestState.DONE, products=77, seconds=7.0)
    report = report_of("a", None, ended)
    assert (report.products, report.estimate, report.rate, report.eta) == (77, 77, 11, None)
    assert report_of("a", None, replace(_REQUEST, state=RequestState.FAILED, words="no")).words == "no"
