"""The guard against floods of dead letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.flood import Flood, FloodLimits, StopFlood
from consumer.delivery.work import AccountKey

ONE, OTHER = AccountKey("shop", "default"), AccountKey("shop", "outlet")


def flooded() -> tuple[Flood, StopFlood]:
    flood = Flood(FloodLimits(letters=3, window=10))
    assert [flood.admits(ONE, 1.0) for _ in range(4)] == [True, True, True, False]
    [stop] = flood.next()
    return flood, stop


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_no_window_holds_more_letters_than_it_may(pauses: list[float]) -> None:
    flood, now, written = Flood(FloodLimits(letters=5, window=10)), 0.0, []
    for pause in pauses:
        now += pause
        if flood.admits(ONE, now):
            written.append(now)
    assert all(len([time for time in written if start <= time < start + 10]) <= 5 for start in written)


def test_what_comes_slowly_is_no_flood() -> None:
    flood = Flood(FloodLimits(letters=3, window=10))
    assert all(flood.admits(ONE, 4.0 * number) for number in range(100))
    assert flood.next() == []


def test_only_the_account_that_floods_is_stopped() -> None:
    flood, stop = flooded()
    assert (stop.whom, flood.next()) == (ONE, [])
    assert not flood.admits(ONE, 1000.0), "until somebody resumes it, however long that takes"
    assert flood.admits(OTHER, 1.0)
    assert flood.admits(None, 1.0)


def test_a_pause_that_could_not_be_stored_is_tried_again() -> None:
    flood, stop = flooded()
    flood.stopped(stop, done=False)
    assert not flood.admits(ONE, 1.0)
    assert flood.next() == [stop]
    flood.stopped(stop, done=True)
    assert flood.next() == []


def test_it_begins_to_count_anew_when_it_was_paused_and_is_resumed() -> None:
    flood, stop = flooded()
    flood.stopped(stop, done=True)
    assert flood.paused([], every=False) == [], "the pause is not seen yet: nobody resumed it"
    assert not flood.admits(ONE, 2.0)
    assert flood.paused([ONE], every=False) == []
    assert flood.paused([], every=False) == [ONE]
    assert flood.admits(ONE, 3.0)


def test_a_pause_that_is_ended_before_it_is_seen_was_resumed_all_the_same() -> None:
    flood, stop = flooded()
    flood.stopped(stop, done=True)
    assert flood.paused([], every=False) == [], "this look may have begun before the pause was stored"
    assert flood.paused([], every=False) == [ONE]
    assert flood.admits(ONE, 3.0)


def test_a_channel_is_resumed_when_any_of_its_accounts_is() -> None:
    flood = Flood(FloodLimits(letters=0, window=10))
    assert not flood.admits(None, 1.0)
    flood.stopped(flood.next()[0], done=True)
    assert flood.paused([ONE, OTHER], every=True) == []
    assert flood.paused([ONE], every=False) == [None]
