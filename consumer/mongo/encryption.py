"""Secrets encrypted before MongoDB sees them: the driver's explicit client-side field level encryption.

A value is encrypted with a data key (AEAD_AES_256_CBC_HMAC_SHA_512, random). Data keys stand in the collection `keys`,
encrypted with a master key. The one with the highest number in its name is current; older ones stay, so that a document
read before a rotation can still be opened, and written, after it. Explicit encryption needs no mongocryptd.

A local master key is a provider of its own, named by a fingerprint of the key. So a data key says which master key it
needs, and a wrong one is told in words before anything is tried.
Sources: MongoDB's specification "client-side encryption"; pymongo's documentation of AsyncClientEncryption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import Binary, CodecOptions
from bson.binary import UUID_SUBTYPE
from pymongo import AsyncMongoClient
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import DuplicateKeyError, EncryptionError, PyMongoError
from pymongocrypt.errors import MongoCryptError  # type: ignore[import-untyped]  # it has no stubs

from consumer.errors import MarketsyncError, SettingsError

COLLECTION = "keys"

_ALGORITHM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
_NAME = "credentials-{:06d}"
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_SETTING = "MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE (or MARKETSYNC_CREDENTIALS_MASTER_KEYS)"


class MasterKeyError(SettingsError):
    """What is encrypted needs a master key that the settings do not have. The message names setting and cure."""


class UndecryptableError(MarketsyncError):
    """What is encrypted can be opened no more: it is damaged, or its data key is gone."""


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """Who can decrypt data keys. providers: name → options of the driver. current: the one that encrypts.

    key: which key of a service, None for a local one. tls: provider → options of the driver.
    """

    providers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    current: str
    key: Mapping[str, str] | None = None
    tls: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key as it is known without decrypting it. provider: of the master key that it needs."""

    id: Binary
    number: int
    provider: str


def local_provider(master_key: bytes) -> str:
    """The name of the provider with this key. Says nothing of the key."""
    return f"local:{hashlib.sha256(b'marketsync' + master_key).hexdigest()[:8]}"


class Cipher:
    """Encrypts and decrypts with the data keys of a database.

    load: the master keys as they are set now; asked before every use, so that a changed file counts at once.
    Every method raises MasterKeyError, UndecryptableError, PyMongoError, and what `load` raises.
    """

    def __init__(self, client: AsyncMongoClient[Any], database: str, load: Callable[[], MasterKeys]) -> None:
        self._client = client
        self._keys = client[database][COLLECTION]
        self._load = load
        self._drivers: list[tuple[MasterKeys, AsyncClientEncryption[Any]]] = []

    async def close(self) -> None:
        """Forget all keys. Idempotent."""
        drivers, self._drivers = self._drivers, []
        for _, driver in drivers:
            await driver.close()

    async def encrypt(self, value: Mapping[str, Any], key: Binary) -> Binary:
        """The value under this data key."""
        masters, driver = self._driver()
        try:
            return await driver.encrypt(value, _ALGORITHM, key_id=key)
        except EncryptionError as error:
            raise await self._explained(error, key, masters.providers) from error

    async def decrypt(self, ciphertext: Binary) -> Any:
        """The value again."""
        masters, driver = self._driver()
        try:
            return await driver.decrypt(ciphertext)
        except EncryptionError as error:
            raise await self._explained(error, key_of(ciphertext), masters.providers) from error

    async def current_key(self) -> DataKey:
        """What to encrypt with now; made where there is none."""
        return await self.newest_key() or await self.new_key(None)

    async def newest_key(self) -> DataKey | None:
        """The current data key, None where none was ever made."""
        named = {"keyAltNames": {"$regex": "^credentials-"}}
        document = await self._keys.find_one(named, sort=[("keyAltNames", -1)])
        return None if document is None else _data_key(document)

    async def new_key(self, after: DataKey | None) -> DataKey:
        """Make the data key after this one, current from now on. Two processes that do so at once get the same."""
        number = after.number + 1 if after else 1
        await self._keys.create_index(
            "keyAltNames", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )
        masters, driver = self._driver()
        try:
            await driver.create_data_key(masters.current, master_key=masters.key, key_alt_names=[_NAME.format(number)])
        except EncryptionError as error:
            if not isinstance(error.cause, DuplicateKeyError):
                raise _in_words(error, masters.current) from error
        made = await self.newest_key()
        if made is None:
            raise UndecryptableError(f"the data key {number} was removed from the collection {COLLECTION} at once")
        return made

    async def rewrap(self) -> int:
        """Encrypt every data key that can be decrypted with the current master key; returns how many. Idempotent."""
        masters, driver = self._driver()
        known = {"masterKey.provider": {"$in": list(masters.providers)}}
        try:
            result = await driver.rewrap_many_data_key(known, masters.current, master_key=masters.key)
        except EncryptionError as error:
            raise _in_words(error, masters.current) from error
        return result.bulk_write_result.modified_count if result.bulk_write_result else 0

    async def lost_keys(self) -> list[DataKey]:
        """Data keys whose master key the settings do not have."""
        known = self._load().providers
        return [key async for document in self._keys.find() if (key := _data_key(document)).provider not in known]

    def _driver(self) -> tuple[MasterKeys, AsyncClientEncryption[Any]]:
        """One for the master keys of now. Those before stay until the end: somebody may be using them."""
        masters = self._load()
        if not self._drivers or self._drivers[-1][0] != masters:
            options = {name: dict(options) for name, options in masters.providers.items()}
            driver: AsyncClientEncryption[Any] = AsyncClientEncryption(
                options, self._keys.full_name, self._client, _CODEC, kms_tls_options=dict(masters.tls) or None
            )
            self._drivers.append((masters, driver))
        return self._drivers[-1]

    async def _explained(self, error: EncryptionError, key: Binary, providers: Collection[str]) -> Exception:
        """Why it failed, by looking at the data key."""
        document = await self._keys.find_one({"_id": key})
        if document is None:
            return UndecryptableError(
                f"its data key is not in the collection {COLLECTION} of our database any more: restore that collection"
                " from a backup, or set the credential anew"
            )
        needed = _data_key(document).provider
        if needed not in providers:
            return MasterKeyError(
                f"it needs the master key {needed}, and the settings have {', '.join(sorted(providers))}: add that key"
                f" to {_SETTING} as a further line. If it is lost: `marketsync credentials rotate-keys"
                " --give-up-lost-keys`, then set the credentials anew"
            )
        return _in_words(error, needed)


def key_of(ciphertext: bytes) -> Binary:
    """The id of the data key it was encrypted with: bytes 1 to 16 of a ciphertext (specification, subtype 6)."""
    return Binary(bytes(ciphertext[1:17]), UUID_SUBTYPE)


def _data_key(document: Mapping[str, Any]) -> DataKey:
    (name, *_) = document.get("keyAltNames") or [_NAME.format(0)]
    return DataKey(document["_id"], int(name.rpartition("-")[2]), document["masterKey"]["provider"])


def _in_words(error: EncryptionError, provider: str) -> Exception:
    """Failures of the server stay what they are; those of a service are its own; the rest is damage."""
    if isinstance(error.cause, PyMongoError):
        return error.cause
    if not provider.startswith("local"):
        return MasterKeyError(
            f"the key management service {provider} does not decrypt or encrypt: {error}. Look at"
            " MARKETSYNC_CREDENTIALS_PROVIDER_OPTIONS and MARKETSYNC_CREDENTIALS_PROVIDER_KEY"
        )
    words = str(error.cause) if isinstance(error.cause, MongoCryptError) else type(error.cause).__name__
    return UndecryptableError(f"it is damaged ({words}): restore it from a backup, or set the credential anew")
