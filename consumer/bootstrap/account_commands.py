"""What people do with accounts: one call for each command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import SecretStr

from consumer.bootstrap.accounts import AccountKeeping, keeping
from consumer.bootstrap.bookkeeping import refuse_ignored_sources
from consumer.bootstrap.credentials import utc_now
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.accounts import Mode
from consumer.listings.accounts.changing import differences
from consumer.listings.accounts.channel_settings import check_settings, credentials_of, missing_credentials
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.environment import accounts_from_environment
from consumer.listings.accounts.errors import AccountError, ChangedMeanwhileError, UnknownAccountError
from consumer.listings.accounts.exchange import AccountFile
from consumer.listings.accounts.opening import open_account
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount
from consumer.listings.accounts.transfer import data_of
from consumer.listings.credentials.expiry import ends_at
from consumer.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Added:
    """A new account. missing: credentials it needs before it can work, in words."""

    document: AccountDocument
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of an account. revision: the stored one now. fields: paths that are others than before; none: nothing
    was stored. added: it is new."""

    id: str
    revision: int
    fields: tuple[str, ...] = ()
    added: bool = False


def of_variables(settings: Settings, channel: str) -> tuple[AccountDocument, dict[str, SecretStr]]:
    """The account that variables describe, and its credentials. Raises SettingsError where there is none."""
    accounts = accounts_from_environment(settings, channel)
    if not accounts:
        raise SettingsError(f"variables describe no account of the channel {channel!r}")
    return data_of(accounts[0])


def add_account(
    settings: Settings, endpoints: Endpoints, document: AccountDocument, credentials: Mapping[str, SecretStr]
) -> Added:
    """Store a new account. Raises AccountError, ChangedMeanwhileError where there is one already, MarketsyncError."""

    refuse_ignored_sources(document, settings.capture.bookkeeping)

    async def act(kept: AccountKeeping) -> Added:
        return await _add(kept, document, credentials)

    return run(settings, endpoints, act)


def change_fields(
    settings: Settings, endpoints: Endpoints, account: str, change: Callable[[AccountDocument], AccountDocument]
) -> Changed:
    """Change some fields of an account. Raises UnknownAccountError, AccountError, ChangedMeanwhileError."""

    async def act(kept: AccountKeeping) -> Changed:
        stored = await _usable(kept, account)
        changed = change(stored.document)
        refuse_ignored_sources(changed, settings.capture.bookkeeping)
        return await _change(kept, stored, changed)

    return run(settings, endpoints, act)


def import_accounts(settings: Settings, endpoints: Endpoints, files: Iterable[AccountFile]) -> list[Changed]:
    """Make stored accounts equal to those of files; new ones are off until they have their credentials.

    Raises as `add_account`; what came before stays stored.
    """

    files = list(files)
    for file in files:
        refuse_ignored_sources(file.document, settings.capture.bookkeeping)

    async def act(kept: AccountKeeping) -> list[Changed]:
        return [await _import(kept, file) for file in files]

    return run(settings, endpoints, act)


def switch_mode(settings: Settings, endpoints: Endpoints, account: str, mode: Mode) -> Mode:
    """Switch an account; returns what it was. Raises UnknownAccountError, and AccountError where it could not work."""

    async def act(kept: AccountKeeping) -> Mode:
        if mode != "off":
            stored = await _usable(kept, account)
            await _require_working(kept, stored, stored.document.model_copy(update={"mode": mode}))
        return await kept.store.set_mode(account, mode)

    return run(settings, endpoints, act)


def remove_account(settings: Settings, endpoints: Endpoints, account: str) -> None:
    """Forget an account and its credentials. Raises UnknownAccountError."""
    run(settings, endpoints, lambda kept: kept.store.remove(account))


def run(settings: Settings, endpoints: Endpoints, act: Callable[[AccountKeeping], Awaitable[Result]]) -> Result:
    """One command's work. Raises UnavailableError where MongoDB fails."""

    async def work() -> Result:
        async with keeping(settings, endpoints) as kept:
            return await act(kept)

    return asyncio.run(work())


async def _add(kept: AccountKeeping, document: AccountDocument, credentials: Mapping[str, SecretStr]) -> Added:
    check_settings(document.channel, document.settings)
    fields = credentials_of(document.channel)
    unknown = [name for name in credentials if name not in fields]
    if unknown:
        raise AccountError(f"{', '.join(unknown)}: no credential of {document.channel}; there are: {', '.join(fields)}")
    missing = missing_credentials(document.channel, credentials)
    if missing and document.mode != "off":
        raise AccountError(
            f"credentials are missing: {', '.join(missing)}. Give them too, or add the account with mode: off"
        )
    sealed = {}
    for name, secret in credentials.items():
        lifetime = fields[name]
        ends = ends_at(utc_now(), lifetime.seconds if lifetime else None)
        sealed[name] = (await kept.credentials.vault.seal(document.id, name, secret, expires_at=ends)).document()
    await kept.store.prepare()
    await kept.store.add(document, sealed)
    return Added(document, tuple(missing))


async def _import(kept: AccountKeeping, file: AccountFile) -> Changed:
    document = file.document
    try:
        stored = await kept.store.get(document.id)
    except UnknownAccountError:
        await _add(kept, document.model_copy(update={"mode": "off"}), {})
        return Changed(document.id, 1, added=True)
    if isinstance(stored, BrokenAccount):
        check_settings(document.channel, document.settings)
        await kept.store.mend(document)
        return Changed(document.id, 1, fields=("all of it, since it was broken",))
    if file.revision not in (None, stored.revision):
        raise ChangedMeanwhileError(
            f"account {document.id} was changed since this file was exported (revision {file.revision}, now"
            f" {stored.revision}): export it again, or take the line `revision` out of the file to overwrite it"
        )
    return await _change(kept, stored, document)


async def _change(kept: AccountKeeping, stored: StoredAccount, document: AccountDocument) -> Changed:
    fields = tuple(differences(stored.document.data(), document.data()))
    if not fields:
        return Changed(document.id, stored.revision)
    if document.mode != "off" and stored.document.mode == "off":
        await _require_working(kept, stored, document)
    return Changed(document.id, await kept.store.change(document, revision=stored.revision), fields)


async def _require_working(kept: AccountKeeping, stored: StoredAccount, document: AccountDocument) -> None:
    """An account is not switched on that would only stand still."""
    opened = await open_account(replace(stored, document=document), kept.credentials.vault)
    if isinstance(opened, BrokenAccount):
        raise AccountError(f"account {stored.id} is not switched on: {opened.words}")


async def _usable(kept: AccountKeeping, account: str) -> StoredAccount:
    stored = await kept.store.get(account)
    if isinstance(stored, BrokenAccount):
        raise AccountError(
            f"account {account}: {stored.words}. Mend it with `marketsync accounts import`, or switch it off meanwhile"
        )
    return stored
