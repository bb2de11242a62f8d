"""A channel outside of all processes: it notes what arrives, in order of arrival, and refuses what is over its limit.

One JSON object a line in, one back; `journal_process` has the adapter that speaks it.
"""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """One listing of one call. version: the state it carried, None for a withdrawal. began: when the call did."""

    process: str
    sku: str
    version: int | None
    began: float


@dataclass(slots=True)
class Journal:
    """latency: seconds before each answer. limit: (calls, seconds) for any span; what is over it is refused.

    silent: calls are noted, and nobody answers. sent: when calls left their processes, by this machine's clock.
    """

    latency: float = 0.0
    limit: tuple[int, float] | None = None
    silent: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    calls: int = 0
    refused: int = 0
    sent: list[float] = field(default_factory=list)
    port: int = 0
    _recent: deque[float] = field(default_factory=deque)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    def versions(self, sku: str) -> list[int]:
        """The versions of a listing in order of arrival."""
        return [a.version for a in self.arrivals if a.sku == sku and a.version is not None]

    def begun(self, sku: str) -> list[int]:
        """The versions of a listing in the order in which their calls began, wherever they began."""
        calls = sorted((a.began, a.version) for a in self.arrivals if a.sku == sku and a.version is not None)
        return [version for _, version in calls]

    def newest(self) -> dict[str, int]:
        """The last version of each listing."""
        return {arrival.sku: arrival.version for arrival in self.arrivals if arrival.version is not None}

    def most_sent_in(self, seconds: float) -> int:
        """The most calls that left their processes in any span of this length."""
        times = sorted(self.sent)
        return max(bisect_left(times, begin + seconds) - place for place, begin in enumerate(times))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = self._answer(json.loads(line))
            if self.silent:
                continue
            await asyncio.sleep(self.latency)
            writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(call["sent"])
        if self._is_over():
            self.refused += 1
            return {"refused": True}
        self.calls += 1
        self.arrivals += [Arrival(call["process"], sku, version, call["sent"]) for sku, version in call["listings"]]
        return {"refused": False}

    def _is_over(self) -> bool:
        if self.limit is None:
            return False
        amount, period = self.limit
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - period:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > amount
