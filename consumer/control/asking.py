"""Asking a channel about very many listings without being a burden: paced, and at rest when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from adapters.base import Adapter
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.model import ChannelListing, ListingPage
from consumer.control.pace import Pace

Answer = TypeVar("Answer")

_log = structlog.get_logger()

# Seconds of rest where the channel does not say how long, and how often in a row it may fail before that is an end.
_REST = 30.0
_FAILURES = 5


class Asker:
    """Speaks to one account's channel. pace: listings asked for. sleep: seconds."""

    def __init__(self, adapter: Adapter, pace: Pace, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._adapter = adapter
        self._pace = pace
        self._sleep = sleep

    @property
    def size(self) -> int:
        """How many listings a question may be about, so that the pace is kept."""
        return min(self._adapter.batch_size, self._pace.step)

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """See `Adapter.read_back`. Raises AdapterError for what waiting does not cure."""
        return await self._ask(lambda: self._adapter.read_back(skus), len)

    async def page(self, page: str) -> ListingPage:
        """See `Adapter.list_listings`. Raises as above."""
        return await self._ask(lambda: self._adapter.list_listings(page), lambda found: len(found.listings))

    async def _ask(self, question: Callable[[], Awaitable[Answer]], size: Callable[[Answer], int]) -> Answer:
        """A channel that asks for a rest or stumbles is asked again; after some failures in a row it is an end."""
        failures = 0
        while True:
            try:
                answer = await question()
                await self._pace.wait(size(answer))
                return answer
            except RateLimitedError as error:
                _log.warning("the channel asks for a rest", seconds=error.delay or _REST)
                await self._sleep(error.delay or _REST)
            except ChannelUnavailableError as error:
                failures += 1
                if failures == _FAILURES:
                    raise
                _log.warning("the channel could not be asked, trying again", error=error.message)
                await self._sleep(error.delay or _REST)
