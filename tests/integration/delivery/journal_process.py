"""`marketsync deliver` for a channel that is a `journal`: the service's own process, to be stopped, killed and frozen.

Settings come from the environment as always; its own arguments as one JSON object.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from adapters.registry import CHANNELS
from consumer.bootstrap.service import run_delivery
from consumer.bootstrap.start import begin, find_servers
from consumer.embedded import Endpoints
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.errors import ChangedMeanwhileError
from consumer.listings.accounts.store import COLLECTION, AccountStore
from consumer.mongo import connect_async
from consumer.settings import Settings
from tests.unit.delivery.making import CHANNEL, make_account


def main() -> None:
    """Deliver until stopped."""
    CHANNELS.add(CHANNEL, "tests.integration.delivery.journal_channel")
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
