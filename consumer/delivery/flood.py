"""The guard against floods: many dead letters at once have one cause, and are no use to anybody one by one.

More than so many within a time, and the account is paused loudly: what would have been given up is owed instead, and is
sent when a person has mended the cause and resumes it. Records that nobody can decode belong to no account: too many of
them pause the channel, and wait unfinished. Each process counts for itself. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from consumer.delivery.work import AccountKey

Whom = AccountKey | None
"""An account; None = the whole channel."""


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """At most so many dead letters of one account, or without one, within `window` seconds."""

    letters: int = 500
    window: float = 300.0


@dataclass(frozen=True, slots=True)
class StopFlood:
    """Pause this account, or the channel where it is None. Answer: `Flood.stopped`."""

    whom: Whom
    words: str


class Flood:
    """Counts dead letters and says who is to be stopped."""

    def __init__(self, limits: FloodLimits) -> None:
        self._limits = limits
        self._times: dict[Whom, deque[float]] = {}
        self._to_stop: dict[Whom, StopFlood] = {}
        self._stopping: set[Whom] = set()
        self._stored: set[Whom] = set()
        self._seen: set[Whom] = set()

    def admits(self, whom: Whom, now: float) -> bool:
        """Whether one more dead letter may be written; it counts."""
        if self._is_stopped(whom):
            return False
        times = self._times.setdefault(whom, deque())
        while times and times[0] <= now - self._limits.window:
            times.popleft()
        times.append(now)
        if len(times) <= self._limits.letters:
            return True
        del self._times[whom]
        words = f"more than {self._limits.letters} dead letters within {self._limits.window:.0f} s"
        self._to_stop[whom] = StopFlood(whom, words)
        return False

    def next(self) -> list[StopFlood]:
        """Who is to be paused now. Each command is given once and must be answered."""
        commands = list(self._to_stop.values())
        self._stopping |= set(self._to_stop)
        self._to_stop.clear()
        return commands

    def stopped(self, command: StopFlood, *, done: bool) -> None:
        """Answer to `StopFlood`. done: False where our store is away; it is tried again."""
        if done:
            self._stored.add(command.whom)
        else:
            self._stopping.discard(command.whom)
            self._to_stop[command.whom] = command

    def paused(self, accounts: Collection[AccountKey], *, every: bool) -> list[Whom]:
        """These accounts stand still now. every: that is all there are. Returns who was resumed since."""
        now: set[Whom] = set(accounts)
        if every:
            now.add(None)
        self._seen |= self._stopping & now
        resumed = [whom for whom in self._seen if whom not in now]
        # A look that began before the pause was stored misses it. One more that misses it says that somebody resumed
        # before we ever saw it; else what is withheld would wait for ever.
        self._seen |= self._stored & self._stopping
        self._stored.clear()
        self._seen.difference_update(resumed)
        self._stopping.difference_update(resumed)
        return resumed

    def _is_stopped(self, whom: Whom) -> bool:
        return whom in self._stopping or whom in self._to_stop
