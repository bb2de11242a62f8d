"""A whole delivery line: real Kafka and MongoDB, a channel in memory. Product events in, listings out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest_asyncio
from prometheus_client import CollectorRegistry

from adapters.memory import MemoryAdapter
from consumer.delivery.assembly import OwedPlaces, Servers, group_of, make_worker, owed_places
from consumer.delivery.following import Hands
from consumer.delivery.planning import Seller
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.worker import DeliveryWorker
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.events import ProductEvent, encode_headers, encode_key, encode_value
from consumer.kafka import ReliableProducer, TopicNames, ensure_topics
from consumer.kafka.lag import group_lag
from consumer.kafka.records import Partition, Record
from consumer.listings.accounts import Account
from consumer.listings.brakes import NO_BRAKES, Brakes
from consumer.listings.confirmation import Confirmation
from consumer.listings.rules.variations import Variations
from consumer.listings.state import ListingState
from consumer.listings.store import COLLECTION, ListingStore
from consumer.metrics import delivery_metrics
from consumer.mongo import Database, Document, connect, connect_async
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from consumer.settings import DeliverySettings, TopicSettings
from tests.integration.delivery.reading import read_topic
from tests.unit.delivery.making import CHANNEL, make_account, make_document
from tests.waiting import eventually

TOPICS = TopicSettings(partitions=3)
SETTINGS = DeliverySettings(
    backoff=0.05,
    backoff_ceiling=3,
    memory_wait=0.5,
    retry_delays=(1, 2),
    attempts=4,
    drain=5,
    linger=0.005,
    session_timeout=6,
)


@dataclass(slots=True)
class Line:
    """One tenant set-up. pim: the database of tenant "shop".

    channels: account name → its channel in memory (tenant "shop" but for "tenant/account").
    """

    endpoints: Endpoints
    names: TopicNames
    store: ListingStore
    quotas: QuotaStore
    owed: OwedPlaces
    pim: Database[Document]
    producer: ReliableProducer
    settings: DeliverySettings = SETTINGS
    channels: dict[str, MemoryAdapter] = field(default_factory=lambda: {"default": MemoryAdapter(CHANNEL)})
    modes: Mapping[str, str] = field(default_factory=dict)
    brakes: Brakes = NO_BRAKES
    confirmation: Confirmation = field(default_factory=Confirmation)
    variations: Variations = field(default_factory=Variations)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    @property
    def channel(self) -> MemoryAdapter:
        """The one account's."""
        return self.channels["default"]

    def make_worker(
        self,
        settings: DeliverySettings | None = None,
        *,
        missed: Callable[[Partition], None] = lambda _: None,
        hands: Hands | None = None,
    ) -> DeliveryWorker:
        """hands: where the accounts are followed, instead of those of `channels`."""
        sellers = [Seller(self._account(name), adapter) for name, adapter in self.channels.items() if hands is None]
        kafka = self.endpoints.kafka_bootstrap_servers
        servers = Servers(kafka, self.names, self.store, self.quotas, self.owed, TOPICS.max_message_bytes, hands)
        self.registry = CollectorRegistry()
        metrics = delivery_metrics(self.registry)
        settings = settings or self.settings
        return make_worker(CHANNEL, sellers, servers, settings=settings, metrics=metrics, missed=missed)

    def _account(self, name: str) -> Account:
        mode = self.modes.get(name, "live")
        account = replace(make_account(name), brakes=self.brakes, confirmation=self.confirmation)
        account = replace(account, variations=self.variations)
        return replace(account, mode=mode)  # type: ignore[arg-type]  # a Literal

    @asynccontextmanager
    async def running(self, worker: DeliveryWorker | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """A worker at work; stopped in order at the end."""
        worker = worker or self.make_worker()
        task = asyncio.create_task(worker.run())
        try:
            yield task
        finally:
            worker.stop()
            await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    async def publish(self, *events: ProductEvent) -> None:
        futures = [
            self.producer.produce(
                self.names.of(event.operation),
                encode_key(event.tenant, event.entity_code),
                encode_value(event),
                encode_headers(event),
            )
            for event in events
        ]
        await asyncio.gather(*map(asyncio.wrap_future, futures))

    def keep(self, *versions: tuple[str, int]) -> None:
        """The PIM holds these versions of these products, and no others of them."""
        for code, version in versions:
            document = make_document(code, version)
            self.pim[PRODUCTS].replace_one({"entity_code": code}, document, upsert=True)

    async def publish_bytes(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        await asyncio.wrap_future(self.producer.produce(topic, key, value, [("who", b"a stranger")]))

    async def state(self, code: str, account: str = "default") -> ListingState | None:
        listing_id = make_account(account).listing_id(code)
        return (await self.store.load([listing_id])).get(listing_id)

    def title(self, code: str, account: str = "default") -> str | None:
        """What a buyer sees; None where there is no live listing."""
        shown = self.channels[account].listings.get(code)
        return shown.title if shown is not None and shown.live else None

    def versions(self, code: str, account: str = "default") -> list[int]:
        """The versions of a product that reached the channel, in order of arrival."""
        return [
            int(call.listing.title.rsplit(" ", 1)[1])
            for call in self.channels[account].journal
            if call.sku == code and call.listing is not None
        ]

    async def shows(self, code: str, version: int, account: str = "default", deadline: float = 20) -> None:
        """Wait until the channel shows this version."""
        await eventually(lambda: self.title(code, account) == f"Trapano {code} versione {version}", deadline)

    def lag(self) -> int:
        """Records that a restarted worker would read."""
        topics = [*self.names.products, *(self.names.retry(CHANNEL, delay) for delay in self.settings.retry_delays)]
        rows = group_lag(self.endpoints.kafka_bootstrap_servers, group_of(CHANNEL, self.names), topics)
        return sum(row.records for row in rows)

    def is_settled(self) -> bool:
        """Whether a restarted worker would read nothing."""
        try:
            return self.lag() == 0
        except UnavailableError:  # topics this young may have no leader yet
            return False

    def _ask_whether_settled(self) -> Awaitable[bool | None]:
        return asyncio.to_thread(self.is_settled)

    async def settles(self, deadline: float = 20) -> None:
        """Wait until everything published is finished and committed."""

        await eventually(self._ask_whether_settled, deadline, "all offsets committed")

    async def dead_letters(self) -> list[Record]:
        topic = self.names.dead_letters(CHANNEL)
        return await asyncio.to_thread(read_topic, self.endpoints.kafka_bootstrap_servers, topic)

    async def retries(self, delay: int) -> list[Record]:
        topic = self.names.retry(CHANNEL, delay)
        return await asyncio.to_thread(read_topic, self.endpoints.kafka_bootstrap_servers, topic)

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the last worker, 0 where it never counted."""
        return self.registry.get_sample_value(f"marketsync_delivery_{name}", {"channel": CHANNEL, **labels}) or 0.0


@pytest_asyncio.fixture
async def line(servers: Endpoints, fresh_name: str) -> AsyncIterator[Line]:
    names = TopicNames(f"{fresh_name}.")
    ensure_topics(
        servers.kafka_bootstrap_servers,
        names,
        topic_settings=TOPICS,
        channels=[CHANNEL],
        retry_delays=SETTINGS.retry_delays,
    )
    client = connect_async(servers.mongodb_uri)
    producer = ReliableProducer(servers.kafka_bootstrap_servers, max_message_bytes=TOPICS.max_message_bytes)
    producer.start()
    try:
        database = client[f"marketsync-{fresh_name}"]
        store = ListingStore(database[COLLECTION], TOPICS.partitions)
        await store.ensure_indexes()
        pims = connect(servers.mongodb_uri)
        products = TenantProducts(pims, lambda tenant: Tenant(tenant, f"{tenant}-{fresh_name}", ACTIVE), connect)
        owed = owed_places(database, TOPICS.partitions, products)
        pim = pims[f"shop-{fresh_name}"]
        yield Line(servers, names, store, QuotaStore(database[QUOTAS]), owed, pim, producer)
        pims.drop_database(pim)
        pims.close()
    finally:
        producer.close(5)
        await client.drop_database(f"marketsync-{fresh_name}")
        await client.close()
