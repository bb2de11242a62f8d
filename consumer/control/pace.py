"""How fast a job sends: so many records a second and no burst beyond one second's worth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Spreads records over time. rate: a second, 0 = as fast as it goes. clock: seconds that never jump."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    @property
    def step(self) -> int:
        """How many records may go together: about a second's worth, at most 500."""
        return 500 if self._rate == 0 else max(1, min(500, int(self._rate)))

    async def wait(self, records: int) -> None:
        """Until so many may go."""
        if self._rate == 0:
            return
        now = self._clock()
        begin = max(now, self._free_at)
        self._free_at = begin + records / self._rate
        if begin > now:
            await self._sleep(begin - now)
