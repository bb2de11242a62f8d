"""Asking a channel about very many listings without being a burden: counted, paced, and at rest when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import structlog

from adapters.base import Adapter
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.model import ChannelListing, Command, ListingPage, Outcome
from consumer.control.pace import Pace
from consumer.control.reading_quota import ReadingQuota

Answer = TypeVar("Answer")

_log = structlog.get_logger()

# Seconds of rest where the channel does not say how long, and how often in a row it may fail before that is an end.
_REST = 30.0
_FAILURES = 5


class Asker:
    """Speaks to one account's channel. pace: listings asked for, at most. quota: what the channel allows beside
    deliveries. sleep: seconds."""

    def __init__(
        self,
        adapter: Adapter,
        pace: Pace,
        quota: ReadingQuota,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._adapter = adapter
        self._pace = pace
        self._quota = quota
        self._sleep = sleep

    @property
    def size(self) -> int:
        """How many listings a question may be about, so that the pace is kept."""
        return min(self._adapter.batch_size, self._pace.step)

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """See `Adapter.read_back`; in several questions where little is allowed at once.

        Raises AdapterError for what waiting does not cure.
        """
        found: dict[str, ChannelListing] = {}
        done = 0
        while done < len(skus):
            rest = skus[done:]
            allowed = await self._quota.take(len(rest))
            part = rest[:allowed]
            found |= await self._ask(partial(self._adapter.read_back, part))
            await self._pace.wait(len(part))
            done += len(part)
        return found

    async def page(self, page: str) -> ListingPage:
        """See `Adapter.list_listings`. How many listings it has is counted when it is known. Raises as above."""
        counted = await self._quota.take(1)
        found = await self._ask(partial(self._adapter.list_listings, page))
        while counted < len(found.listings):
            counted += await self._quota.take(len(found.listings) - counted)
        await self._pace.wait(len(found.listings))
        return found

    async def take_down(self, commands: Sequence[Command]) -> list[Outcome]:
        """See `Adapter.apply`: withdrawals, at the pace of questions. A whole call that was throttled is done again.

        Raises AdapterError where the whole call failed otherwise.
        """

        async def call() -> list[Outcome]:
            outcomes = await self._adapter.apply(commands)
            errors = [outcome.error for outcome in outcomes]
            if errors[0] is not None and all(isinstance(error, type(errors[0])) for error in errors):
                raise errors[0]
            return outcomes

        counted = 0
        while counted < len(commands):
            counted += await self._quota.take(len(commands) - counted)
        await self._pace.wait(len(commands))
        return await self._ask(call)

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """A channel that asks for a rest or stumbles is asked again; after some failures in a row it is an end."""
        failures = 0
        while True:
            try:
                return await question()
            except RateLimitedError as error:
                _log.warning("the channel asks for a rest", seconds=error.delay or _REST)
                self._quota.refused(error)
                await self._sleep(error.delay or _REST)
            except ChannelUnavailableError as error:
                failures += 1
                if failures == _FAILURES:
                    raise
                _log.warning("the channel could not be asked, trying again", error=error.message)
                await self._sleep(error.delay or _REST)
            await self._quota.take(1)
