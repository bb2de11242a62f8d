"""Each order once in store and topic, whoever dies when. MongoDB, Kafka and committed reads are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from adapters.errors import TemporaryError
from adapters.memory_orders import MemoryOrders
from adapters.orders import Order, OrderStatus
from consumer.embedded import Endpoints
from consumer.health import make_registry
from consumer.kafka import TransactionalProducer, ensure_topics
from consumer.kafka.compacted import read_compacted
from consumer.kafka.removal import remove_installation
from consumer.kafka.topics import TopicNames
from consumer.listings.sales import SalesBook
from consumer.metrics import order_metrics
from consumer.mongo import AsyncDatabase, Document, connect_async
from consumer.mongo.encryption import Cipher, MasterKeys, local_provider
from consumer.orders.booking import Booking, Sku
from consumer.orders.importing import Import
from consumer.orders.measuring import Measuring
from consumer.orders.publishing import RECEIPT, OrderPublisher
from consumer.orders.store import OrderStore
from consumer.settings import TopicSettings
from tests.reading import headers_of, read_messages

ACCOUNT = "acme/memory/main"
KEY = bytes(range(96))
MASTERS = MasterKeys({local_provider(KEY): {"key": KEY}}, local_provider(KEY))
CHAIR = ("acme", "CHAIR")


class KilledError(Exception):
    """The process ends here."""


@dataclass
class World:
    """A shop, our servers, and the processes that import and publish."""

    bootstrap: str
    names: TopicNames
    database: AsyncDatabase[Document]
    cipher: Cipher
    shop: MemoryOrders = field(default_factory=lambda: MemoryOrders(now=datetime(2026, 11, 24, tzinfo=UTC)))
    owed: list[tuple[tuple[str, str], str]] = field(default_factory=list)

    @property
    def store(self) -> OrderStore:
        return OrderStore(self.database, self.cipher, keep=30 * 86400)

    @property
    def sales(self) -> SalesBook:
        return SalesBook(self.database["reservations"])

    async def walk(self, *, store: OrderStore | None = None) -> int:
        async def nothing() -> None:
            return

        async def find(account: str, skus: object) -> dict[str, Sku]:
            assert account == ACCOUNT
            assert "CH-1" in list(skus)  # type: ignore[call-overload]  # an iterable, as the port says
            return {"CH-1": Sku(CHAIR, 1, "", 5)}

        async def owe(products: object) -> None:
            self.owed.extend(products)  # type: ignore[arg-type]  # an iterable, as the port says

        booking = Booking(self.sales, self.store, hold=86400, now=lambda: self.shop.now, find=find, owe=owe)
        return await Import(
            ACCOUNT,
            self.shop,
            store or self.store,
            first=timedelta(days=7),
            now=lambda: self.shop.now,
            ask=nothing,
            book=booking.book,
        ).walk()

    async def publish(self, store: OrderStore | None = None) -> int:
        """As a process that starts, publishes all that waits, and ends."""
        producer = TransactionalProducer(
            self.bootstrap, f"{self.names.prefix}orders", max_message_bytes=1_000_000, timeout=10
        )
        await asyncio.to_thread(producer.start)

        def receipt() -> bytes | None:
            return read_compacted(self.bootstrap, self.names.positions).get(RECEIPT)

        publisher = OrderPublisher(
            store or self.store,
            producer,
            topic=self.names.products[0],
            receipts=self.names.positions,
            receipt=receipt,
        )
        try:
            await publisher.recover()
            return await publisher.publish()
        finally:
            producer.close()

    def told(self) -> list[str]:
        """Ids of the events in the topic, for a reader of what is committed."""
        found = read_messages(self.bootstrap, [self.names.products[0]])
        return sorted(dict(headers_of(message))["ce_id"].decode() for message in found)


@pytest.fixture
async def world(servers: Endpoints, fresh_name: str) -> AsyncIterator[World]:
    names, bootstrap = TopicNames(f"{fresh_name}."), servers.kafka_bootstrap_servers
    topics = TopicSettings(prefix=names.prefix, partitions=1)
    await asyncio.to_thread(ensure_topics, bootstrap, names, topic_settings=topics, channels=[], retry_delays=[])
    async with connect_async(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        cipher = Cipher(client, database.name, lambda: MASTERS)
        made = World(bootstrap, names, database, cipher)
        await made.store.prepare()
        yield made
        await cipher.close()
        await client.drop_database(database.name)
    await asyncio.to_thread(remove_installation, bootstrap, names.prefix)


class DiesBeforePosition(OrderStore):
    async def reached(self, account: str, until: datetime) -> None:
        raise KilledError(account, until)


class DiesAtOrder(OrderStore):
    """Dies at its third order."""

    orders = 0

    async def take(self, account: str, order: Order, at: datetime) -> bool:
        self.orders += 1
        if self.orders == 3:
            raise KilledError(account)
        return await super().take(account, order, at)


class DiesAfterCommit(OrderStore):
    async def published(self, numbers: object) -> None:
        raise KilledError(numbers)


@pytest.mark.parametrize("dying", [DiesBeforePosition, DiesAtOrder])
async def test_a_poller_that_dies_anywhere_is_made_good_by_the_next(world: World, dying: type[OrderStore]) -> None:
    ids = [world.shop.sell(("CH-1", 1)) for _ in range(5)]
    with pytest.raises(KilledError):
        await world.walk(store=dying(world.database, world.cipher, keep=1e6))
    assert await world.store.position(ACCOUNT) is None
    await world.walk()
    assert await world.store.position(ACCOUNT) is not None
    await world.publish()
    assert world.told() == [f"{ACCOUNT}/{order_id}/1" for order_id in ids]
    assert await world.database["orders"].count_documents({}) == 5
    assert (await world.sales.all())[0][1].open(5, world.shop.now) == 5


async def test_a_publisher_that_dies_after_the_commit_tells_nothing_twice(world: World) -> None:
    world.shop.sell(("CH-1", 1))
    await world.walk()
    with pytest.raises(KilledError):
        await world.publish(DiesAfterCommit(world.database, world.cipher, keep=1e6))
    assert await world.publish() == 0
    assert world.told() == [f"{ACCOUNT}/M-1/1"]


async def test_a_page_that_fails_leaves_the_position(world: World) -> None:
    world.shop.sell(("CH-1", 1))
    world.shop.faults.calls.append(TemporaryError("the channel is away"))
    with pytest.raises(TemporaryError):
        await world.walk()
    assert await world.store.position(ACCOUNT) is None


async def test_changes_become_events_and_what_is_shown_again_does_not(world: World) -> None:
    order_id = world.shop.sell(("CH-1", 2))
    assert await world.walk() == 1
    assert await world.walk() == 0
    old = world.shop.placed[order_id]
    world.shop.move(order_id, OrderStatus.CANCELED)
    assert await world.walk() == 1
    assert not await world.store.take(ACCOUNT, old, world.shop.now), "an older state came back"
    assert await world.sales.all() == []
    await world.publish()
    assert world.told() == [f"{ACCOUNT}/M-1/1", f"{ACCOUNT}/M-1/2"]
    types = [dict(headers_of(each))["ce_type"] for each in read_messages(world.bootstrap, [world.names.products[0]])]
    assert types == [b"marketsync.order.placed.v1", b"marketsync.order.canceled.v1"]


async def test_what_the_pim_has_taken_off_is_not_kept_back_again(world: World) -> None:
    world.shop.sell(("CH-1", 2))
    await world.walk()
    await world.sales.change(CHAIR, lambda reserved: reserved.saw(3, world.shop.now))
    assert await world.sales.all() == []
    await world.walk()
    assert await world.sales.all() == []
    assert world.owed == [(CHAIR, "")]


async def test_who_bought_is_closed_in_the_store_absent_in_the_topic_and_gone_after_its_time(world: World) -> None:
    order_id = world.shop.sell(("CH-1", 1))
    await world.walk()
    await world.publish()
    stored = await world.store.find(ACCOUNT, order_id)
    assert stored is not None
    (message,) = read_messages(world.bootstrap, [world.names.products[0]])
    for text in (repr(stored), str(message.value()), str(message.headers())):
        assert "Rossi" not in text
        assert "rossi" not in text
    assert orjson.loads(message.value() or b"")["order"]["order_id"] == order_id
    opened = await world.store.personal(stored)
    assert opened is not None
    assert opened["buyer"]["name"] == "Ada Rossi"
    assert await world.store.forget_due(world.shop.now) == 0
    assert await world.store.forget_due(world.shop.now + timedelta(days=31)) == 1
    world.shop.move(order_id, OrderStatus.SHIPPED)
    await world.walk()
    again = await world.store.find(ACCOUNT, order_id)
    assert again is not None
    assert await world.store.personal(again) is None
    assert again["order"]["status"] == "shipped"


async def test_a_buyer_who_closed_their_account_is_forgotten(world: World) -> None:
    order_id = world.shop.sell(("CH-1", 1))
    await world.walk()
    assert await world.store.erase_buyer("memory", frozenset({"somebody.else"}), world.shop.now) == 0
    assert await world.store.erase_buyer("memory", frozenset({"ada.rossi"}), world.shop.now) == 1
    stored = await world.store.find(ACCOUNT, order_id)
    assert stored is not None
    assert "personal" not in stored


async def test_what_waits_is_counted_from_the_store_and_goes_with_who_leads(world: World) -> None:
    metrics = order_metrics(registry := make_registry())
    measuring = Measuring(world.store, world.sales, metrics, lambda: world.shop.now + timedelta(hours=1))
    first = world.shop.sell(("CH-1", 1))
    world.shop.sell(("CH-1", 2))
    await world.walk()
    await measuring.measure()
    status = (await world.shop.order(first)).status.value
    labels = {"tenant": "acme", "channel": "memory", "account": "main", "status": status}
    assert registry.get_sample_value("marketsync_orders_waiting", labels) == 2
    assert (registry.get_sample_value("marketsync_orders_oldest_seconds", labels) or 0) >= 3600
    assert registry.get_sample_value("marketsync_orders_reserved_products", {"tenant": "acme"}) == 1
    running = asyncio.create_task(measuring.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert registry.get_sample_value("marketsync_orders_waiting", labels) is None
