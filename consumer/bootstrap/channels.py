"""Keeps a delivery process for every channel that has an account, and one for the files that such channels read.

Accounts come and go while the service runs.
"""

from __future__ import annotations

import asyncio

import structlog

from consumer.bootstrap.accounts import channels_of
from consumer.bootstrap.parts import Part, name_of, one_more_part, with_feeds
from consumer.bootstrap.preparation import ready_to_run
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.processes import Supervisor
from consumer.settings import Settings

_log = structlog.get_logger()

# Seconds between two looks.
_LOOK = 2.0


class ChannelKeeper:
    """One service's. running: channel (or FEEDS) → its process. parts: all there are or were; they keep their ports."""

    def __init__(
        self,
        settings: Settings,
        endpoints: Endpoints,
        supervisor: Supervisor,
        running: dict[str, Part],
        parts: list[Part],
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._supervisor = supervisor
        self._running = running
        self._parts = parts
        self._said = ""

    async def run(self) -> None:
        """Keep watch until cancelled. What cannot be done now is tried with the next look, and said once."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                await self._look()
                self._said = ""
            except MarketsyncError as error:
                if str(error) != self._said:
                    self._said = str(error)
                    _log.error(f"channels cannot be started or stopped: {error}")

    async def _look(self) -> None:
        wanted = with_feeds(await asyncio.to_thread(channels_of, self._settings, self._endpoints))
        for channel in self._running.keys() - wanted:
            _log.info("the last account is gone: its channel stops", channel=channel)
            await self._supervisor.end(name_of(channel))
            del self._running[channel]
        for channel in sorted(set(wanted) - self._running.keys()):
            await asyncio.to_thread(ready_to_run, self._settings, self._endpoints)
            part = self._part(channel)
            _log.info("a first account: its channel starts", channel=channel, metrics=part.metrics_url)
            self._supervisor.start(part.child)
            self._running[channel] = part

    def _part(self, channel: str) -> Part:
        known = next((part for part in self._parts if part.child.name == name_of(channel)), None)
        if known is None:
            known = one_more_part(self._settings, self._endpoints, channel, beside=self._parts)
            self._parts.append(known)
        return known
