from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
    RejectedListingError,
    UnderReviewError,
    UnknownListingError,
)
from consumer.delivery.retry import DeadLetter, Decision, Halt, Refused, RetryPolicy, RetryTopic, Wait, decide
from consumer.settings import DeliverySettings
from tests.unit.delivery.making import POLICY

NOW = 1000.0


def decided(error: Exception, attempt: int = 1, jitter: float = 0.5, policy: RetryPolicy = POLICY) -> Decision:
    return decide(error, attempt, policy, jitter=jitter, now=NOW)


def test_backoff_doubles_with_full_jitter() -> None:
    down = ChannelUnavailableError("down")
    assert decided(down, attempt=1, jitter=0) == Wait(NOW, burned=True)
    assert decided(down, attempt=1, jitter=0.5) == Wait(NOW + 0.5, burned=True)
    assert decided(down, attempt=3, jitter=0.5) == Wait(NOW + 2, burned=True)


def test_backoff_has_a_ceiling() -> None:
    assert replace(POLICY, ceiling=7).window(400) == 7


def test_what_the_channel_asks_for_is_a_floor() -> None:
    assert decided(ChannelUnavailableError("down", delay=3), jitter=0) == Wait(NOW + 3, burned=True)
    assert decided(ChannelUnavailableError("down", delay=0.1), attempt=3, jitter=0.5) == Wait(NOW + 2, burned=True)


@pytest.mark.parametrize(("delay", "tier"), [(5.1, 10), (10, 10), (11, 40), (99, 40)])
def test_a_long_wait_goes_to_the_shortest_topic_that_is_not_too_early_and_is_no_longer(delay: float, tier: int) -> None:
    assert decided(ChannelUnavailableError("down", delay=delay)) == RetryTopic(tier, NOW + delay, burned=True)


def test_without_retry_topics_everything_waits_in_memory() -> None:
    assert decided(ChannelUnavailableError("down", delay=99), policy=replace(POLICY, delays=())) == Wait(NOW + 99, True)


def test_the_last_attempt_ends_in_a_dead_letter() -> None:
    assert isinstance(decided(ChannelUnavailableError("down"), attempt=3), Wait)
    assert decided(ChannelUnavailableError("down"), attempt=4) == DeadLetter("exhausted")


def test_a_bug_is_tried_as_often_and_told_apart() -> None:
    assert isinstance(decided(RuntimeError("oops"), attempt=1), Wait)
    assert decided(RuntimeError("oops"), attempt=4) == DeadLetter("bug")


def test_being_throttled_burns_no_attempt_however_often() -> None:
    assert decided(RateLimitedError("slow down", delay=3), attempt=99) == Wait(NOW + 3, burned=False)
    assert decided(UnderReviewError("not approved", delay=12), attempt=99) == RetryTopic(40, NOW + 12, burned=False)
    assert decided(RateLimitedError("slow down", delay=12), attempt=99) == RetryTopic(40, NOW + 12, burned=False)


@pytest.mark.parametrize("error", [RejectedListingError("no"), UnknownListingError("who?")])
def test_what_cannot_pass_is_refused_at_once(error: AdapterError) -> None:
    assert decided(error) == Refused()


@pytest.mark.parametrize("error", [AuthenticationError("dead"), ConfigurationError("policy")])
def test_a_dead_account_is_no_fault_of_its_listing(error: AdapterError) -> None:
    assert decided(error, attempt=99) == Halt()


def test_an_unclassified_adapter_error_is_tried_again() -> None:
    assert isinstance(decided(AdapterError("strange")), Wait)


@given(
    attempt=st.integers(1, 50),
    jitter=st.floats(0, 1, exclude_max=True),
    delay=st.none() | st.floats(0, 5000),
    limited=st.booleans(),
)
def test_no_wait_is_shorter_than_asked_for_nor_spent_in_memory_for_long(
    attempt: int, jitter: float, delay: float | None, limited: bool
) -> None:
    error = RateLimitedError("x", delay=delay) if limited else ChannelUnavailableError("x", delay=delay)
    decision = decided(error, attempt, jitter)
    if isinstance(decision, DeadLetter):
        assert not limited
        assert attempt >= POLICY.attempts
        return
    assert isinstance(decision, Wait | RetryTopic)
    assert decision.due >= NOW + (delay or 0)
    assert decision.burned is not limited
    if isinstance(decision, Wait):
        assert decision.due <= NOW + POLICY.memory_wait


def test_the_policy_comes_from_the_settings() -> None:
    policy = RetryPolicy.of(DeliverySettings(retry_delays=(600, 60), attempts=3))
    assert policy.delays == (60, 600)
