"""`marketsync deliver` for a channel that is a `journal`: the service's own process, to be stopped, killed and frozen.

Settings come from the environment as always; its own arguments as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import BaseModel

from adapters import registry
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Outcome
from adapters.rate_limits import Limit
from consumer.bootstrap.service import _deliver
from consumer.bootstrap.start import begin, find_servers
from tests.unit.delivery.making import CHANNEL, make_account

# Seconds a call waits for its answer.
_PATIENCE = 2.0


class JournalAdapter(MemoryAdapter):
    """Calls the journal; what would be sent is the memory channel's."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        limits = [Limit(**limit) for limit in arguments["limits"]]
        super().__init__(CHANNEL, arguments["batch_size"], limits=limits)
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


def main() -> None:
    """Deliver until stopped."""
    arguments = json.loads(sys.argv[1])
    # The registry is a constant for everybody else.
    cast(dict[str, Any], registry.CHANNELS)[CHANNEL] = registry.Channel(BaseModel, JournalAdapter)
    settings = begin("deliver", channel=CHANNEL)
    accounts = [replace(make_account(), settings=arguments)]
    asyncio.run(_deliver(settings, find_servers(settings), accounts, supervised=False))


if __name__ == "__main__":
    main()
