"""The one account that a command is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.base import Adapter
from consumer.bootstrap.accounts import keeping, known_accounts
from consumer.bootstrap.tools import adapter_with
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.accounts import Account
from consumer.listings.accounts.opening import open_account
from consumer.listings.accounts.stored import BrokenAccount
from consumer.settings import Settings


def one_account(settings: Settings, endpoints: Endpoints, wanted: str) -> Account:
    """The account of that id, or of that end of it: tenant/channel/name, channel/name or name; "" = the only one.

    Its credentials stay closed: it is there to plan with. Raises SettingsError where it is none or not just one.
    """
    found = _choose(known_accounts(settings, endpoints), wanted)
    if isinstance(found, BrokenAccount):
        raise SettingsError(f"account {found.id} cannot be used: {found.words}")
    return found


@asynccontextmanager
async def speaking(settings: Settings, endpoints: Endpoints, account: Account) -> AsyncIterator[Adapter]:
    """An adapter that can call the channel for this account. Raises SettingsError where it cannot be signed in."""
    opened: Account | BrokenAccount = account
    async with keeping(settings, endpoints) as kept:
        for stored in await kept.store.all():
            if stored.id == id_of(account) and not isinstance(stored, BrokenAccount):
                opened = await open_account(stored, kept.credentials.vault)
        if isinstance(opened, BrokenAccount):
            raise SettingsError(f"account {opened.id} cannot be used: {opened.words}")
        adapter = adapter_with(opened, kept.database)
        try:
            yield adapter
        finally:
            await adapter.close()


def id_of(account: Account | BrokenAccount) -> str:
    """What people call it: tenant/channel/name."""
    return account.id if isinstance(account, BrokenAccount) else f"{account.tenant}/{account.channel}/{account.name}"


def _choose(accounts: list[Account | BrokenAccount], wanted: str) -> Account | BrokenAccount:
    found = [one for one in accounts if not wanted or f"/{id_of(one)}".endswith(f"/{wanted}")]
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted(map(id_of, accounts))) or "none; `marketsync accounts add` makes one"
    if not found:
        raise SettingsError(f"there is no account {wanted!r}; there are: {known}")
    raise SettingsError(f"--account: say which of them: {', '.join(sorted(map(id_of, found)))}")
