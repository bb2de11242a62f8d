from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit
from consumer.delivery.quotas.ledger import (
    NOTHING,
    Grant,
    Ledger,
    Slice,
    Want,
    flight_of,
    give_back,
    lease,
    left_of,
    life_of,
    pace_of,
    throttle,
)

NOW = 1_700_000_000.0
MINUTE = Limit("calls", 100, 60, reserve=0.2)
ALL = Want(1, 1000)


def take(ledger: Ledger, now: float, *, urgent: Want = NOTHING, ordinary: Want = NOTHING) -> tuple[Ledger, Slice]:
    return lease(ledger, MINUTE, urgent, ordinary, now)


def drained(limit: Limit = MINUTE, now: float = NOW) -> Ledger:
    """A ledger of which everything was leased at one time."""
    ledger, found = Ledger(), 1
    while found:
        ledger, slice_ = lease(ledger, limit, ALL, NOTHING, now)
        found = slice_.urgent.units
    return ledger


def test_a_slice_is_a_share_of_what_is_left_so_that_others_get_some() -> None:
    ledger, first = take(Ledger(), NOW, urgent=ALL)
    _, second = take(ledger, NOW, urgent=ALL)
    assert (first.urgent.units, second.urgent.units) == (25, 18)
    assert (second.used, second.left) == (43, 57)


def test_ordinary_calls_leave_the_reserve_to_urgent_ones() -> None:
    ledger = Ledger()
    given = 0
    for _ in range(50):
        ledger, found = take(ledger, NOW, ordinary=ALL)
        given += found.ordinary.units
    assert given == 80
    assert take(ledger, NOW, ordinary=ALL)[1].ordinary.wait > 0
    assert take(ledger, NOW, urgent=Want(20, 20))[1].urgent.units == 20


def test_what_was_leased_counts_for_the_window_and_for_as_long_as_a_call_may_take_to_arrive() -> None:
    counted = MINUTE.period + life_of(MINUTE) + flight_of(MINUTE)
    ledger = drained()
    assert left_of(ledger, MINUTE, NOW + counted - 0.01) == 0
    _, denied = take(ledger, NOW + 10, urgent=Want(5, 5))
    assert denied.urgent.units == 0
    assert denied.urgent.wait == pytest.approx(counted - 10)
    assert left_of(ledger, MINUTE, NOW + counted) == 100


def test_units_given_back_are_there_again_unless_their_time_has_passed() -> None:
    ledger = drained()
    assert left_of(give_back(ledger, MINUTE, [Grant(NOW, 30)], NOW + 5), MINUTE, NOW + 5) == 30
    ledger, found = take(drained(), NOW + 80, urgent=Want(100, 100))
    assert found.urgent.units == 100
    late = give_back(ledger, MINUTE, [Grant(NOW, 30)], NOW + 81)
    assert left_of(late, MINUTE, NOW + 81) == 0


def test_a_refusal_halves_the_bucket_closes_it_for_as_long_as_asked_and_it_grows_back() -> None:
    ledger = throttle(Ledger(), MINUTE, 7, NOW)
    _, closed = take(ledger, NOW + 1, urgent=ALL)
    assert closed.urgent.units == 0
    assert closed.urgent.wait == pytest.approx(6)
    assert left_of(ledger, MINUTE, NOW + 7) == 50
    assert 50 < left_of(ledger, MINUTE, NOW + 100) < 100
    assert left_of(ledger, MINUTE, NOW + 7 + 600) == 100


def test_refusals_of_calls_that_were_under_way_together_shrink_it_once_and_later_ones_again() -> None:
    ledger = throttle(Ledger(), MINUTE, 0, NOW)
    for later in range(5):
        ledger = throttle(ledger, MINUTE, 3, NOW + later)
    assert pace_of(ledger, MINUTE, NOW + 4) == pytest.approx(0.5, abs=0.01)
    assert ledger.closed_until == NOW + 7
    for later in range(30, 600, 30):
        ledger = throttle(ledger, MINUTE, 0, NOW + later)
    # However often: some calls go on, or nobody would find out that the channel has calmed down.
    assert left_of(ledger, MINUTE, NOW + 600) >= 100 // 16
    assert take(ledger, NOW + 600, ordinary=ALL)[1].ordinary.units >= 1


def test_a_shrunk_quota_of_a_day_is_spread_over_the_day() -> None:
    day = Limit("day", 86_400, DAY)
    ledger = throttle(Ledger(), day, 0, NOW)
    assert left_of(ledger, day, NOW) == 30
    assert left_of(Ledger(), day, NOW) == 86_400


def test_a_vendors_day_begins_at_its_midnight_whatever_its_clocks_do() -> None:
    pacific = ZoneInfo("America/Los_Angeles")
    day = Limit("day", 100, DAY, resets=time(0, tzinfo=pacific))
    midnight = datetime(2026, 3, 9, tzinfo=pacific).timestamp()  # the day before had 23 hours
    noon = datetime(2026, 3, 8, 12, tzinfo=pacific).timestamp()
    ledger = drained(day, noon)
    _, denied = lease(ledger, day, ALL, NOTHING, noon + 60)
    assert noon + 60 + denied.urgent.wait == pytest.approx(midnight + flight_of(day))
    # Near midnight nobody knows for which day a call counts.
    doubtful = lease(Ledger(), day, ALL, NOTHING, midnight - 1)[1].urgent
    assert doubtful.units == 0
    assert doubtful.wait == pytest.approx(1 + flight_of(day))
    assert lease(Ledger(), day, ALL, NOTHING, midnight - 20)[1].life == pytest.approx(20 - flight_of(day))
    assert lease(ledger, day, Want(100, 100), NOTHING, midnight + flight_of(day))[1].urgent.units == 100


def test_however_many_leases_the_ledger_stays_short() -> None:
    for limit in (MINUTE, replace(MINUTE, amount=100_000, period=DAY)):
        ledger = Ledger()
        for step in range(5000):
            ledger, _ = lease(ledger, limit, Want(1, 1), NOTHING, NOW + step * limit.period / 2500)
        assert len(ledger.grants) < 120


def test_a_dear_call_is_possible_however_small_the_share_is_that_it_may_use() -> None:
    dear = Limit("units", 10, 60, costs={Operation.CREATE: Cost(10)}, reserve=0.5)
    assert lease(Ledger(), dear, NOTHING, Want(10, 10), NOW)[1].ordinary.units == 10
    shrunk = throttle(Ledger(), dear, 0, NOW)
    assert lease(shrunk, dear, NOTHING, Want(10, 10), NOW + 20)[1].ordinary.units == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": 0}, "1 or more"),
        ({"period": 0.5}, "1 or more"),
        ({"resets": time(0, tzinfo=ZoneInfo("UTC"))}, "one per day"),
        ({"period": DAY, "resets": time(0)}, "time zone"),
        ({"amount": 2, "costs": {Operation.CREATE: Cost(3)}}, "more than the 2"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(MINUTE, **changes)  # type: ignore[arg-type]  # of several types
