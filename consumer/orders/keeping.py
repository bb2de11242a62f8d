"""Imports and publishes while this process leads: one task per account, one that publishes.

One account that fails, or is slow, keeps no other one waiting. Whoever loses the lease stops, and the next begins where
the store says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from adapters.errors import AdapterError
from consumer.errors import MarketsyncError
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds between two looks at what waits to be published, and at which accounts there are.
_LOOK = 0.2
_ACCOUNTS = 5.0
_LONGEST_PAUSE = 300.0


class Walker(Protocol):
    """`consumer.orders.importing.Import`."""

    async def walk(self) -> int:
        """Returns how many orders were news. Raises AdapterError, MarketsyncError, PyMongoError."""


class Poller:
    """One account's. poll: seconds between two walks. hint: set to walk at once. walked: told after each walk that came
    to its end how many orders were news. close: called at the end."""

    def __init__(
        self,
        account: str,
        walker: Walker,
        poll: float,
        walked: Callable[[int], object],
        close: Callable[[], Awaitable[object]],
    ) -> None:
        self._walked = walked
        self._close = close
        self.hint = asyncio.Event()
        self._account = account
        self._walker = walker
        self._poll = poll

    async def run(self) -> None:
        """Until cancelled. A walk that fails is tried again, later and later."""
        try:
            await self._walk()
        finally:
            await self._close()

    async def _walk(self) -> None:
        failures = 0
        while True:
            self.hint.clear()
            try:
                news = await self._walker.walk()
                failures = 0
                self._walked(news)
                if news:
                    _log.info("orders imported", account=self._account, orders=news)
            except (AdapterError, MarketsyncError, PyMongoError) as error:
                failures += 1
                _log.warning("orders cannot be imported", account=self._account, error=str(error)[:300])
            pause = min(_LONGEST_PAUSE, self._poll * 2**failures)
            try:
                await asyncio.wait_for(self.hint.wait(), pause)
            except TimeoutError:
                continue


class OrderKeeper:
    """leads: whether this process may go on. pollers: makes those of the accounts there are now, by id; asked again and
    again; one that is given again goes on, and an account whose settings changed gets another.
    publish: writes what waits, returns how much."""

    def __init__(
        self,
        leads: Callable[[], bool],
        pollers: Callable[[Mapping[str, Poller]], Awaitable[Mapping[str, Poller]]],
        publish: Callable[[], Awaitable[int]],
    ) -> None:
        self._leads = leads
        self._pollers = pollers
        self._publish = publish

    async def run(self) -> None:
        """While it leads. Raises what `publish` and `pollers` raise; then begin anew."""
        tasks: dict[Poller, asyncio.Task[None]] = {}
        known: Mapping[str, Poller] = {}
        looked = float("-inf")
        loop = asyncio.get_running_loop()
        try:
            while self._leads():
                if loop.time() - looked >= _ACCOUNTS:
                    looked = loop.time()
                    known = await self._pollers(known)
                    await self._follow(tasks, known)
                if not await self._publish():
                    await asyncio.sleep(_LOOK)
        finally:
            await self._follow(tasks, {})

    async def _follow(self, tasks: dict[Poller, asyncio.Task[None]], wanted: Mapping[str, Poller]) -> None:
        gone = [tasks.pop(poller) for poller in tasks.keys() - set(wanted.values())]
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        for account, poller in wanted.items():
            if poller not in tasks or tasks[poller].done():
                tasks[poller] = asyncio.create_task(poller.run(), name=f"orders {account}")
