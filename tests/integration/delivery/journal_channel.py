"""A channel that is a `journal` at a port; the arguments of the process say which."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from adapters.channel import Channel
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Outcome
from adapters.rate_limits import Limit
from tests.unit.delivery.making import CHANNEL as NAME

# Seconds a call waits for its answer.
_PATIENCE = 2.0


class _Settings(BaseModel):
    """The journal's accounts have no settings of their own."""


class JournalAdapter(MemoryAdapter):
    """Calls the journal; what would be sent is the memory channel's."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        limits = [Limit(**limit) for limit in arguments["limits"]]
        super().__init__(NAME, arguments["batch_size"], limits=limits)
        self._port: int = arguments["port"]
        self._process: str = arguments["process"]

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        listings = [(c.sku, int(c.listing.title.rsplit(" ", 1)[1]) if c.listing else None) for c in commands]
        call = {"process": self._process, "listings": listings, "sent": time.time()}
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(json.dumps(call).encode() + b"\n")
                line = await reader.readline()
                writer.close()
        except OSError as error:  # TimeoutError too
            lost = ChannelUnavailableError(type(error).__name__, effect_unknown=True)
            return [Outcome(command.sku, lost) for command in commands]
        refusal = RateLimitedError("over the limit") if json.loads(line)["refused"] else None
        return [Outcome(command.sku, refusal) for command in commands]


CHANNEL = Channel(_Settings, lambda _settings, _tools: JournalAdapter(json.loads(sys.argv[1])))
