"""`marketsync deliver` for a channel that is a `journal`: the service's own process, to be stopped, killed and frozen.

Settings come from the environment as always; its own arguments as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from pydantic import BaseModel

from adapters import registry
from adapters.errors import ChannelUnavailableError, RateLimitedError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Outcome
from adapters.rate_limits import Limit
from consumer.bootstrap.service import run_delivery
from consumer.bootstrap.start import begin, find_servers
from consumer.embedded import Endpoints
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.errors import ChangedMeanwhileError
from consumer.listings.accounts.store import COLLECTION, AccountStore
from consumer.mongo import connect_async
from consumer.settings import Settings
from tests.unit.delivery.making import CHANNEL, make_account

# Seconds a call waits for its answer.
_PATIENCE = 2.0


class _Settings(BaseModel):
    """The journal's accounts have no settings of their own."""


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
    channel = registry.Channel(_Settings, lambda _settings: JournalAdapter(arguments))
    cast(dict[str, Any], registry.CHANNELS)[CHANNEL] = channel
    settings = begin("deliver", channel=CHANNEL)
    servers = find_servers(settings)
    asyncio.run(_store_account(settings, servers))
    run_delivery(settings, servers, CHANNEL, supervised=False)


async def _store_account(settings: Settings, servers: Endpoints) -> None:
    """The account, as a person would have stored it; all processes share it."""
    same = make_account()
    document = AccountDocument(
        tenant=same.tenant,
        channel=same.channel,
        account=same.name,
        mode="live",
        languages=same.languages,
        categories=same.categories,
        price=same.price,
        brakes=same.brakes,
    )
    async with connect_async(servers.mongodb_uri) as client:
        accounts = AccountStore(client[settings.place.database][COLLECTION], now=partial(datetime.now, UTC))
        with suppress(ChangedMeanwhileError):
            await accounts.add(document, {})


if __name__ == "__main__":
    main()
