"""The process that imports orders, put together: one leads, others stand by."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import structlog

from adapters.orders import OrderCall
from adapters.registry import CHANNELS
from consumer.bootstrap.accounts import watch_accounts
from consumer.bootstrap.credentials import open_credentials, utc_now
from consumer.bootstrap.health import serve_health
from consumer.bootstrap.start import topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.capture.election import Timing
from consumer.capture.identity import this_process
from consumer.capture.leadership import LeaderProducer, Leadership, Term
from consumer.control.reading_quota import ReadingQuota
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.health import make_registry
from consumer.kafka.compacted import read_compacted
from consumer.kafka.topics import ensure_order_topics
from consumer.listings.accounts import Account
from consumer.listings.accounts.watch import AccountWatch
from consumer.listings.debts import DebtStore
from consumer.listings.sales import COLLECTION as RESERVATIONS
from consumer.listings.sales import SalesBook
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.metrics import OrderMetrics, order_metrics
from consumer.mongo import PyMongoError, connect, connect_async
from consumer.mongo.lease import COLLECTION as LEASES
from consumer.mongo.lease import LeaseStore
from consumer.orders.booking import Booking
from consumer.orders.importing import Import
from consumer.orders.keeping import OrderKeeper, Poller
from consumer.orders.measuring import Measuring
from consumer.orders.products import SoldProducts
from consumer.orders.publishing import RECEIPT, OrderPublisher
from consumer.orders.store import OrderStore
from consumer.processes import stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()

_DAY = 86400
_REST = 2.0
_WAIT = 0.5


def run_orders(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    """Import the orders of every account that is live until SIGTERM or SIGINT. Raises MarketsyncError."""
    asyncio.run(_run(settings, endpoints, supervised=supervised))


async def _run(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    stop_on_signals(lambda: loop.call_soon_threadsafe(stopped.set), supervised=supervised)
    names, bootstrap = topic_names(settings), endpoints.kafka_bootstrap_servers
    await asyncio.to_thread(ensure_order_topics, bootstrap, names, settings.topics)
    async with AsyncExitStack() as exits:
        home = exits.enter_context(connect(endpoints.mongodb_uri))
        timing = Timing(settings.orders.lease)
        lease = f"{names.prefix}marketsync-orders"
        leases = LeaseStore(home[settings.place.database][LEASES], lease, timeout=timing.timeout)
        election = Leadership(leases, this_process(), timing, ended=lambda: None)
        await asyncio.to_thread(election.start)
        exits.push_async_callback(asyncio.to_thread, election.close)
        registry = make_registry()
        parts = await exits.enter_async_context(_Parts(settings, endpoints, order_metrics(registry)))
        exits.enter_context(serve_health(settings, registry, unready=tuple))
        while not stopped.is_set():
            term = await asyncio.to_thread(election.wait, _WAIT)
            if term is None:
                continue
            try:
                await parts.lead(term, stopped)
            except (MarketsyncError, PyMongoError) as error:
                _log.warning("orders stand still, trying again", error=str(error)[:300])
                await asyncio.sleep(_REST)


class _Parts(AsyncExitStack):
    """What leads, over connections of its own."""

    def __init__(self, settings: Settings, endpoints: Endpoints, metrics: OrderMetrics) -> None:
        super().__init__()
        self._metrics = metrics
        self._settings = settings
        self._endpoints = endpoints
        self._accounts: set[str] = set()
        self._settings_of: dict[str, object] = {}

    async def __aenter__(self) -> _Parts:
        settings, endpoints = self._settings, self._endpoints
        client = await self.enter_async_context(connect_async(endpoints.mongodb_uri))
        credentials = open_credentials(settings, endpoints, client)
        self.push_async_callback(credentials.cipher.close)
        database = client[settings.place.database]
        keep = settings.orders.personal_days * _DAY
        self._store = OrderStore(database, credentials.cipher, keep=keep)
        self._quotas = QuotaStore(database[QUOTAS])
        sales = SalesBook(database[RESERVATIONS])
        await self._store.prepare()
        await sales.prepare()
        self._measuring = Measuring(self._store, sales, self._metrics, utc_now)
        debts = DebtStore(database[LISTINGS], settings.topics.partitions)
        pim = self.enter_context(tenant_products(settings, endpoints))
        products = SoldProducts(database[LISTINGS], debts, pim, lambda: self._accounts, utc_now)
        self._booking = Booking(
            sales, self._store, hold=settings.orders.hold, now=utc_now, find=products.find, owe=products.owe
        )
        self._watches: dict[str, AccountWatch] = {
            channel: watch_accounts(settings, credentials, client, channel) for channel in CHANNELS
        }
        return self

    async def lead(self, term: Term, stopped: asyncio.Event) -> None:
        """Until the term is over or a signal came."""
        names, bootstrap = topic_names(self._settings), self._endpoints.kafka_bootstrap_servers
        producer = LeaderProducer(
            bootstrap,
            f"{names.prefix}marketsync-orders",
            max_message_bytes=self._settings.topics.max_message_bytes,
            timeout=60,
            permit=term,
        )
        try:
            await asyncio.to_thread(producer.start)
            publisher = OrderPublisher(
                self._store,
                producer,
                topic=names.orders,
                receipts=names.order_receipts,
                receipt=lambda: read_compacted(bootstrap, names.order_receipts).get(RECEIPT),
            )
            await publisher.recover()
            _log.info("this process imports orders")
            leads = lambda: not term.lost and not stopped.is_set()  # noqa: E731  two facts, one question
            measuring = asyncio.create_task(self._measuring.run())
            try:
                await OrderKeeper(leads, self._pollers, publisher.publish).run()
            finally:
                measuring.cancel()
                await asyncio.wait([measuring])
        finally:
            await asyncio.to_thread(producer.close)

    async def _pollers(self, known: Mapping[str, Poller]) -> Mapping[str, Poller]:
        await self._store.forget_due(utc_now())
        found: dict[str, Poller] = {}
        for channel, watch in self._watches.items():
            for account in await watch.read():
                if isinstance(account, Account):
                    self._accounts.add(account.id)
                    if account.mode == "live" and CHANNELS[channel].orders is not None:
                        same = self._settings_of.get(account.id) == account.settings
                        poller = known.get(account.id) if same else None
                        found[account.id] = poller or self._poller(account)
                        self._settings_of[account.id] = account.settings
        return found

    def _poller(self, account: Account) -> Poller:
        make = CHANNELS[account.channel].orders
        assert make is not None  # noqa: S101  for the type checker: looked at by the caller
        channel = make(account.settings)
        egress = self._settings.delivery.egress
        quota = ReadingQuota(account, channel.limits[OrderCall.SEARCH], self._quotas, egress=egress)
        walker = Import(
            account.id,
            channel,
            self._store,
            first=timedelta(seconds=self._settings.orders.first),
            now=utc_now,
            ask=partial(quota.take, 1),
            book=self._booking.book,
        )

        labels = account.id.split("/", 2)
        last = self._metrics.walked.labels(*labels)
        last.set_to_current_time()

        def walked(news: int) -> None:
            last.set_to_current_time()
            self._metrics.imported.labels(*labels).inc(news)

        async def close() -> None:
            self._metrics.walked.remove(*labels)
            await quota.give_back()
            await channel.close()

        return Poller(account.id, walker, channel.poll, walked, close)
