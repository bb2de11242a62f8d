"""What happens to a listing after a failed try: a value, decided by a pure function. Others wait, call and store.

The type of the error is the recovery (`adapters.errors`). Backoff is exponential with full jitter under a ceiling; what
the channel asks for (`Retry-After`) is a floor under it. Short waits are spent in memory; a longer one moves to
the retry topic of the shortest delay that is not too early, so that the offset of its record can be committed. It
leaves that topic when it is due, not when the topic's whole delay is over.
Whose fault a failure is, the listing's or the channel's, is found out in `verdict`.
"""

from __future__ import annotations

import tenacity

from adapters.errors import (
    AdapterError,
    ChannelHaltedError,
    PermanentError,
    RateLimitedError,
    TemporaryError,
    UnderReviewError,
)
from adapters.values import value_object
from consumer.settings import DeliverySettings


@value_object
class RetryPolicy:
    """The settings of retries; all durations in seconds, delays ascending.

    stale: after this long another process may have taken over, so that a planned call is planned anew.
    """

    attempts: int
    backoff: float
    ceiling: float
    memory_wait: float
    delays: tuple[int, ...]
    outage_ceiling: float = 60.0
    stale: float = 45.0

    @classmethod
    def of(cls, settings: DeliverySettings) -> RetryPolicy:
        """The policy an operator has set."""
        return cls(
            attempts=settings.attempts,
            backoff=settings.backoff,
            ceiling=settings.backoff_ceiling,
            memory_wait=settings.memory_wait,
            delays=tuple(sorted(settings.retry_delays)),
            outage_ceiling=settings.outage_ceiling,
            stale=settings.session_timeout,
        )

    def window(self, attempt: int) -> float:
        """The longest backoff after this attempt (from 1)."""
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = attempt
        return tenacity.wait_exponential(multiplier=self.backoff, max=self.ceiling)(state)

    def pause(self, failures: int) -> float:
        """How long a channel that is down, or an account that is halted, is left alone after so many tries (from 1)."""
        return min(self.window(failures), self.outage_ceiling)

    def tier(self, delay: float) -> int:
        """The shortest retry topic that is not too early; the longest where none is long enough."""
        return next((tier for tier in self.delays if tier >= delay), self.delays[-1])


@value_object
class Wait:
    """Wait in memory until `due`. burned: this try counts as an attempt."""

    due: float
    burned: bool


@value_object
class RetryTopic:
    """Wait in the retry topic of `tier` seconds until `due`; behind others there, up to `tier` seconds."""

    tier: int
    due: float
    burned: bool


@value_object
class DeadLetter:
    """Nobody could deliver it. reason: a bounded word, "exhausted" or "bug"."""

    reason: str


@value_object
class Refused:
    """The channel will never take this state: a listing problem that people see and a newer state heals."""


@value_object
class Halt:
    """The account stops, and owes this listing until it works again. No attempt is burned: it is not at fault."""


Decision = Wait | RetryTopic | DeadLetter | Refused | Halt


def decide(error: Exception, attempt: int, policy: RetryPolicy, *, jitter: float, now: float) -> Decision:
    """What becomes of a listing whose try number `attempt` (from 1, this one included) ended with `error`.

    jitter: a random number from 0 up to 1. now: the core's clock. Anything that is no AdapterError is a bug: it is
    tried again like a passing failure, for it may be one, and then becomes a dead letter; it is never skipped.
    """
    if isinstance(error, ChannelHaltedError):
        return Halt()
    if isinstance(error, PermanentError):
        return Refused()
    floor = (error.delay if isinstance(error, TemporaryError) else None) or 0.0
    if isinstance(error, RateLimitedError | UnderReviewError):
        return postpone(max(floor, jitter * policy.window(1)), policy, now=now, burned=False)
    if attempt >= policy.attempts:
        return DeadLetter("exhausted" if isinstance(error, AdapterError) else "bug")
    return postpone(max(floor, jitter * policy.window(attempt)), policy, now=now, burned=True)


def sit_out(error: Exception, lasted: float, policy: RetryPolicy, *, jitter: float, now: float) -> Wait | RetryTopic:
    """Where a listing waits that failed without being at fault, as far as anybody can tell. It burns nothing.

    lasted: seconds since its first failure; it waits about as long again, so that its pauses grow.
    """
    floor = (error.delay if isinstance(error, TemporaryError) else None) or 0.0
    window = min(max(policy.backoff, lasted), policy.ceiling, policy.outage_ceiling)
    return postpone(max(floor, window * (0.5 + jitter / 2)), policy, now=now, burned=False)


def postpone(delay: float, policy: RetryPolicy, *, now: float, burned: bool) -> Wait | RetryTopic:
    """Where a listing waits that may not go for `delay` seconds."""
    if delay <= policy.memory_wait or not policy.delays:
        return Wait(now + delay, burned)
    return RetryTopic(policy.tier(delay), now + delay, burned)
