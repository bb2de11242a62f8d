"""Do accounts work? Each is asked for on its channel, with what it would sell with; nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from adapters.base import Adapter
from adapters.errors import AdapterError, AuthenticationError, ConfigurationError
from adapters.registry import make_adapter
from consumer.bootstrap.accounts import keeping
from consumer.bootstrap.tenant_checks import Finding
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.listings.accounts import Account
from consumer.listings.accounts.environment import accounts_from_environment, channels_in_environment
from consumer.listings.accounts.opening import open_account
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount
from consumer.listings.credentials.vault import Vault
from consumer.settings import Settings

_NO_ACCOUNT = Finding(
    "accounts",
    "none: nothing would be delivered",
    "Add one: `marketsync accounts add`. Or name tenants in MARKETSYNC_TENANTS and enable a channel, e.g."
    " EBAY_ENABLED=true.",
)


def check_accounts(settings: Settings, endpoints: Endpoints | None) -> list[Finding]:
    """All accounts there are. endpoints: None = only those of variables can be known. Never raises for an account."""
    try:
        stored = asyncio.run(_open_all(settings, endpoints)) if endpoints else []
        accounts = [*stored, *_of_variables(settings, {one.channel for one in stored})]
    except MarketsyncError as error:
        return [Finding("accounts", str(error), "Set the variable and check again.")]
    if not accounts:
        return [_NO_ACCOUNT]
    names = (f"{one.channel}/{one.name} of {one.tenant} ({_mode(one)})" for one in accounts)
    return [Finding("accounts", ", ".join(names)), *asyncio.run(_test_all(accounts))]


async def try_account(stored: StoredAccount | BrokenAccount, vault: Vault) -> Finding:
    """One stored account, also one that is off. Raises PyMongoError."""
    return await _test(stored if isinstance(stored, BrokenAccount) else await open_account(stored, vault))


async def _open_all(settings: Settings, endpoints: Endpoints) -> list[Account | BrokenAccount]:
    async with keeping(settings, endpoints) as kept:
        vault = kept.credentials.vault
        return [
            one if isinstance(one, BrokenAccount) else await open_account(one, vault) for one in await kept.store.all()
        ]


def _of_variables(settings: Settings, stored: Iterable[str]) -> list[Account]:
    channels = set(channels_in_environment(settings)) - set(stored)
    return [account for channel in sorted(channels) for account in accounts_from_environment(settings, channel)]


def _mode(account: Account | BrokenAccount) -> str:
    return "cannot be used" if isinstance(account, BrokenAccount) else account.mode


async def _test_all(accounts: Sequence[Account | BrokenAccount]) -> list[Finding]:
    # Those that are off are nobody's trouble yet: they may be without credentials.
    asked = (one for one in accounts if isinstance(one, BrokenAccount) or one.mode != "off")
    return [await _test(account) for account in asked]


async def _test(account: Account | BrokenAccount) -> Finding:
    subject = f"{account.channel}/{account.name} of {account.tenant}"
    if isinstance(account, BrokenAccount):
        return Finding(subject, account.words, "It stands still, others go on. Mend what is named.")
    try:
        adapter = make_adapter(account.channel, account.settings)
        try:
            await adapter.test_connection()
            said = await _said(adapter)
        finally:
            await adapter.close()
    except AdapterError as error:
        return Finding(subject, error.message, _cure_of(error))
    return Finding(subject, "; ".join(["credentials and required settings work", *said]))


async def _said(adapter: Adapter) -> Sequence[str]:
    """What else the channel says; an account that works is no worse where it says nothing now."""
    try:
        return await adapter.standing()
    except AdapterError as error:
        return [f"nothing more is known now ({error.message})"]


def _cure_of(error: AdapterError) -> str:
    if isinstance(error, AuthenticationError):
        return "Have the seller sign in again and set the new refresh token; check app id and secret."
    if isinstance(error, ConfigurationError):
        return "Correct the setting that is named."
    return "Try again; if it stays so, see the channel's status page and the address in the settings."
