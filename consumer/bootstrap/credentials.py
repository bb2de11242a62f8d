"""The vault of an installation: which master keys it has, and where its credentials are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consumer import embedded
from consumer.bootstrap.start import configured_servers
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.listings.accounts.store import COLLECTION as ACCOUNTS
from consumer.listings.credentials.key_file import add_key, make_key_file, parse_keys, read_keys
from consumer.listings.credentials.store import CredentialStore
from consumer.listings.credentials.vault import Vault
from consumer.listings.credentials.watch import CredentialWatch
from consumer.logs import hide
from consumer.metrics.credentials import CredentialMetrics
from consumer.mongo import AsyncMongoClient, Document, connect_async
from consumer.mongo.encryption import Cipher, MasterKeys, local_provider
from consumer.settings import Settings

_FILE = "MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE"
_VARIABLE = "MARKETSYNC_CREDENTIALS_MASTER_KEYS"
_OWN_FILE = "master.keys"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What works on credentials. store: of sealed ones. vault: seals and opens."""

    cipher: Cipher
    vault: Vault
    store: CredentialStore


def open_credentials(settings: Settings, endpoints: Endpoints, client: AsyncMongoClient[Document]) -> Credentials:
    """Those of the installation, in its own database. Nothing is read before it is needed; close the cipher."""
    cipher = Cipher(client, settings.place.database, lambda: master_keys(settings, endpoints))
    accounts = client[settings.place.database][ACCOUNTS]
    return Credentials(cipher, Vault(cipher, learn=hide, now=utc_now), CredentialStore(accounts))


@asynccontextmanager
async def credentials_of(settings: Settings, endpoints: Endpoints) -> AsyncIterator[Credentials]:
    """The same for one command, with a connection of its own."""
    async with connect_async(endpoints.mongodb_uri) as client:
        opened = open_credentials(settings, endpoints, client)
        try:
            yield opened
        finally:
            await opened.cipher.close()


def master_keys(settings: Settings, endpoints: Endpoints) -> MasterKeys:
    """The master keys as they are set now. Raises SettingsError naming what is missing, and the cure."""
    wanted = settings.credentials
    local = _local_keys(settings, endpoints)
    providers = {local_provider(key): {"key": key} for key in local}
    if wanted.provider == "local":
        if not local:
            raise SettingsError(
                f"{_FILE} is missing: name the file with the master key of the accounts' credentials (or set"
                f" {_VARIABLE}), the same for every process. Where there is none yet, make one:"
                " `marketsync credentials new-master-key FILE`"
            )
        return MasterKeys(providers, local_provider(local[0]))
    options = json.loads(wanted.provider_options.get_secret_value())
    service: str = wanted.provider
    tls = {service: wanted.provider_tls} if wanted.provider_tls else {}
    return MasterKeys({**providers, service: options}, service, wanted.provider_key or None, tls)


def new_master_key(settings: Settings, named: Path | None) -> tuple[Path, bool]:
    """Make a local master key in the file that is named, or set. Returns the file, and whether it is new.

    Raises SettingsError where none is named, and where it cannot be written.
    """
    path = named or key_file(settings, configured_servers(settings) or embedded.status(settings.place.home).endpoints)
    if path is None:
        raise SettingsError(
            f"which file? Name it: `marketsync credentials new-master-key FILE` (or set {_FILE}). Keys in {_VARIABLE}"
            " are changed where that is set"
        )
    try:
        if path.exists():
            read_keys(path, "FILE")
            add_key(path)
            return path, False
        make_key_file(path)
        return path, True
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror})") from None


@asynccontextmanager
async def watching(opened: Credentials, channel: str, metrics: CredentialMetrics) -> AsyncIterator[None]:
    """During the block, the credentials of a channel's accounts are looked at for their end."""
    watch = asyncio.create_task(CredentialWatch(opened.store, channel, metrics, now=utc_now).run())
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def key_file(settings: Settings, endpoints: Endpoints | None) -> Path | None:
    """The file of local master keys, None where it is not set and cannot be guessed.

    Servers of this machine have theirs beside their data; those of others cannot be told from a wrong setting.
    """
    if settings.credentials.master_key_file is not None:
        return settings.credentials.master_key_file.expanduser()
    home = settings.place.home.expanduser()
    own = embedded.status(home).endpoints
    if endpoints is not None and own is not None and own.mongodb_uri == endpoints.mongodb_uri:
        return home / _OWN_FILE
    return None


def _local_keys(settings: Settings, endpoints: Endpoints) -> tuple[bytes, ...]:
    """None where no local key is set: with a key management service none is needed."""
    wanted = settings.credentials
    if wanted.master_keys is not None and wanted.master_key_file is not None:
        raise SettingsError(f"both {_FILE} and {_VARIABLE} are set: which of them counts? Take one away")
    if wanted.master_keys is not None:
        return parse_keys(wanted.master_keys.get_secret_value(), _VARIABLE)
    path = key_file(settings, endpoints)
    if path is None:
        return ()
    if wanted.master_key_file is None and wanted.provider == "local" and not path.exists():
        make_key_file(path)
    return read_keys(path, _FILE) if wanted.master_key_file or path.exists() else ()


def utc_now() -> datetime:
    """MongoDB keeps milliseconds: what is stored is what was said."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
