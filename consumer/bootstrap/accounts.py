"""The accounts of an installation: those that are stored, and those of the variables where a channel has none."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from consumer.bootstrap.credentials import Credentials, open_credentials, utc_now
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.accounts import Account
from consumer.listings.accounts.environment import accounts_from_environment, channels_in_environment
from consumer.listings.accounts.opening import look_at
from consumer.listings.accounts.store import COLLECTION, AccountStore
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount, read_stored
from consumer.listings.accounts.watch import AccountWatch
from consumer.mongo import AsyncDatabase, AsyncMongoClient, Document, PyMongoError, connect, connect_async
from consumer.mongo.leniency import lenient
from consumer.mongo.words import unavailable
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class AccountKeeping:
    """What commands on accounts work with. database: our own."""

    database: AsyncDatabase[Document]
    store: AccountStore
    credentials: Credentials


@asynccontextmanager
async def keeping(settings: Settings, endpoints: Endpoints) -> AsyncIterator[AccountKeeping]:
    """For one command. Raises UnavailableError where MongoDB fails inside."""
    try:
        async with connect_async(endpoints.mongodb_uri) as client:
            database = client[settings.place.database]
            credentials = open_credentials(settings, endpoints, client)
            try:
                yield AccountKeeping(database, AccountStore(database[COLLECTION], now=utc_now), credentials)
            finally:
                await credentials.cipher.close()
    except PyMongoError as error:
        raise unavailable(error) from error


def watch_accounts(
    settings: Settings, credentials: Credentials, client: AsyncMongoClient[Document], channel: str
) -> AccountWatch:
    """The accounts of a channel, to be read again and again while a process runs."""
    return AccountWatch(
        client[settings.place.database][COLLECTION],
        credentials.vault,
        channel=channel,
        fallback=lambda: accounts_from_environment(settings, channel),
        clock=time.monotonic,
    )


def stored_accounts(settings: Settings, endpoints: Endpoints) -> list[StoredAccount | BrokenAccount]:
    """The accounts that are stored, by their ids. Raises UnavailableError."""
    try:
        with connect(endpoints.mongodb_uri) as client:
            found = lenient(client[settings.place.database][COLLECTION]).find().sort("_id")
            return [read_stored(document) for document in found]
    except PyMongoError as error:
        raise unavailable(error) from error


def known_accounts(settings: Settings, endpoints: Endpoints) -> list[Account | BrokenAccount]:
    """All accounts that count, to be looked at: credentials of stored ones stay closed.

    Raises UnavailableError, and SettingsError where variables count and are unusable.
    """
    stored = stored_accounts(settings, endpoints)
    channels = {one.channel for one in stored}
    fallback = [
        account
        for channel in channels_in_environment(settings)
        if channel not in channels
        for account in accounts_from_environment(settings, channel)
    ]
    return [*(one if isinstance(one, BrokenAccount) else look_at(one) for one in stored), *fallback]


def channels_of(settings: Settings, endpoints: Endpoints) -> list[str]:
    """The channels that have an account, also one that is off or broken, in order.

    Raises UnavailableError, and SettingsError where variables count and are unusable.
    """
    return sorted({account.channel for account in known_accounts(settings, endpoints) if account.channel})


def enabled_accounts(settings: Settings, endpoints: Endpoints, channel: str) -> list[Account]:
    """The accounts of a channel that are not off; there may be none. Raises as `known_accounts`."""
    known = known_accounts(settings, endpoints)
    return [one for one in known if isinstance(one, Account) and one.channel == channel and one.mode != "off"]


def accounts_of(
    settings: Settings, endpoints: Endpoints, channel: str, *, tenants: Sequence[str] = (), account: str = ""
) -> list[Account]:
    """The accounts of a channel that are asked for and not off. tenants, account: empty = all of them.

    Raises SettingsError where there is none, in words that say what there is; UnavailableError.
    """
    there = [one for one in known_accounts(settings, endpoints) if one.channel == channel]
    enabled = [one for one in there if isinstance(one, Account) and one.mode != "off"]
    unusable = "; ".join(f"{one.id}: {one.words}" for one in there if isinstance(one, BrokenAccount))
    if not enabled:
        off = ", ".join(f"{one.name} of {one.tenant}" for one in there if isinstance(one, Account))
        more = "".join((f"; off: {off}" if off else "", f"; unusable: {unusable}" if unusable else ""))
        raise SettingsError(f"no account of the channel {channel!r} is enabled{more}")
    wanted = [one for one in enabled if (not tenants or one.tenant in tenants) and account in ("", one.name)]
    if not wanted:
        known = ", ".join(f"{one.name} of {one.tenant}" for one in enabled)
        more = f"; unusable: {unusable}" if unusable else ""
        raise SettingsError(f"no such account on the channel {channel!r} (enabled: {known}{more})")
    return wanted
