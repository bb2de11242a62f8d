"""Account documents in a real MongoDB: who may change them, what is refused, and what running processes see."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from consumer.embedded import Endpoints
from consumer.listings.accounts import Account
from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.accounts.errors import AccountError, ChangedMeanwhileError, UnknownAccountError
from consumer.listings.accounts.store import COLLECTION, AccountStore
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount
from consumer.listings.accounts.watch import AccountWatch
from consumer.listings.credentials.vault import Vault
from consumer.mongo import AsyncCollection, Document, OperationFailure, connect_async
from consumer.mongo.encryption import Cipher, MasterKeys, local_provider
from consumer.mongo.validation import ensure_schema
from tests.unit.listings.accounts.making import ID, SECRETS, make_account_document, make_data, with_setting
from tests.unit.listings.making import ACCOUNT
from tests.unit.listings.rules.page import EXAMPLES

AT = datetime(2026, 6, 1, 8, 0, 0, 123000, tzinfo=UTC)
KEY = os.urandom(96)
# As validators do that an older version left, or nobody has made yet.
UNCHECKED = {"bypass_document_validation": True}


@dataclass
class World:
    """A collection of accounts and what works on it. seconds: the watch's clock."""

    collection: AsyncCollection[Document]
    store: AccountStore
    vault: Vault
    seconds: float = 0.0
    fallback: list[Account] = field(default_factory=list)

    async def add(self, document: AccountDocument | None = None, *, secrets: bool = True) -> StoredAccount:
        document = document or make_account_document(mode="live")
        sealed = {}
        for name, secret in SECRETS.items() if secrets else ():
            sealed[name] = (await self.vault.seal(document.id, name, SecretStr(secret))).document()
        return await self.store.add(document, sealed)

    async def break_by_hand(self, change: Document, account: str = ID) -> None:
        await self.collection.update_one({"_id": account}, change, **UNCHECKED)  # type: ignore[arg-type]  # one option

    def watch(self) -> AccountWatch:
        return AccountWatch(
            self.collection, self.vault, channel="ebay", fallback=lambda: self.fallback, clock=lambda: self.seconds
        )


@pytest.fixture
async def world(servers: Endpoints, fresh_name: str) -> AsyncIterator[World]:
    async with connect_async(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        masters = MasterKeys({local_provider(KEY): {"key": KEY}}, local_provider(KEY))
        cipher = Cipher(client, database.name, lambda: masters)
        vault = Vault(cipher, learn=lambda _: None, now=lambda: AT)
        store = AccountStore(database[COLLECTION], now=lambda: AT)
        await store.prepare()
        yield World(database[COLLECTION], store, vault)
        await cipher.close()
        await client.drop_database(database)


async def test_what_is_stored_is_read_back(world: World) -> None:
    document = make_account_document(
        selection={"brands": {"include": ["Bosch"]}}, categories={"map": {"a.b": "1", "$c": "2"}}, mode="live"
    )
    added = await world.add(document)
    found = await world.store.get(ID)
    assert isinstance(found, StoredAccount)
    assert (found.document, found.revision, found.created_at, found.updated_at) == (document, 1, AT, AT)
    assert sorted(found.sealed) == sorted(added.sealed) == sorted(SECRETS)
    assert await world.store.all() == await world.store.all("ebay") == [found]
    assert await world.store.all("amazon") == []


async def test_several_accounts_of_a_channel_and_of_tenants_stand_side_by_side(world: World) -> None:
    for tenant, name in (("shop", "it"), ("shop", "de"), ("other", "it")):
        await world.add(make_account_document(tenant=tenant, account=name))
    assert [one.id for one in await world.store.all()] == ["other/ebay/it", "shop/ebay/de", "shop/ebay/it"]
    with pytest.raises(ChangedMeanwhileError, match="there is an account shop/ebay/it already"):
        await world.add()


async def test_of_two_who_change_one_account_at_once_one_is_told(world: World) -> None:
    await world.add()
    changes = [make_account_document(mode="live", stock={"buffer": number}) for number in range(1, 9)]
    results = await asyncio.gather(
        *(world.store.change(change, revision=1) for change in changes), return_exceptions=True
    )
    lost = [result for result in results if isinstance(result, ChangedMeanwhileError)]
    assert [result for result in results if not isinstance(result, BaseException)] == [2]
    assert len(lost) == len(changes) - 1
    assert "it was revision 1, now it is 2" in str(lost[0])
    found = await world.store.get(ID)
    assert isinstance(found, StoredAccount)
    assert found.document == changes[results.index(2)]
    assert sorted(found.sealed) == sorted(SECRETS)


async def test_what_is_not_there_is_told(world: World) -> None:
    for call in (world.store.get(ID), world.store.remove(ID), world.store.set_mode(ID, "off")):
        with pytest.raises(UnknownAccountError, match=f"there is no account '{ID}'"):
            await call
    with pytest.raises(UnknownAccountError):
        await world.store.change(make_account_document(), revision=1)


async def test_nothing_is_stored_that_its_channel_cannot_use(world: World) -> None:
    with pytest.raises(AccountError, match=r"settings\.marketplace_id"):
        await world.store.add(make_account_document(settings=with_setting("marketplace_id", "IT")), {})
    assert await world.store.all() == []


# MongoDB itself


@pytest.mark.parametrize(
    "change",
    [
        {"$set": {"mode": "on"}},
        {"$set": {"prise": {}}},
        {"$unset": {"price": 1}},
        {"$set": {"price.basis": "cost"}},
        {"$set": {"stock.buffers": 1}},
        {"$set": {"categories": []}},
        {"$set": {"brakes.mass_delisting.percent": {}}},
        {"$set": {"credentials.api_secret": "in the clear"}},
        {"$set": {"content.rules": [{"target": "title", "shout": True}]}},
        {"$set": {"revision": "2"}},
    ],
)
async def test_mongodb_refuses_what_is_written_past_us(world: World, change: Document) -> None:
    await world.add()
    with pytest.raises(OperationFailure, match="Document failed validation"):
        await world.collection.update_one({"_id": ID}, change)


async def test_mongodb_takes_what_a_person_writes_well(world: World) -> None:
    await world.add()
    change = {
        "$set": {"stock.buffer": 2.0, "price.vat_included": True, "brakes.count_drop": None},
        "$inc": {"revision": 1},
    }
    await world.collection.update_one({"_id": ID}, change)
    found = await world.store.get(ID)
    assert isinstance(found, StoredAccount)
    assert (found.document.stock.buffer, found.document.brakes.count_drop, found.revision) == (2, None, 2)


async def test_the_schema_is_brought_up_to_date_once_and_then_left(world: World) -> None:
    assert await ensure_schema(world.collection, {"bsonType": "object"})
    await world.store.prepare()
    options = await world.collection.options()
    assert set(options["validator"]["$jsonSchema"]["properties"]) >= {"_id", "price", "credentials"}
    assert not await ensure_schema(world.collection, options["validator"]["$jsonSchema"])


# What a person breaks by hand


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"$set": {"mode": "on"}}, "mode: Input should be"),
        ({"$set": {"price": "cheap"}}, "price: "),
        ({"$unset": {"price": 1}}, "price is missing"),
        ({"$unset": {"channel": 1}}, "channel is missing"),
        ({"$set": {"account": "de"}}, "_id is 'shop/ebay/it' and not 'shop/ebay/de'"),
        ({"$unset": {"settings.app_id": 1}}, "settings.app_id is missing"),
        ({"$set": {"channel": "etsy"}}, "_id is 'shop/ebay/it' and not 'shop/etsy/it'"),
        ({"$set": {"credentials": 7}}, "credentials is not a map"),
        ({"$set": {"credentials.api_secret": "clear"}}, "credential api_secret is no sealed credential"),
        ({"$unset": {"credentials.api_secret": 1}}, "credentials are missing: api_secret"),
        ({"$set": {"revision": "x"}}, "revision is not a whole number"),
        ({"$set": {"updated_at": 1}}, "created_at and updated_at"),
    ],
)
async def test_a_document_broken_by_hand_stops_that_account_with_words_and_no_other(
    world: World, change: Document, words: str
) -> None:
    await world.add()
    await world.add(make_account_document(account="de", mode="live"))
    watch = world.watch()
    first = await watch.read()
    assert [isinstance(one, Account) for one in first] == [True, True]
    await world.break_by_hand(change)
    world.seconds += 10
    healthy, broken = await watch.read()
    assert isinstance(broken, BrokenAccount)
    assert words in broken.words
    assert (broken.tenant, broken.channel, broken.name) == ("shop", "ebay", "it")
    assert healthy is first[0]


async def test_a_document_of_another_world_stops_nobody(world: World) -> None:
    await world.add()
    odd: Document = {"_id": 7, "tenant": 7}
    await world.collection.insert_one(odd, **UNCHECKED)  # type: ignore[arg-type]  # one option
    assert [one.id for one in await world.watch().read()] == [ID]
    stored = await world.store.all()
    assert [type(one) for one in stored] == [BrokenAccount, StoredAccount]


async def test_a_broken_account_is_mended_with_what_is_whole_of_its_credentials(world: World) -> None:
    await world.add()
    await world.break_by_hand({"$set": {"mode": "on", "extra": 1, "credentials.refresh_token": "clear", "revision": 5}})
    await world.store.mend(make_account_document(mode="off"))
    found = await world.store.get(ID)
    assert isinstance(found, StoredAccount)
    assert (found.document, found.revision, found.created_at) == (make_account_document(mode="off"), 6, AT)
    assert sorted(found.sealed) == ["api_secret"]
    assert "extra" not in (await world.collection.find_one({"_id": ID}) or {})


# Running processes


async def test_a_watch_tells_what_came_changed_and_went_and_keeps_the_rest(world: World) -> None:
    watch = world.watch()
    assert await watch.read() == []
    stored = await world.add()
    (first,) = await watch.read()
    assert isinstance(first, Account)
    assert first.settings.refresh_token.get_secret_value() == SECRETS["refresh_token"]
    assert (await watch.read())[0] is first

    await world.store.change(read_account(make_data(mode="live", price={"basis": "sale"})), revision=stored.revision)
    (second,) = await watch.read()
    assert isinstance(second, Account)
    assert (second.price.basis, second.rules_print == first.rules_print) == ("sale", False)

    assert await world.store.set_mode(ID, "off") == "live"
    (third,) = await watch.read()
    assert isinstance(third, Account)
    assert (third.mode, third.rules_print) == ("off", second.rules_print)

    await world.store.remove(ID)
    assert await watch.read() == []


async def test_an_edit_by_hand_that_raises_no_revision_is_seen_within_seconds(world: World) -> None:
    await world.add()
    watch = world.watch()
    (first,) = await watch.read()
    await world.collection.update_one({"_id": ID}, {"$set": {"stock.buffer": 3}})
    world.seconds += 1
    assert (await watch.read())[0] is first
    world.seconds += 9
    (second,) = await watch.read()
    assert isinstance(second, Account)
    assert second.stock.buffer == 3


async def test_a_new_credential_is_another_account_a_new_key_is_not(world: World) -> None:
    await world.add()
    watch = world.watch()
    (first,) = await watch.read()
    sealed = await world.vault.seal(ID, "api_secret", SecretStr(SECRETS["api_secret"]))
    await world.collection.update_one(
        {"_id": ID}, {"$set": {"credentials.api_secret": sealed.document()}, "$inc": {"revision": 1}}
    )
    assert (await watch.read())[0] is first
    sealed = await world.vault.seal(ID, "api_secret", SecretStr(SECRETS["refresh_token"]))
    await world.collection.update_one(
        {"_id": ID}, {"$set": {"credentials.api_secret": sealed.document()}, "$inc": {"revision": 1}}
    )
    (second,) = await watch.read()
    assert isinstance(second, Account)
    assert second != first


async def test_an_account_may_be_without_credentials_only_while_it_is_off(world: World) -> None:
    await world.add(make_account_document(mode="off"), secrets=False)
    watch = world.watch()
    (off,) = await watch.read()
    assert isinstance(off, Account)
    await world.store.set_mode(ID, "live")
    (live,) = await watch.read()
    assert isinstance(live, BrokenAccount)
    assert "credentials are missing: api_secret, refresh_token or access_token" in live.words
    assert f"marketsync credentials set {ID} api_secret" in live.words


async def test_a_broken_account_works_again_when_the_master_key_is_back(world: World) -> None:
    await world.add()
    keys: dict[str, Any] = {local_provider(KEY): {"key": KEY}}
    other = os.urandom(96)
    now = MasterKeys({local_provider(other): {"key": other}}, local_provider(other))
    cipher = Cipher(world.collection.database.client, world.collection.database.name, lambda: now)
    world.vault = Vault(cipher, learn=lambda _: None, now=lambda: AT)
    watch = world.watch()
    (broken,) = await watch.read()
    assert isinstance(broken, BrokenAccount)
    assert "master key" in broken.words
    now = replace(now, providers={**now.providers, **keys})
    world.seconds += 10
    (mended,) = await watch.read()
    assert isinstance(mended, Account)
    await cipher.close()


async def test_variables_count_only_while_the_channel_has_no_document(world: World) -> None:
    world.fallback = [ACCOUNT]
    watch = world.watch()
    assert await watch.read() == [ACCOUNT]
    await world.add(make_account_document(mode="off"))
    (stored,) = await watch.read()
    assert stored.id == ID
    await world.break_by_hand({"$set": {"mode": "on"}})
    world.seconds += 10
    (broken,) = await watch.read()
    assert isinstance(broken, BrokenAccount)
    await world.store.remove(ID)
    assert await watch.read() == [ACCOUNT]


@pytest.mark.parametrize("example", EXAMPLES, ids="+".join)
async def test_the_examples_of_the_page_about_rules_can_be_stored(world: World, example: dict[str, Any]) -> None:
    document = make_account_document(**example)
    await world.add(document)
    found = await world.store.get(ID)
    assert isinstance(found, StoredAccount)
    assert found.document == document


@pytest.mark.parametrize("value", ["1.5 mm", "$set", "$5", "a.b.$c", ".", "__proto__", "così", "{x}"])
async def test_tables_hold_any_value_of_the_pim(world: World, value: str) -> None:
    """Values of products are keys there, and MongoDB has meanings of its own for some signs."""
    rule = {"target": "attributes.Spessore", "convert": {value: value}, "otherwise": "keep"}
    aspect = {"name": f"N {value}", "values": {value: "x"}}
    data = make_data(content={"rules": [rule]}, categories={"map": {value: "1"}, "aspects": {value: [aspect]}})
    document = read_account(data)
    added = await world.store.add(document, {})
    found = await world.store.get(added.id)
    assert isinstance(found, StoredAccount)
    assert found.document == document
    await world.store.change(document.model_copy(update={"languages": ("de",)}), revision=1)
    found = await world.store.get(added.id)
    assert isinstance(found, StoredAccount)
    assert (found.document.content, found.document.categories) == (document.content, document.categories)
