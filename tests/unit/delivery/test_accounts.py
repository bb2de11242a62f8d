from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.errors import AuthenticationError, ChannelUnavailableError, RateLimitedError, RejectedListingError
from consumer.delivery.accounts import Gate
from consumer.delivery.offsets import Ticket
from consumer.delivery.work import AccountKey
from consumer.listings.state import ListingKey
from tests.unit.delivery.making import POLICY, make_work

DEAD = AuthenticationError("token revoked")
DOWN = ChannelUnavailableError("down")


def keys(*codes: str) -> dict[ListingKey, Ticket]:
    return {work.key: work.ticket for work in map(make_work, codes)}


@pytest.fixture
def gate() -> Gate:
    return Gate(AccountKey("shop", "default"), 5, concurrency=4, policy=POLICY)


def test_as_many_calls_at_once_as_allowed(gate: Gate) -> None:
    gate.calls = 3
    assert gate.may_call(0)
    gate.calls = 4
    assert not gate.may_call(0)


def test_some_listings_are_prepared_ahead_of_free_calls(gate: Gate) -> None:
    assert gate.room(0) == 4 * 5 + 10
    gate.calling, gate.calls = 20, 4
    assert gate.room(0) == 10
    gate.queued = 6
    assert gate.room(0) == 0
    gate.queued = 5
    assert gate.room(0) == 5


def test_background_work_leaves_room_for_what_comes_now(gate: Gate) -> None:
    assert gate.background_room(0) == 4 * 5 + 5
    gate.calling, gate.calls = 20, 4
    assert gate.background_room(0) == 5
    gate.queued = 5
    assert (gate.background_room(0), gate.room(0)) == (0, 5)
    gate.queued, gate.in_flight = 0, gate.most_in_flight - 10
    assert (gate.background_room(0), gate.room(0)) == (0, 10)


def test_what_is_in_flight_is_bounded_although_the_store_is_slow(gate: Gate) -> None:
    gate.in_flight = gate.most_in_flight - 3
    assert gate.room(0) == 3
    gate.in_flight = gate.most_in_flight
    assert gate.room(0) == 0


def test_a_halted_account_stands_still(gate: Gate) -> None:
    gate.answered([DEAD, DEAD], 0, 0.5)
    assert gate.halted
    assert gate.error is DEAD
    assert gate.stands
    assert not gate.may_call(1000)
    assert gate.room(1000) == 0


def test_a_paused_account_stands_still_until_it_may_go_on(gate: Gate) -> None:
    gate.paused = "stocktaking"
    assert (gate.stands, gate.may_call(0), gate.room(0)) == (True, False, 0)
    gate.paused = ""
    assert (gate.stands, gate.may_call(0)) == (False, True)


def test_a_call_with_others_than_refusals_halts_nothing(gate: Gate) -> None:
    gate.answered([None, DEAD], 0, 0.5)
    gate.answered([DOWN, DEAD], 0, 0.5)
    assert not gate.halted


def test_a_halted_account_is_asked_less_and_less_and_once_at_a_time(gate: Gate) -> None:
    gate.answered([DEAD], 0, 0.5)
    rests, before = [], 0.0
    for _ in range(8):
        now = gate.until
        rests.append(now - before)
        assert not gate.wants_try(now - 0.001)
        assert gate.wants_try(now)
        assert not gate.wants_try(now), "the answer is out"
        gate.tried(DEAD, now)
        before = now
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_try_that_succeeds_lets_one_call_through_which_opens_the_gate(gate: Gate) -> None:
    gate.answered([DEAD], 0, 0.5)
    assert gate.wants_try(1)
    gate.tried(None, 1)
    assert not gate.halted
    assert gate.room(1) == gate.batch_size
    gate.calls = 1
    assert not gate.may_call(1)
    assert gate.room(1) == 0
    gate.calls = 0
    gate.answered([None], 1, 0.5)
    assert gate.room(1) > gate.batch_size


def test_an_account_whose_tries_succeed_and_whose_calls_do_not_is_asked_less_and_less(gate: Gate) -> None:
    now, rests = 0.0, []
    for _ in range(4):
        gate.answered([DEAD], now, 0.5)
        rests.append(gate.closed_for(now))
        now = gate.until
        assert gate.wants_try(now)
        gate.tried(None, now)
    assert rests == [1, 2, 4, 8]


def test_a_try_that_never_reached_the_channel_keeps_what_was_wrong(gate: Gate) -> None:
    gate.answered([DEAD], 0, 0.5)
    assert gate.wants_try(1)
    gate.tried(DOWN, 1)
    assert gate.halted
    assert gate.error is DEAD


def test_a_call_that_never_reached_the_channel_proves_nothing(gate: Gate) -> None:
    gate.answered([DEAD], 0, 0.5)
    gate.answered([DOWN], 1, 0.5)
    assert gate.halted


def test_a_call_that_began_before_the_halt_does_not_open_the_gate(gate: Gate) -> None:
    gate.answered([DEAD], 0, 0.5)
    gate.answered([None], 1, 0.5)
    assert gate.halted


def test_being_throttled_closes_the_gate_for_as_long_as_asked(gate: Gate) -> None:
    gate.answered([RateLimitedError("x", delay=7), RateLimitedError("x", delay=9)], 0, 0.5)
    assert gate.closed_for(0) == 9
    assert not gate.halted
    gate.answered([None], 9, 0.5)
    assert gate.may_call(9)


def test_throttled_again_and_again_it_rests_longer_each_time(gate: Gate) -> None:
    rests = []
    now = 0.0
    for _ in range(4):
        gate.answered([RateLimitedError("x")], now, 0.5)
        rests.append(gate.closed_for(now))
        now = gate.until
    assert rests == [0.75, 1.5, 3, 6]
    gate.answered([None], now, 0.5)
    gate.answered([None], now, 0.5)
    gate.answered([RateLimitedError("x")], now, 0.5)
    assert gate.closed_for(now) == 0.75


def test_calls_in_a_row_without_an_answer_close_the_gate_and_one_with_an_answer_opens_it(gate: Gate) -> None:
    gate.answered([DOWN, DOWN], 0, 1, fresh=keys("P-1", "P-2"))
    gate.answered([DOWN], 1, 1, fresh=keys("P-3"))
    assert not gate.down
    gate.answered([DOWN], 2, 1, fresh=keys("P-4"))
    assert gate.down
    assert gate.closed_for(2) == POLICY.backoff
    assert not gate.may_call(2)
    gate.answered([DOWN, None], gate.until, 1)
    assert not gate.down
    assert gate.may_call(gate.until)


def test_an_answer_in_between_begins_the_count_anew(gate: Gate) -> None:
    for number in range(5):
        gate.answered([DOWN], 0, 1, fresh=keys(f"P-{number}"))
        gate.answered([DOWN], 0, 1, fresh=keys(f"Q-{number}"))
        gate.answered([DOWN, RejectedListingError("no")], 0, 1)
    assert not gate.down


def test_a_listing_that_fails_again_and_again_is_no_outage(gate: Gate) -> None:
    for now in range(20):
        gate.answered([DOWN], now, 1, fresh=keys("P-1"))
    assert not gate.down


def test_a_question_without_an_answer_counts_like_another_listing(gate: Gate) -> None:
    gate.answered([DOWN], 0, 1, fresh=keys("P-1"))
    gate.probed(DOWN, 1, 1)
    assert not gate.down
    gate.probed(DOWN, 2, 1)
    assert gate.down


def test_an_answered_question_opens_the_gate_where_few_listings_got_no_answer(gate: Gate) -> None:
    gate.answered([DOWN], 0, 1, fresh=keys("P-1"))
    gate.probed(DOWN, 1, 1)
    gate.probed(DOWN, 2, 1)
    gate.probed(None, 3, 1)
    assert (gate.down, gate.alive_at) == (False, 3)
    assert gate.may_call(3)


def test_an_answered_question_proves_nothing_where_many_listings_get_no_answer(gate: Gate) -> None:
    for number in range(3):
        gate.answered([DOWN], 0, 1, fresh=keys(f"P-{number}"))
    gate.probed(None, 3, 1)
    assert gate.down
    assert gate.alive_at < 0


def test_a_question_is_asked_once_and_not_while_the_account_is_halted(gate: Gate) -> None:
    gate.wants_answer = True
    assert gate.take_question(0)
    assert not gate.take_question(0)
    gate.answered([DEAD], 0, 0.5)
    gate.wants_answer = True
    assert not gate.take_question(0.5)


def test_a_channel_that_stays_down_is_asked_less_and_less_up_to_the_ceiling() -> None:
    policy = replace(POLICY, outage_ceiling=6)
    gate = Gate(AccountKey("shop", "default"), 5, concurrency=4, policy=policy)
    rests = []
    now = 0.0
    for number in range(8):
        gate.answered([DOWN], now, 1, fresh=keys(f"P-{number}"))
        rests.append(gate.closed_for(now))
        now = max(now, gate.until)
    assert rests == [0, 0, 1, 2, 4, 6, 6, 6]
    gate.answered([ChannelUnavailableError("maintenance", delay=50)], now, 1)
    assert gate.closed_for(now) == 50


def test_calls_that_were_under_way_when_the_gate_closed_lengthen_nothing(gate: Gate) -> None:
    for number in range(8):
        gate.answered([DOWN], 0, 1, fresh=keys(f"P-{number}"))
    assert gate.closed_for(0) == POLICY.backoff
