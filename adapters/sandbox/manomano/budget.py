"""The hour's budget: so many calls for a key, and so many on the offers' calls for an address, counted in any hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from adapters.sandbox.manomano.errors import RefusedError, throttled

_HOUR = 3600.0


class Budget:
    """clock: seconds since the epoch. amount: calls in any hour."""

    def __init__(self, amount: int, clock: Callable[[], float]) -> None:
        self._amount = amount
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}

    def spend(self, who: str) -> None:
        """One call. Raises RefusedError, Cloudflare's 429, where the hour's calls are used up; that costs nothing."""
        now = self._clock()
        calls = self._calls.setdefault(who, deque())
        while calls and calls[0] <= now - _HOUR:
            calls.popleft()
        if len(calls) >= self._amount:
            wait = int(calls[0] + _HOUR - now) + 1
            raise RefusedError(429, throttled(wait), {"Retry-After": str(wait)})
        calls.append(now)

    def used(self, who: str) -> int:
        """Calls of the last hour."""
        return sum(1 for at in self._calls.get(who, ()) if at > self._clock() - _HOUR)
