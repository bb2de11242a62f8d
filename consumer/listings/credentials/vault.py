"""Credentials in and out of their sealed form. Nothing else ever holds both a ciphertext and its secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from consumer.listings.credentials.sealed import CredentialError, SealedCredential, read_sealed
from consumer.mongo.encryption import Cipher, MasterKeyError, UndecryptableError


class Vault:
    """Seals and opens the credentials of accounts.

    A sealed credential is bound to its account and its field: moved to another place, it does not open. So nobody who
    may only write documents can make a credential go to an address that they choose for another account.

    learn: gets every secret that passes, so that logs cut it out. now: the time, aware.
    """

    def __init__(
        self, cipher: Cipher, *, learn: Callable[[Iterable[str]], object], now: Callable[[], datetime]
    ) -> None:
        self._cipher = cipher
        self._learn = learn
        self._now = now

    async def seal(
        self, account: str, name: str, secret: SecretStr, *, expires_at: datetime | None = None
    ) -> SealedCredential:
        """The secret, sealed for the field `name` of `account` (the `_id` of its document), set now.

        Raises MasterKeyError, CredentialError, PyMongoError.
        """
        return await self._seal(account, name, secret, self._now(), expires_at)

    async def open(self, account: str, credentials: Mapping[str, Any]) -> dict[str, SecretStr]:
        """The secrets of an account by field. credentials: as they are stored.

        Raises CredentialError naming the first that cannot be opened, MasterKeyError, PyMongoError.
        """
        return {
            name: await self.open_one(account, name, read_sealed(account, name, stored))
            for name, stored in credentials.items()
        }

    async def open_one(self, account: str, name: str, sealed: SealedCredential) -> SecretStr:
        """One secret of an account. Raises as `open`."""
        try:
            content = await self._cipher.decrypt(sealed.ciphertext)
        except UndecryptableError as error:
            raise CredentialError(f"account {account}: credential {name} cannot be opened, {error}") from error
        except MasterKeyError as error:
            raise MasterKeyError(f"account {account}: credential {name} cannot be opened: {error}") from error
        if content.get("account") != account or content.get("name") != name:
            raise CredentialError(
                f"account {account}: credential {name} was sealed for another place, somebody copied it here; set it"
                f" anew: `marketsync credentials set {account} {name}`"
            )
        secret = SecretStr(content["secret"])
        self._learn([secret.get_secret_value()])
        return secret

    async def reseal(self, account: str, name: str, sealed: SealedCredential) -> SealedCredential:
        """The same credential under the current data key, with its dates. Raises as `open`."""
        secret = await self.open_one(account, name, sealed)
        return await self._seal(account, name, secret, sealed.set_at, sealed.expires_at)

    async def _seal(
        self, account: str, name: str, secret: SecretStr, set_at: datetime, expires_at: datetime | None
    ) -> SealedCredential:
        self._learn([secret.get_secret_value()])
        try:
            key = (await self._cipher.current_key()).id
            content = {"account": account, "name": name, "secret": secret.get_secret_value()}
            return SealedCredential(await self._cipher.encrypt(content, key), key, set_at, expires_at)
        except UndecryptableError as error:
            raise CredentialError(f"account {account}: credential {name} cannot be sealed, {error}") from error
        except MasterKeyError as error:
            raise MasterKeyError(f"account {account}: credential {name} cannot be sealed: {error}") from error
