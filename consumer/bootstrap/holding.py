"""What people stop and let go: pauses of channels and accounts, listings that are held. For one command each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.registry import CHANNELS
from consumer.delivery.pauses import COLLECTION as PAUSES
from consumer.delivery.pauses import Pause, Pauses
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.brakes.store import COLLECTION as BRAKES
from consumer.listings.brakes.store import BrakeStore
from consumer.listings.held import HeldStore, OwedGroup, Which
from consumer.listings.owed import Cause
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import AsyncDatabase, Document, PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings

Result = TypeVar("Result")


def pause(settings: Settings, endpoints: Endpoints, which: Which, why: str, *, who: str) -> bool:
    """Pause a channel, or one account or tenant of it. Returns False where just that was paused already.

    who: asks for it, for those who wonder later.

    Raises SettingsError for a channel there is not, UnavailableError.
    """
    channel = _known(which)

    async def act(database: AsyncDatabase[Document]) -> bool:
        return await Pauses(database[PAUSES]).pause(channel, which.account, why, tenant=which.tenant, who=who)

    return _run(settings, endpoints, act)


def resume(settings: Settings, endpoints: Endpoints, which: Which) -> tuple[list[Pause], list[Pause]]:
    """Take pauses away. Returns those, and the ones of this channel that still stand.

    Raises SettingsError for a channel there is not, UnavailableError.
    """
    channel = _known(which)

    async def act(database: AsyncDatabase[Document]) -> tuple[list[Pause], list[Pause]]:
        pauses = Pauses(database[PAUSES])
        taken = await pauses.resume(channel, which.account, tenant=which.tenant)
        return taken, await pauses.current(channel)

    return _run(settings, endpoints, act)


def held_listings(settings: Settings, endpoints: Endpoints, which: Which) -> list[OwedGroup]:
    """What waits for a person's word. Raises UnavailableError."""
    return _run(settings, endpoints, lambda database: held_store(database).groups(which, Cause.HELD, Cause.CAPPED))


def release_held(settings: Settings, endpoints: Endpoints, which: Which) -> int:
    """They may change as people were shown. Raises SettingsError for a channel there is not, UnavailableError."""
    _known(which)
    return _run(settings, endpoints, lambda database: held_store(database).release(which))


def drop_held(settings: Settings, endpoints: Endpoints, which: Which) -> int:
    """They stay as they are. Raises SettingsError for a channel there is not, UnavailableError."""
    _known(which)
    return _run(settings, endpoints, lambda database: held_store(database).drop(which))


def held_store(database: AsyncDatabase[Document]) -> HeldStore:
    """What is owed and held, in our own database."""
    listings = database[LISTINGS]
    return HeldStore(listings, BrakeStore(database[BRAKES], listings))


def _known(which: Which) -> str:
    if which.channel is None or which.channel not in CHANNELS:
        raise SettingsError(f"there is no channel {which.channel!r}; there are: {', '.join(sorted(CHANNELS))}")
    return which.channel


def _run(
    settings: Settings, endpoints: Endpoints, act: Callable[[AsyncDatabase[Document]], Awaitable[Result]]
) -> Result:
    async def run() -> Result:
        async with connect_async(endpoints.mongodb_uri) as client:
            return await act(client[settings.place.database])

    try:
        return asyncio.run(run())
    except PyMongoError as error:
        raise unavailable(error) from error
