"""The process that delivers, put together: built, watched by a health server, stopped by signals, taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog

from adapters.registry import make_adapter
from consumer.bootstrap.health import serve_health
from consumer.bootstrap.own_resyncs import own_resyncs
from consumer.bootstrap.start import topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.control.own_resyncs import OwnResyncs
from consumer.delivery.assembly import Servers, make_worker, owed_places
from consumer.delivery.planning import Seller
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.worker import DeliveryWorker
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.health import make_registry
from consumer.listings.accounts import Account
from consumer.listings.accounts.environment import accounts_from_environment
from consumer.listings.store import COLLECTION, ListingStore
from consumer.metrics import control_metrics, delivery_metrics
from consumer.mongo import OperationFailure, PyMongoError, connect_async
from consumer.processes import collect_seldom, stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()

# Seconds before MongoDB is asked again.
_PAUSE = 2.0


def run_delivery(settings: Settings, endpoints: Endpoints, channel: str, *, supervised: bool) -> None:
    """Deliver one channel's updates until SIGTERM or SIGINT.

    Raises SettingsError when no account of the channel is enabled, and what `DeliveryWorker.run` raises.
    """
    accounts = accounts_from_environment(settings, channel)
    if not accounts:
        raise SettingsError(f"no account of the channel {channel!r} is enabled")
    collect_seldom()
    asyncio.run(_deliver(settings, endpoints, accounts, supervised=supervised))
    _log.info("delivery has ended")


async def _deliver(settings: Settings, endpoints: Endpoints, accounts: Sequence[Account], *, supervised: bool) -> None:
    registry = make_registry()
    channel = accounts[0].channel
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(connect_async(endpoints.mongodb_uri))
        sellers = [Seller(account, make_adapter(channel, account.settings)) for account in accounts]
        for seller in sellers:
            exits.push_async_callback(seller.adapter.close)
        database = client[settings.place.database]
        products = exits.enter_context(tenant_products(settings, endpoints))
        own = exits.enter_context(
            own_resyncs(
                settings,
                endpoints,
                database,
                channel=channel,
                tenants={account.tenant for account in accounts},
                metrics=control_metrics(registry),
            )
        )
        store = ListingStore(database[COLLECTION], settings.topics.partitions)
        worker = make_worker(
            channel,
            sellers,
            Servers(
                endpoints.kafka_bootstrap_servers,
                topic_names(settings),
                store,
                QuotaStore(database[QUOTAS]),
                owed_places(database, settings.topics.partitions, products),
                settings.topics.max_message_bytes,
            ),
            settings=settings.delivery,
            metrics=delivery_metrics(registry),
            missed=own.missed,
        )
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        stop_on_signals(lambda: loop.call_soon_threadsafe(stopped.set), supervised=supervised)
        exits.enter_context(serve_health(settings, registry, unready=worker.unready, stuck=worker.stuck))
        await _run_worker(worker, own, store, stopped)


async def _run_worker(worker: DeliveryWorker, own: OwnResyncs, store: ListingStore, stopped: asyncio.Event) -> None:
    """Look at the group before it is joined; then deliver until stopped, with what the channel reads by itself."""
    stopping = asyncio.create_task(stopped.wait())
    begun = asyncio.create_task(_begin(own, store))
    beside: asyncio.Task[None] | None = None
    try:
        await asyncio.wait([stopping, begun], return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            return
        await begun
        beside = asyncio.create_task(own.run())
        stopping.add_done_callback(lambda _: worker.stop())
        await worker.run()
    finally:
        ending = [task for task in (stopping, begun, beside) if task is not None]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def _begin(own: OwnResyncs, store: ListingStore) -> None:
    """What has to be done before the group is joined. Waits while MongoDB is away."""
    while True:
        try:
            await store.ensure_indexes()  # an older version may have left fewer
            break
        except OperationFailure as error:
            _log.error("indexes cannot be made: let somebody who may run `marketsync init`", error=str(error))
            break
        except PyMongoError as error:
            _log.warning("MongoDB cannot be used", error=str(error))
            await asyncio.sleep(_PAUSE)
    await own.begin()
