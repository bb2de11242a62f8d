"""Another master key, another data key: every credential is encrypted anew while everybody goes on working.

Whatever was read before the rotation can be opened after it, since old data keys stay. So nothing has to stop, and a
rotation that was cut off is taken up by the next: what is not under the current data key is what is left to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from consumer.listings.credentials.sealed import CredentialError, SealedCredential
from consumer.listings.credentials.store import CredentialStore
from consumer.listings.credentials.vault import Vault
from consumer.mongo.encryption import Cipher, DataKey, MasterKeyError


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did. key: the current data key's number. resumed: it ended one that had been cut off.

    rewrapped: data keys under the current master key. resealed: credentials under the current data key.
    unreadable: what could not be opened, in words.
    """

    key: int
    resumed: bool
    rewrapped: int
    resealed: int
    unreadable: tuple[str, ...]


async def rotate(cipher: Cipher, vault: Vault, store: CredentialStore, *, give_up: bool = False) -> Rotation:
    """Rewrap all data keys, make a new one unless a rotation was cut off, and encrypt all credentials with it.

    give_up: go on although the master key of some data keys is lost; what needs them stays unreadable.
    Raises MasterKeyError where it is lost and nobody gives it up, and PyMongoError.
    """
    lost = {key.provider for key in await cipher.lost_keys()}
    if lost and not give_up:
        raise MasterKeyError(
            f"data keys need master keys that the settings do not have: {', '.join(sorted(lost))}. Put them back as"
            " further lines of MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE, or give up what they protect with"
            " --give-up-lost-keys"
        )
    rewrapped = await cipher.rewrap()
    current = await cipher.newest_key()
    resumed = current is not None and current.provider not in lost and await _has_begun(vault, store, current)
    if current is None or not resumed:
        current = await cipher.new_key(current)
    resealed, unreadable = await _reseal_all(vault, store, current)
    return Rotation(current.number, resumed, rewrapped, resealed, tuple(unreadable))


async def _has_begun(vault: Vault, store: CredentialStore, current: DataKey) -> bool:
    """Whether there are credentials that could be under the current data key, and are not."""
    async for account, name, sealed in _behind(store, current):
        try:
            await vault.open_one(account, name, sealed)
        except (CredentialError, MasterKeyError):
            continue
        return True
    return False


async def _reseal_all(vault: Vault, store: CredentialStore, current: DataKey) -> tuple[int, list[str]]:
    """Those that are changed meanwhile are looked at again, until a look finds nothing left to do."""
    resealed = 0
    while True:
        lost_races = 0
        unreadable: list[str] = []
        async for account, name, sealed in _behind(store, current):
            try:
                anew = await vault.reseal(account, name, sealed)
            except (CredentialError, MasterKeyError) as error:
                unreadable.append(str(error))
                continue
            done = await store.replace(account, name, sealed, anew)
            resealed += done
            lost_races += not done
        if not lost_races:
            return resealed, unreadable


async def _behind(store: CredentialStore, current: DataKey) -> AsyncIterator[tuple[str, str, SealedCredential]]:
    async for kept in store.all():
        for name, sealed in kept.credentials.items():
            if sealed.key != current.id:
                yield kept.id, name, sealed
