"""The gate in front of each account: how many calls it may have in flight, and whether it may call at all now.

A throttled account, and one whose channel does not answer (the circuit breaker), are closed until a time. After that
the gate is half open: one call goes through as a probe, and its answer opens the gate or closes it again. A halted
account (dead credential, closed account) stands still until a try that writes nothing (`test_connection`) succeeds;
then its gate is half open too. A paused one stands still until a person lets it go on, one whose document cannot be
used until somebody mends it. Other accounts never notice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from adapters.errors import (
    ChannelHaltedError,
    ChannelUnavailableError,
    PermanentError,
    RateLimitedError,
    UnderReviewError,
)
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.work import AccountKey
from consumer.listings.state import ListingKey

# So many calls in a row without any answer, each with another listing, mean that the channel is down, and that no
# listing is at fault.
_STRIKES = 3
_NOBODY: Mapping[ListingKey, Ticket] = MappingProxyType({})


class Gate:
    """One account. Counts are listings, but for `calls`.

    preparing: taken, plan and intent not ready. queued: intent stored, no call yet. calling: in a call.
    most_in_flight: all that may be between slot and stored outcome.
    down: closed because the channel does not answer. alive_at: when it answered last, for some listing or to a
    question. wants_answer: too few listings got no answer to tell whose fault it is, so the channel is to be asked.
    paused: why a person stopped it, "" = nobody did. broken: why its document cannot be used, "" = it can. gone: there
    is no such account any more; what is in flight ends, and nothing else starts. changed_at: when its rules or settings
    changed last. generation: counts its credentials. gathers: listings that may gather for a job; gathered: how many
    do, or are in one. They stand in nobody's way.
    """

    def __init__(self, account: AccountKey, batch_size: int, *, concurrency: int, policy: RetryPolicy) -> None:
        self.account = account
        self.preparing = 0
        self.queued = 0
        self.calling = 0
        self.calls = 0
        self.in_flight = 0
        self.halted = False
        self.paused = ""
        self.broken = ""
        self.gone = False
        self.changed_at = -math.inf
        self.generation = 0
        self.gathers = 0
        self.gathered = 0
        self.down = False
        self.alive_at = -math.inf
        self.wants_answer = False
        self.until = 0.0
        self.error: Exception | None = None
        self._closed = False
        self._concurrency = concurrency
        self._policy = policy
        self._throttled = 0
        self._strikes = 0
        self._struck: dict[ListingKey, Ticket] = {}
        self._unanswered = 0
        self._halts = 0
        self._trying = False
        self.resize(batch_size)

    @property
    def most_in_calls(self) -> int:
        """So many listings may be in calls at the same time."""
        return self._concurrency * self.batch_size

    def resize(self, batch_size: int) -> None:
        """So many commands fit into one call from now on."""
        self.batch_size = batch_size
        # Prepared ahead of free calls, so that no call waits for the store: half of what is in calls.
        self._ahead = max(batch_size, self._concurrency * batch_size // 2)
        self.most_in_flight = 2 * (self._concurrency * batch_size + self._ahead)

    def renew(self, now: float) -> None:
        """It has another credential, or other settings: where the old ones were refused, these are tried at once."""
        self.generation += 1
        self._trying = False
        if self.halted:
            self._halts = 0
            self.until = now

    @property
    def stands(self) -> bool:
        """Whether nothing may be called however long one waits: what there is to do becomes owed."""
        return self.halted or self.gone or self.paused != "" or self.broken != ""

    def wants_try(self, now: float) -> bool:
        """Whether it is time to ask the channel if the halted account works again. True once for each answer."""
        if not self.halted or self._trying or now < self.until or self.gone or self.broken:
            return False
        self._trying = True
        return True

    def tried(self, error: Exception | None, now: float) -> None:
        """The try's answer. A success half opens the gate; a failure makes the next pause longer."""
        self._trying = False
        if not self.halted:
            return
        if error is None:
            self.halted = False
            self.until = now
        else:
            self._halts += 1
            self._close(error if isinstance(error, ChannelHaltedError) else self.error or error, self._next_try(now))

    def room(self, now: float) -> int:
        """How many listings may be taken for planning now.

        While all calls are busy, nothing is taken until half of what was prepared is used up: the store is read and
        written in few large steps instead of many small ones.
        """
        pending = self.preparing + self.queued
        if self.stands:
            return 0
        if self._closed:
            return 0 if now < self.until or self.calls else max(0, self.batch_size - pending)
        if self.calls >= self._concurrency and 2 * pending > self._ahead:
            return 0
        room = self._concurrency * self.batch_size + self._ahead - pending - self.calling
        return max(0, min(room, self.most_in_flight - self.in_flight + self.gathered))

    def background_room(self, now: float) -> int:
        """The same for background work, which leaves half of what is prepared ahead, and of what is in flight, free.

        So a state that comes now is prepared at once, however much is planned anew meanwhile.
        """
        pending, reserve = self.preparing + self.queued, max(1, self._ahead // 2)
        left = self._concurrency * self.batch_size + reserve - pending - self.calling
        if self.calls >= self._concurrency:
            left = min(left, reserve - pending)
        left = min(left, self.most_in_flight - self._ahead - self.in_flight + self.gathered)
        return max(0, min(self.room(now), left))

    def may_send_job(self, now: float) -> bool:
        """Whether many commands may be sent at once now."""
        return not self.stands and not self._closed

    def may_call(self, now: float) -> bool:
        """Whether one more call may start now."""
        if self.stands:
            return False
        if self._closed:
            return now >= self.until and self.calls == 0
        return self.calls < self._concurrency

    def closed_for(self, now: float) -> float:
        """Seconds the gate stays closed, 0 when it is open or half open."""
        return max(0.0, self.until - now) if self._closed else 0.0

    @staticmethod
    def proves_life(errors: Sequence[Exception | None]) -> bool:
        """Whether the channel worked on at least one command of a call."""
        return any(error is None or isinstance(error, PermanentError | UnderReviewError) for error in errors)

    def take_question(self, now: float) -> bool:
        """Whether the channel is to be asked now if it answers at all. True once each time."""
        wanted = self.wants_answer and not self.stands and (self.down or not self.closed_for(now))
        self.wants_answer = False
        return wanted

    def probed(self, error: Exception | None, now: float, jitter: float) -> None:
        """The channel was asked something cheap. jitter: a random number from 0 up to 1.

        An answer proves nothing while many listings get none: a channel may tell and yet take nothing.
        """
        if isinstance(error, ChannelUnavailableError):
            self._strike([error], now, jitter, fresh=True)
        elif len(self._struck) < _STRIKES:
            self.alive_at = now
            if self.down or (self._closed and now >= self.until):
                self._open()

    def answered(
        self,
        errors: Sequence[Exception | None],
        now: float,
        jitter: float,
        *,
        fresh: Mapping[ListingKey, Ticket] = _NOBODY,
        generation: int = 0,
    ) -> None:
        """A call came back: `halted` and `down` may be others now.

        jitter: a random number from 0 up to 1. fresh: the call's listings that were no suspects before (`verdict`),
        and what each came by.
        generation: of the credential it was made with; that an older one is refused says nothing of this one.
        """
        alive = self.proves_life(errors)
        if alive:
            self.alive_at = now
            self._strikes = 0
            self._struck.clear()
        refusals = [error for error in errors if isinstance(error, ChannelHaltedError)]
        limits = [error for error in errors if isinstance(error, RateLimitedError)]
        if refusals and len(refusals) == len(errors):
            if generation == self.generation:
                self._halt(refusals[0], now)
        elif limits:
            self._throttle(limits, now, jitter)
        elif not alive:
            known = len(self._struck)
            self._struck.update(fresh)
            unavailable = [error for error in errors if isinstance(error, ChannelUnavailableError)]
            self._strike(unavailable, now, jitter, fresh=len(self._struck) > known)
        elif not self._closed:
            self._throttled = 0
        elif now >= self.until and not self.halted:  # a call that began before the gate closed proves nothing
            self._open()

    def acquit(self, listing: ListingKey) -> None:
        """This listing is done with without a call: it will never tell whether the channel answers."""
        self._struck.pop(listing, None)

    def keep_struck(self, is_ours: Callable[[Ticket], bool]) -> None:
        """Only what is still ours counts: whether the channel answers for the rest, others hear."""
        self._struck = {listing: ticket for listing, ticket in self._struck.items() if is_ours(ticket)}

    def _open(self) -> None:
        self._closed = self.halted = self.down = False
        self._strikes = self._unanswered = self._halts = 0
        self.error = None

    def _halt(self, error: ChannelHaltedError, now: float) -> None:
        if not self.halted:
            self._halts += 1
        self.halted = True
        self._close(error, self._next_try(now))

    def _next_try(self, now: float) -> float:
        return now + self._policy.pause(self._halts)

    def _strike(self, errors: Sequence[ChannelUnavailableError], now: float, jitter: float, *, fresh: bool) -> None:
        """One listing that fails again and again is no outage: only calls with another one count."""
        if not errors or now < self.until:
            return  # a call that began before the gate closed: it was counted by then
        self._strikes += fresh
        if self.down or self._strikes >= _STRIKES:
            self.down = True
            self._unanswered += 1
            pause = self._policy.pause(self._unanswered) * (0.5 + jitter / 2)
            self._close(errors[0], now + max(pause, *(error.delay or 0.0 for error in errors)))

    def _throttle(self, errors: Sequence[RateLimitedError], now: float, jitter: float) -> None:
        """What the channel asks for is a floor; each time it asks again, the gate stays closed longer."""
        if now >= self.until:
            self._throttled += 1
        backoff = self._policy.window(self._throttled) * (0.5 + jitter / 2)
        self._close(errors[0], now + max(backoff, *(error.delay or 0.0 for error in errors)))

    def _close(self, error: Exception, until: float) -> None:
        self._closed = True
        self.error = error
        self.until = max(until, self.until)
