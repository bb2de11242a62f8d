"""Who leads a stream: what a process does next, given what it saw of the lease and its own clock. Pure.

No clock is compared with another, neither of machines nor of the server; each process only measures how long something
lasted, by a clock that nobody sets:

- The holder trusts its lease from the moment *before it sent* a renewal that was acknowledged, for 70 % of the lease's
  duration. Then it publishes nothing until a renewal succeeds again.
- Another takes the lease only when it has *seen* the same holder, term and beat for the whole duration, counted from
  the moment after the first such answer came. The compare-and-set fails if there was a renewal meanwhile.

A renewal is written after it was sent and seen after it was written. So the holder's trust ends before anybody's
patience does, however long messages take, in whatever order they arrive, and whatever the clocks show, provided that
no clock runs more than 1 / 0.7 times as fast as another. Why not the server's clock: after an election another
server answers, with another clock, and the holder needs a deadline of its own all the same for when none answers.

What a lease cannot do is stop a process that sleeps between asking whether it leads and writing. Kafka does: the
transactional id belongs to whoever took the stream over last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from consumer.mongo.lease import Lease


@dataclass(frozen=True, slots=True)
class Timing:
    """How the duration of a lease, in seconds, is spent."""

    duration: float

    @property
    def trust(self) -> float:
        """How long a renewal lets the holder publish, from before it was sent."""
        return 0.7 * self.duration

    @property
    def pause(self) -> float:
        """Between two renewals."""
        return self.duration / 5

    @property
    def look(self) -> float:
        """Between two looks of a standby, and before a failed renewal is tried again."""
        return self.duration / 20

    @property
    def timeout(self) -> float:
        """Of one call to the database: two may hang before the trust ends."""
        return self.duration / 4


@dataclass(frozen=True, slots=True)
class Look:
    """Read the lease; answer with `saw` or `failed`."""


@dataclass(frozen=True, slots=True)
class Acquire:
    """Take the lease if it is still what was seen; answer with `acquired`, `refused` or `failed`."""

    seen: Lease | None


@dataclass(frozen=True, slots=True)
class Renew:
    """Say that we are alive; answer with `renewed`, `refused` or `failed`."""

    term: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds."""

    seconds: float


Action = Look | Acquire | Renew | Wait

_NEVER: Final = float("-inf")


class Candidate:
    """One process that would like to lead. Every time is of this process's own monotonic clock, in seconds.

    id: never used by another process, nor by an earlier run of this one.
    """

    def __init__(self, id: str, timing: Timing) -> None:  # noqa: A002  the word of the lease
        self._id = id
        self._timing = timing
        self._term = 0
        self._given_up = 0
        self._trusted_until = _NEVER
        self._due = _NEVER
        self._seen: Lease | None = None
        self._seen_since = _NEVER
        self._ripe = False

    @property
    def term(self) -> int:
        """The term in which this process holds the lease as far as it knows, 0 when it stands by."""
        return self._term

    @property
    def seen(self) -> Lease | None:
        """The lease as it was seen last by a standby."""
        return self._seen

    def leads(self, now: float) -> bool:
        """Whether it may publish now."""
        return bool(self._term) and now < self._trusted_until

    def decide(self, now: float) -> Action:
        """What to do now. An action other than Wait must be answered before the next one is asked for."""
        if now < self._due:
            return Wait(self._due - now)
        if self._term:
            return Renew(self._term)
        return Acquire(self._seen) if self._ripe else Look()

    def saw(self, lease: Lease | None, *, now: float, gone: bool = False) -> None:
        """The answer to Look. now: when it had come. gone: its holder is known to have ended."""
        if lease != self._seen or self._seen_since == _NEVER:
            self._seen, self._seen_since = lease, now
        holder = lease.holder if lease else None
        own = holder is not None and holder.id == self._id
        if lease is not None and own and lease.term > self._given_up:
            # An attempt whose answer was lost had worked. Nothing is trusted before a renewal.
            self._term, self._trusted_until, self._due = lease.term, _NEVER, now
            return
        # A term that was given up never comes back: its release may still be under way.
        silent = lease is not None and now - self._seen_since >= lease.duration
        self._ripe = holder is None or own or gone or silent
        self._due = now if self._ripe else now + self._timing.look

    def acquired(self, *, sent: float) -> None:
        """The lease is ours. sent: when the attempt was sent, or before."""
        self._ripe = False
        self._term = 1 if self._seen is None else self._seen.term + 1
        self._trust(sent)

    def renewed(self, term: int, *, sent: float) -> None:
        """The renewal was acknowledged. sent: when it was sent, or before."""
        if term == self._term:
            self._trust(sent)

    def refused(self, *, now: float) -> None:
        """The lease is not what we thought: another one's, or renewed meanwhile."""
        self.step_down(until=now)

    def failed(self, *, now: float) -> None:
        """No answer: whether it had an effect is unknown."""
        self._ripe = False
        self._due = max(self._due, now + self._timing.look)

    def step_down(self, *, until: float) -> None:
        """Lead no more, and do not try to before `until`."""
        self._given_up = max(self._given_up, self._term)
        self._term, self._trusted_until = 0, _NEVER
        self._ripe = False
        self._due = until

    def _trust(self, sent: float) -> None:
        self._trusted_until = sent + self._timing.trust
        self._due = sent + self._timing.pause
