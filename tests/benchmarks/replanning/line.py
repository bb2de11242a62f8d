"""One account with its products, a real MongoDB and Kafka, and a channel in memory that notes when stocks arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from prometheus_client import CollectorRegistry

from adapters.memory import LISTING_ID, MemoryAdapter
from adapters.model import Command, Outcome
from consumer.delivery.account_book import COLLECTION as BOOK
from consumer.delivery.account_book import AccountBook
from consumer.delivery.assembly import Servers, group_of, make_worker, owed_places
from consumer.delivery.following import AccountReading, Hands
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.work import AccountKey
from consumer.embedded import Endpoints
from consumer.events import ProductEvent, encode_headers, encode_key, encode_value
from consumer.kafka import ReliableProducer, TopicNames, ensure_topics
from consumer.listings.accounts import Account
from consumer.listings.rules.prices import PriceRule, PriceRules
from consumer.listings.store import COLLECTION, ListingStore
from consumer.metrics import delivery_metrics
from consumer.mongo import AsyncCollection, Collection, Document, connect, connect_async
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from consumer.settings import DeliverySettings, TopicSettings
from tests.benchmarks.replanning.publisher import FIRST_STOCK
from tests.unit.delivery.making import CHANNEL, make_account, make_document, make_event
from tests.waiting import eventually

TENANT = "shop"
TOPICS = TopicSettings()
_CHUNK = 1000
# What a channel takes to answer, seconds.
_ANSWER = 0.03


class WatchedChannel(MemoryAdapter):
    """Takes everything, and remembers only what the benchmark asks: no catalogue to search, so it costs nothing.

    shown_skus: those that it has. dearer: those that show the new price. arrived: stock of a change -> when it was
    answered, seconds since 1970.
    """

    def __init__(self) -> None:
        super().__init__(CHANNEL)
        self.shown_skus: set[str] = set()
        self.dearer: set[str] = set()
        self.arrived: dict[int, float] = {}

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        await asyncio.sleep(_ANSWER)
        now = time.time()
        for command in commands:
            self._note_arrival(command, now)
        return [Outcome(command.sku, references={LISTING_ID: f"L-{command.sku}"}) for command in commands]

    def _note_arrival(self, command: Command, now: float) -> None:
        listing = command.listing
        self.shown_skus.add(command.sku)
        if listing is not None and listing.price.amount > Decimal(150):
            self.dearer.add(command.sku)
        stock = command.quantity if listing is None else listing.quantity
        if stock is not None and stock >= FIRST_STOCK:
            self.arrived.setdefault(stock, now)


@dataclass
class Line:
    """percent: by which the account's prices are dearer than the PIM's; delivery reads it every second."""

    endpoints: Endpoints
    names: TopicNames
    products: Collection[Document]
    states: AsyncCollection[Document]
    producer: ReliableProducer
    channel: WatchedChannel = field(default_factory=WatchedChannel)
    percent: int = 0

    async def read(self) -> Sequence[AccountReading]:
        return [AccountReading(AccountKey(TENANT, "default"), _account(self.percent))]

    async def fill(self, count: int, deadline: float) -> None:
        """So many products in the PIM, and on the channel."""
        for first in range(0, count, _CHUNK):
            codes = [f"P-{number}" for number in range(first, min(first + _CHUNK, count))]
            self.products.insert_many(make_document(code) for code in codes)
            await self._publish([make_event(code) for code in codes])

        await eventually(lambda: len(self.channel.shown_skus) == count, deadline, f"{count} listings are live")
        await self.nothing_waits(deadline)

    async def nothing_waits(self, deadline: float) -> None:
        """Until no listing is waiting or owed."""

        async def settled() -> bool:
            open_ones = {"$or": [{"owed.due": {"$exists": True}}, {"status": "waiting"}]}
            return await self.states.count_documents(open_ones, limit=1) == 0

        await eventually(settled, deadline, "nothing is owed")

    async def _publish(self, events: Sequence[ProductEvent]) -> None:
        topic = self.names.of(events[0].operation)
        futures = [
            self.producer.produce(topic, encode_key(e.tenant, e.entity_code), encode_value(e), encode_headers(e))
            for e in events
        ]
        await asyncio.gather(*map(asyncio.wrap_future, futures))


@asynccontextmanager
async def running_line(endpoints: Endpoints, settings: DeliverySettings) -> AsyncIterator[Line]:
    """A line with a delivery process at work."""
    names = TopicNames("replanning.")
    kafka = endpoints.kafka_bootstrap_servers
    ensure_topics(kafka, names, topic_settings=TOPICS, channels=[CHANNEL], retry_delays=settings.retry_delays)
    producer = ReliableProducer(kafka, max_message_bytes=TOPICS.max_message_bytes)
    producer.start()
    async with connect_async(endpoints.mongodb_uri) as client:
        with connect(endpoints.mongodb_uri) as pims:
            database = client["marketsync-replanning"]
            store = ListingStore(database[COLLECTION], TOPICS.partitions)
            await store.ensure_indexes()
            line = Line(endpoints, names, pims[f"vinc-{TENANT}"][PRODUCTS], database[COLLECTION], producer)
            line.products.create_index([("entity_code", 1)])
            products = TenantProducts(pims, lambda tenant: Tenant(tenant, f"vinc-{tenant}", ACTIVE), connect)
            servers = Servers(
                kafka,
                names,
                store,
                QuotaStore(database[QUOTAS]),
                owed_places(database, TOPICS.partitions, products),
                TOPICS.max_message_bytes,
                Hands(line, AccountBook(database[BOOK], group_of(CHANNEL, names)), lambda _: line.channel, ""),
            )
            worker = make_worker(CHANNEL, [], servers, settings=settings, metrics=delivery_metrics(CollectorRegistry()))
            task = asyncio.create_task(worker.run())
            try:
                yield line
            finally:
                worker.stop()
                await asyncio.wait([task])
                producer.close(5)


def _account(percent: int) -> Account:
    rules = (PriceRule(percent=Decimal(percent)),) if percent else ()
    return make_account(price=PriceRules(basis="retail", vat_included=True, rules=rules))
