"""The two processes of the service, put together: built, watched by a health server, stopped by signals, taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from queue import SimpleQueue
from threading import Thread

import structlog

from adapters.registry import make_adapter
from consumer.bootstrap.bookkeeping import refuse_shown_fields
from consumer.bootstrap.capture_stream import CaptureStream
from consumer.bootstrap.start import named_databases, topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.bootstrap.tenant_streams import make_tenant_watch
from consumer.delivery.assembly import Servers, make_worker, owed_places
from consumer.delivery.planning import Seller
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.health import HealthServer, Note, Reasons, Registry, make_registry
from consumer.listings.accounts import Account, accounts_from_environment
from consumer.listings.store import COLLECTION, ListingStore
from consumer.metrics import capture_metrics, delivery_metrics
from consumer.mongo import connect, connect_async
from consumer.processes import stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()


def run_capture(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    """Capture until SIGTERM or SIGINT.

    Raises SettingsError and what `Watcher.run` raises; with a registry of tenants, nothing of the latter.
    """
    refuse_shown_fields(settings.capture.bookkeeping)
    if settings.place.tenant_registry:
        _run_registry(settings, endpoints, supervised=supervised)
        return
    registry = make_registry()
    with ExitStack() as exits:
        client = exits.enter_context(connect(endpoints.mongodb_uri))
        stream = CaptureStream(
            settings,
            endpoints.kafka_bootstrap_servers,
            client,
            pim=client,
            metrics=capture_metrics(registry),
            registry=registry,
        )
        stream.follow(named_databases(settings))
        exits.enter_context(_health(settings, registry, unready=stream.unready, note=stream.standing_by))
        _run_until_signalled(stream.run, stream.stop, supervised=supervised)
    _log.info("capture has ended, its position is stored")


def _run_registry(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    registry = make_registry()
    with connect(endpoints.mongodb_uri) as client:
        watch = make_tenant_watch(settings, endpoints, client, registry)
        with _health(settings, registry, unready=watch.unready, note=watch.standing_by):
            _run_until_signalled(watch.run, watch.stop, supervised=supervised)
    _log.info("capture has ended, its positions are stored")


def run_delivery(settings: Settings, endpoints: Endpoints, channel: str, *, supervised: bool) -> None:
    """Deliver one channel's updates until SIGTERM or SIGINT.

    Raises SettingsError when no account of the channel is enabled, and what `DeliveryWorker.run` raises.
    """
    enabled = accounts_from_environment(settings)
    accounts = [account for account in enabled if account.channel == channel]
    if not accounts:
        others = ", ".join(sorted({account.channel for account in enabled})) or "none"
        raise SettingsError(f"no account of the channel {channel!r} is enabled (enabled: {others})")
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
        worker = make_worker(
            channel,
            sellers,
            Servers(
                endpoints.kafka_bootstrap_servers,
                topic_names(settings),
                ListingStore(database[COLLECTION], settings.topics.partitions),
                QuotaStore(database[QUOTAS]),
                owed_places(database, settings.topics.partitions, products),
                settings.topics.max_message_bytes,
            ),
            settings=settings.delivery,
            metrics=delivery_metrics(registry),
        )
        loop = asyncio.get_running_loop()
        stop_on_signals(lambda: loop.call_soon_threadsafe(worker.stop), supervised=supervised)
        exits.enter_context(_health(settings, registry, unready=worker.unready, stuck=worker.stuck))
        await worker.run()


@contextmanager
def _health(
    settings: Settings, registry: Registry, *, unready: Reasons, stuck: Reasons = tuple, note: Note = str
) -> Iterator[None]:
    address = (settings.place.metrics_host, settings.place.metrics_port)
    server = HealthServer(registry, address, unready=unready, stuck=stuck, note=note)
    _log.info("metrics and health", at=server.start())
    try:
        yield
    finally:
        server.stop()


def _run_until_signalled(work: Callable[[], None], stop: Callable[[], None], *, supervised: bool) -> None:
    """Run `work` in a thread of its own until it ends or a signal comes, then `stop` it. Raises what it raised.

    A signal handler may only do what is safe in the middle of anything, and setting an event is not; putting into a
    SimpleQueue is. Hence the thread: the main one does nothing but wait for that queue.
    """
    wake: SimpleQueue[None] = SimpleQueue()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # raised again in the main thread
            failures.append(error)
        finally:
            wake.put(None)

    stop_on_signals(lambda: wake.put(None), supervised=supervised)
    thread = Thread(target=run, name="work")
    thread.start()
    wake.get()
    stop()
    thread.join()
    if failures:
        raise failures[0]
