"""What people do with credentials: one call for each command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import SecretStr

from adapters.credentials import credential_fields
from adapters.registry import find_channel
from consumer.bootstrap.credentials import Credentials, credentials_of
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.accounts.errors import UnknownAccountError
from consumer.listings.credentials.expiry import ends_at, in_words, warnings
from consumer.listings.credentials.rotation import Rotation, rotate
from consumer.mongo import PyMongoError
from consumer.mongo.words import unavailable
from consumer.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """One credential for a person. state: when it ends or how old it is. warned: what needs a person."""

    account: str
    name: str
    state: str
    warned: Sequence[str]


def set_credential(
    settings: Settings, endpoints: Endpoints, account: str, name: str, secret: SecretStr, *, expires_at: datetime | None
) -> str:
    """Seal and store a credential; says when it ends. expires_at: None = what its channel says of such credentials.

    Raises UnknownAccountError, SettingsError for what is no credential of the channel and for the master key,
    UnavailableError.
    """

    async def act(work: Credentials) -> str:
        if await work.store.get(account) is None:
            raise _unknown(account)
        channel = account.split("/")[1] if account.count("/") == 2 else ""
        fields = credential_fields(find_channel(channel).settings)
        if name not in fields:
            raise SettingsError(f"{name} is no credential of {channel}; there are: {', '.join(fields)}")
        now = datetime.now(UTC)
        lifetime = fields[name]
        ends = expires_at or ends_at(now, lifetime.seconds if lifetime else None)
        sealed = await work.vault.seal(account, name, secret, expires_at=ends)
        if not await work.store.put(account, name, sealed, now=now):
            raise _unknown(account)
        source = f" ({lifetime.source})" if lifetime and not expires_at else ""
        return f"{in_words(sealed.set_at, sealed.expires_at, now)}{source}"

    return _run(settings, endpoints, act)


def remove_credential(settings: Settings, endpoints: Endpoints, account: str, name: str) -> bool:
    """Forget a credential; False where there is none. Raises UnavailableError."""
    return _run(settings, endpoints, lambda work: work.store.remove(account, name, now=datetime.now(UTC)))


def list_credentials(settings: Settings, endpoints: Endpoints) -> list[CredentialRow]:
    """Every credential of every account, never what it is. Raises UnavailableError."""

    async def act(work: Credentials) -> list[CredentialRow]:
        now = datetime.now(UTC)
        rows = []
        async for kept in work.store.all():
            for name, sealed in kept.credentials.items():
                warned = [one.words for one in warnings(sealed.set_at, sealed.expires_at, now)]
                rows.append(CredentialRow(kept.id, name, in_words(sealed.set_at, sealed.expires_at, now), warned))
            rows += [CredentialRow(kept.id, name, "broken", [words]) for name, words in kept.broken.items()]
        return rows

    return _run(settings, endpoints, act)


def rotate_keys(settings: Settings, endpoints: Endpoints, *, give_up: bool) -> Rotation:
    """Raises as `rotation.rotate`, and UnavailableError."""
    return _run(settings, endpoints, lambda work: rotate(work.cipher, work.vault, work.store, give_up=give_up))


def _unknown(account: str) -> UnknownAccountError:
    return UnknownAccountError(
        f"there is no account {account!r}: an account is named tenant/channel/account, as `marketsync accounts list`"
        " shows it"
    )


def _run(settings: Settings, endpoints: Endpoints, act: Callable[[Credentials], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with credentials_of(settings, endpoints) as work:
            return await act(work)

    try:
        return asyncio.run(run())
    except PyMongoError as error:
        raise unavailable(error) from error
