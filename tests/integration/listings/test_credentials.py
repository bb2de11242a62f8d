"""Credentials in a real MongoDB: encrypted there, opened here, under keys that change while everybody works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from structlog.testing import capture_logs

from consumer.embedded import Endpoints
from consumer.listings.credentials.key_file import BYTES
from consumer.listings.credentials.rotation import Rotation, rotate
from consumer.listings.credentials.sealed import CredentialError, SealedCredential
from consumer.listings.credentials.store import CredentialStore
from consumer.listings.credentials.vault import Vault
from consumer.listings.credentials.watch import CredentialWatch
from consumer.metrics.credentials import credential_metrics
from consumer.mongo import AsyncDatabase, Binary, Document, connect_async
from consumer.mongo.encryption import COLLECTION as KEYS
from consumer.mongo.encryption import Cipher, MasterKeyError, MasterKeys, local_provider
from tests.left_behind import refuse_secrets
from tests.planted import plant, shown_in

ACCOUNT = "acme/ebay/main"
OTHER = "acme/ebay/other"
AT = datetime(2026, 6, 1, 8, 0, 0, 123000, tzinfo=UTC)
SECRET = SecretStr(plant("refresh"))
FIRST, SECOND = bytes(range(BYTES)), bytes(reversed(range(BYTES)))


def masters(keys: Sequence[bytes]) -> MasterKeys:
    return MasterKeys({local_provider(key): {"key": key} for key in keys}, local_provider(keys[0]))


@dataclass
class World:
    """A database with accounts, and the processes that use it. now: their clock."""

    database: AsyncDatabase[Document]
    now: datetime = AT
    learnt: list[str] = field(default_factory=list)
    ciphers: list[Cipher] = field(default_factory=list)

    @property
    def store(self) -> CredentialStore:
        return CredentialStore(self.database["accounts"])

    def process(self, *keys: bytes) -> tuple[Cipher, Vault]:
        """A process with these master keys, the first of them encrypting."""
        return self.following(list(keys))

    def following(self, keys: list[bytes]) -> tuple[Cipher, Vault]:
        """A process that sees what becomes of this list of master keys, as of a file."""
        cipher = Cipher(self.database.client, self.database.name, lambda: masters(keys))
        self.ciphers.append(cipher)
        return cipher, Vault(cipher, learn=self.learnt.extend, now=lambda: self.now)

    async def put(self, vault: Vault, account: str = ACCOUNT, name: str = "refresh_token", **more: Any) -> None:
        sealed = await vault.seal(account, name, SECRET, **more)
        assert await self.store.put(account, name, sealed, now=self.now)

    async def sealed(self, account: str = ACCOUNT, name: str = "refresh_token") -> SealedCredential:
        kept = await self.store.get(account)
        assert kept is not None
        return kept.credentials[name]

    async def opens(self, vault: Vault, account: str = ACCOUNT) -> str:
        secret = await vault.open_one(account, "refresh_token", await self.sealed(account))
        return secret.get_secret_value()


@pytest.fixture
async def world(servers: Endpoints, fresh_name: str) -> AsyncIterator[World]:
    async with connect_async(servers.mongodb_uri) as client:
        world = World(client[f"marketsync-{fresh_name}"])
        await world.database["accounts"].insert_many(
            [{"_id": account, "credentials": {}, "revision": 1, "updated_at": AT} for account in (ACCOUNT, OTHER)]
        )
        yield world
        for cipher in world.ciphers:
            await cipher.close()
        await asyncio.to_thread(refuse_secrets, servers, [world.database.name], "")
        await client.drop_database(world.database.name)


async def test_what_is_stored_is_encrypted_and_only_the_vault_opens_it(world: World) -> None:
    _, vault = world.process(FIRST)
    await world.put(vault, expires_at=AT + timedelta(days=3))
    document = await world.database["accounts"].find_one({"_id": ACCOUNT})
    assert document is not None
    stored = document["credentials"]["refresh_token"]
    assert shown_in(bytes(stored["ciphertext"])) is None
    assert stored["ciphertext"].subtype == 6
    assert (stored["set_at"], stored["expires_at"]) == (AT, AT + timedelta(days=3))
    assert document["revision"] == 2, "running processes hear of it"
    _, another = world.process(FIRST)
    opened = await another.open(ACCOUNT, document["credentials"])
    assert opened == {"refresh_token": SECRET}
    assert world.learnt == [SECRET.get_secret_value()] * 2, "logs know it from then on, in both processes"
    assert SECRET.get_secret_value() not in repr((opened, await world.sealed(), vault))


async def test_the_same_secret_never_looks_the_same(world: World) -> None:
    _, vault = world.process(FIRST)
    sealed = [await vault.seal(ACCOUNT, "refresh_token", SECRET) for _ in range(3)]
    assert len({bytes(one.ciphertext) for one in sealed}) == 3


async def test_of_many_processes_that_begin_at_once_all_use_one_data_key(world: World) -> None:
    vaults = [world.process(FIRST)[1] for _ in range(8)]
    sealed = await asyncio.gather(*(vault.seal(ACCOUNT, "refresh_token", SECRET) for vault in vaults))
    assert len({bytes(one.key) for one in sealed}) == 1
    assert await world.database[KEYS].count_documents({}) == 1


async def test_a_wrong_master_key_is_told_with_both_keys_and_the_cure(world: World) -> None:
    await world.put(world.process(FIRST)[1])
    _, wrong = world.process(SECOND)
    for attempt in (world.opens(wrong), wrong.seal(OTHER, "refresh_token", SECRET)):
        with pytest.raises(MasterKeyError) as caught:
            await attempt
        words = str(caught.value)
        assert "credential refresh_token cannot be" in words
        assert f"needs the master key {local_provider(FIRST)}, and the settings have {local_provider(SECOND)}" in words
        assert "MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE" in words
        assert "marketsync credentials rotate-keys --give-up-lost-keys" in words
    assert await world.database[KEYS].count_documents({}) == 1, "nothing was made under the wrong one"


async def test_a_master_key_that_is_put_back_counts_at_once(world: World) -> None:
    await world.put(world.process(FIRST)[1])
    keys = [SECOND]
    _, vault = world.following(keys)
    with pytest.raises(MasterKeyError):
        await world.opens(vault)
    keys.append(FIRST)
    assert await world.opens(vault) == SECRET.get_secret_value()


async def test_a_credential_opens_nowhere_but_in_its_own_place(world: World) -> None:
    _, vault = world.process(FIRST)
    await world.put(vault)
    stolen = await world.sealed()
    for account, name in ((OTHER, "refresh_token"), (ACCOUNT, "api_secret")):
        with pytest.raises(CredentialError, match=f"account {account}: credential {name} was sealed for another place"):
            await vault.open(account, {name: stolen.document()})


async def test_a_key_service_that_does_not_answer_is_told_by_its_settings(world: World) -> None:
    secrets = {"accessKeyId": "id", "secretAccessKey": plant("aws")}
    nobody = {"region": "eu-south-1", "key": "arn:aws:kms:eu-south-1:1:key/x", "endpoint": "127.0.0.1:9"}
    cipher = Cipher(world.database.client, world.database.name, lambda: MasterKeys({"aws": secrets}, "aws", nobody))
    world.ciphers.append(cipher)
    vault = Vault(cipher, learn=world.learnt.extend, now=lambda: AT)
    with pytest.raises(
        MasterKeyError, match=r"the key management service aws .*MARKETSYNC_CREDENTIALS_PROVIDER_OPTIONS"
    ):
        await vault.seal(ACCOUNT, "refresh_token", SECRET)


async def test_damage_is_told_of_one_credential(world: World) -> None:
    _, vault = world.process(FIRST)
    await world.put(vault)
    sealed = await world.sealed()
    damaged = bytearray(sealed.ciphertext)
    damaged[-1] ^= 1
    bad = replace(sealed, ciphertext=Binary(bytes(damaged), 6))
    with pytest.raises(CredentialError, match=f"account {ACCOUNT}: credential refresh_token .* it is damaged"):
        await vault.open_one(ACCOUNT, "refresh_token", bad)
    with pytest.raises(CredentialError, match="is no sealed credential; set it anew"):
        await vault.open(ACCOUNT, {"refresh_token": "in the clear"})
    await world.database[KEYS].delete_many({})
    with pytest.raises(CredentialError, match="its data key is not in the collection keys"):
        await world.opens(world.process(FIRST)[1])


async def test_rotation_makes_a_new_data_key_while_others_read_and_write(world: World) -> None:
    cipher, vault = world.process(FIRST)
    _, reader = world.process(FIRST)
    _, writer = world.process(FIRST)
    for account in (ACCOUNT, OTHER):
        await world.put(vault, account)
    before = await world.sealed()
    done = asyncio.Event()
    read: list[str] = []

    async def read_on() -> None:
        while not done.is_set():
            read.append(await world.opens(reader))

    reading = asyncio.create_task(read_on())
    rotations = []
    for _ in range(5):
        rotation, _ = await asyncio.gather(rotate(cipher, vault, world.store), world.put(writer, OTHER))
        rotations.append(rotation)
    done.set()
    await reading
    assert set(read) == {SECRET.get_secret_value()}
    assert [rotation.unreadable for rotation in rotations] == [()] * 5
    after = await world.sealed()
    assert after.key != before.key
    assert (after.set_at, after.expires_at) == (before.set_at, before.expires_at)
    # Whoever read before the rotation can go on with what it read.
    assert (await reader.open_one(ACCOUNT, "refresh_token", before)).get_secret_value() == SECRET.get_secret_value()


async def test_nothing_but_the_key_changes_so_nobody_has_to_hear_of_it(world: World) -> None:
    cipher, vault = world.process(FIRST)
    await world.put(vault)
    before = await world.database["accounts"].find_one({"_id": ACCOUNT}, {"credentials": False})
    assert await rotate(cipher, vault, world.store) == Rotation(2, False, 1, 1, ())
    assert await world.database["accounts"].find_one({"_id": ACCOUNT}, {"credentials": False}) == before


async def test_a_rotation_that_was_cut_off_is_ended_by_the_next(world: World) -> None:
    cipher, vault = world.process(FIRST)
    for account in (ACCOUNT, OTHER):
        await world.put(vault, account)
    made = await cipher.new_key(await cipher.newest_key())  # the rotation dies after its first credential
    sealed = await world.sealed()
    await world.store.replace(ACCOUNT, "refresh_token", sealed, await vault.reseal(ACCOUNT, "refresh_token", sealed))
    done = await rotate(*world.process(FIRST), world.store)
    assert (done.key, done.resumed, done.resealed) == (made.number, True, 1)
    assert (await world.sealed(OTHER)).key == made.id
    assert (await rotate(cipher, vault, world.store)).key == made.number + 1, "and the one after makes a new key"


async def test_a_new_master_key_takes_over_while_processes_run(world: World) -> None:
    keys = [FIRST]
    cipher, vault = world.following(keys)
    _, running = world.following(keys)
    await world.put(running)
    keys.insert(0, SECOND)  # the file has one more line now
    done = await rotate(cipher, vault, world.store)
    assert (done.rewrapped, done.resealed) == (1, 1)
    assert await world.opens(running) == SECRET.get_secret_value()
    keys.remove(FIRST)  # and its former one is taken away
    assert await world.opens(running) == SECRET.get_secret_value()
    assert await world.opens(world.process(SECOND)[1]) == SECRET.get_secret_value()
    with pytest.raises(MasterKeyError):
        await world.opens(world.process(FIRST)[1])


async def test_a_lost_master_key_is_given_up_only_when_somebody_says_so(world: World) -> None:
    await world.put(world.process(FIRST)[1])
    cipher, vault = world.process(SECOND)
    with pytest.raises(MasterKeyError, match=r"--give-up-lost-keys") as caught:
        await rotate(cipher, vault, world.store)
    assert local_provider(FIRST) in str(caught.value)
    done = await rotate(cipher, vault, world.store, give_up=True)
    (words,) = done.unreadable
    assert words.startswith(f"account {ACCOUNT}: credential refresh_token cannot be opened")
    await world.put(vault, OTHER)
    await world.put(vault)  # set anew
    assert await world.opens(world.process(SECOND)[1]) == SECRET.get_secret_value()
    assert (await rotate(cipher, vault, world.store, give_up=True)).unreadable == ()


async def test_setting_or_removing_says_whether_there_was_such_an_account(world: World) -> None:
    _, vault = world.process(FIRST)
    sealed = await vault.seal("nobody/ebay/x", "refresh_token", SECRET)
    assert not await world.store.put("nobody/ebay/x", "refresh_token", sealed, now=AT)
    assert await world.store.get("nobody/ebay/x") is None
    await world.put(vault)
    assert await world.store.remove(ACCOUNT, "refresh_token", now=AT)
    assert not await world.store.remove(ACCOUNT, "refresh_token", now=AT)


async def test_what_is_broken_by_hand_spoils_nothing_beside_it(world: World) -> None:
    _, vault = world.process(FIRST)
    await world.put(vault)
    await world.database["accounts"].update_one({"_id": ACCOUNT}, {"$set": {"credentials.api_secret": {"x": 1}}})
    await world.database["accounts"].update_one({"_id": OTHER}, {"$set": {"credentials": "none"}})
    kept = [kept async for kept in world.store.all("ebay")]
    assert [(one.id, set(one.credentials), set(one.broken)) for one in kept] == [
        (ACCOUNT, {"refresh_token"}, {"api_secret"}),
        (OTHER, set(), set()),
    ]


async def test_each_step_towards_the_end_is_logged_once_and_always_measured(world: World) -> None:
    _, vault = world.process(FIRST)
    await world.put(vault, expires_at=AT + timedelta(days=40))
    registry = CollectorRegistry()
    watch = CredentialWatch(world.store, "ebay", credential_metrics(registry), now=lambda: world.now)
    labels = {"tenant": "acme", "channel": "ebay", "account": "main", "credential": "refresh_token"}

    async def told(day: float) -> list[str]:
        world.now = AT + timedelta(days=day)
        with capture_logs() as lines:
            await watch.look()
        assert {line["log_level"] for line in lines} <= {"warning"}
        return [line["why"] for line in lines]

    def metric(name: str) -> float | None:
        return registry.get_sample_value(f"marketsync_credential_{name}_seconds", labels)

    assert await told(1) == []
    assert metric("expires_in") == 39 * 86_400
    assert metric("age") == 86_400
    assert await told(11) == ["it ends in 29 days, on 2026-07-11 08:00 UTC"]
    assert await told(12) == []
    assert await told(34) == ["it ends in 6 days, on 2026-07-11 08:00 UTC"]
    assert await told(39.5) == ["it ends in 12 hours, on 2026-07-11 08:00 UTC"]
    assert await told(41) == ["it ended on 2026-07-11 08:00 UTC"]
    assert metric("expires_in") == -86_400
    await world.put(vault)  # set anew, and nobody knows when it ends
    assert await told(42) == []
    assert metric("expires_in") is None
    assert await told(41 + 91) == ["it has not been changed for 91 days"]
    await world.store.remove(ACCOUNT, "refresh_token", now=world.now)
    assert await told(133) == []
    assert metric("age") is None
