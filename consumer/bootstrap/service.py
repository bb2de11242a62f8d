"""The process that delivers, put together: built, watched by a health server, stopped by signals, taken down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from adapters.registry import CHANNELS
from consumer.bootstrap.accounts import watch_accounts
from consumer.bootstrap.credentials import open_credentials, utc_now, watching
from consumer.bootstrap.health import serve_health
from consumer.bootstrap.live_accounts import LiveAccounts
from consumer.bootstrap.own_resyncs import own_resyncs
from consumer.bootstrap.preparation import require_topics
from consumer.bootstrap.start import topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.bootstrap.tools import adapter_with
from consumer.control.newcomers import Newcomers
from consumer.control.own_resyncs import OwnResyncs
from consumer.delivery.account_book import COLLECTION as FOLLOWED
from consumer.delivery.account_book import AccountBook
from consumer.delivery.assembly import Servers, group_of, make_worker, owed_places
from consumer.delivery.following import Hands
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.worker import DeliveryWorker
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.health import Registry, make_registry
from consumer.listings.accounts.store import COLLECTION as ACCOUNTS
from consumer.listings.accounts.store import AccountStore
from consumer.listings.store import COLLECTION, ListingStore
from consumer.metrics import control_metrics, delivery_metrics
from consumer.metrics.credentials import credential_metrics
from consumer.mongo import AsyncDatabase, Document, OperationFailure, PyMongoError, connect_async
from consumer.processes import collect_seldom, stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()

# Seconds before MongoDB is asked again.
_PAUSE = 2.0
# Seconds that the accounts are waited for before the process says that it is there.
_AT_ONCE = 3.0


def run_delivery(settings: Settings, endpoints: Endpoints, channel: str, *, supervised: bool) -> None:
    """Deliver one channel's updates until SIGTERM or SIGINT. Waits while the channel has no account.

    Raises SettingsError for a channel we do not have and for unusable variables, UnavailableError where topics are
    missing or wrong, and what `DeliveryWorker.run` raises.
    """
    if channel not in CHANNELS:
        raise SettingsError(f"there is no channel {channel!r}; there are: {', '.join(sorted(CHANNELS))}")
    collect_seldom()
    asyncio.run(_deliver(settings, endpoints, channel, supervised=supervised))
    _log.info("delivery has ended")


async def _deliver(settings: Settings, endpoints: Endpoints, channel: str, *, supervised: bool) -> None:
    registry = make_registry()
    health = _Health(f"no account of the channel {channel} is switched on")
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    stop_on_signals(lambda: loop.call_soon_threadsafe(stopped.set), supervised=supervised)
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(connect_async(endpoints.mongodb_uri))
        credentials = open_credentials(settings, endpoints, client)
        exits.push_async_callback(credentials.cipher.close)
        accounts = LiveAccounts(channel, watch_accounts(settings, credentials, client, channel))
        known = asyncio.create_task(accounts.wait(time.monotonic))
        # Variables that cannot be used are told at once, before this looks like a process that works.
        await asyncio.wait([known], timeout=_AT_ONCE)
        if known.done():
            await known
            await accounts.require_usable()
        exits.enter_context(serve_health(settings, registry, unready=health.unready, stuck=health.stuck))
        if not await _before(stopped, known):
            return
        await asyncio.to_thread(require_topics, settings, endpoints, channel)
        await exits.enter_async_context(watching(credentials, channel, credential_metrics(registry)))
        database = client[settings.place.database]
        process = exits.enter_context(_process(settings, endpoints, database, accounts, registry))
        health.worker = process.worker
        await _run_worker(process, stopped)


@dataclass(slots=True)
class _Health:
    """What the process says of itself. waits: what for, while there is no worker."""

    waits: str
    worker: DeliveryWorker | None = None

    def unready(self) -> list[str]:
        return [self.waits] if self.worker is None else self.worker.unready()

    def stuck(self) -> list[str]:
        return [] if self.worker is None else self.worker.stuck()


@dataclass(frozen=True, slots=True)
class _Process:
    """What runs side by side, once there is an account. stores: of these, what MongoDB has to have is made first."""

    worker: DeliveryWorker
    own: OwnResyncs
    newcomers: Newcomers
    stores: tuple[ListingStore, AccountStore]


@contextmanager
def _process(
    settings: Settings,
    endpoints: Endpoints,
    database: AsyncDatabase[Document],
    accounts: LiveAccounts,
    registry: Registry,
) -> Iterator[_Process]:
    channel, names, metrics = accounts.channel, topic_names(settings), control_metrics(registry)
    book = AccountBook(database[FOLLOWED], group_of(channel, names))
    store = ListingStore(database[COLLECTION], settings.topics.partitions)
    known = AccountStore(database[ACCOUNTS], now=utc_now)
    with ExitStack() as exits:
        products = exits.enter_context(tenant_products(settings, endpoints))
        resyncs = exits.enter_context(
            own_resyncs(settings, endpoints, database, accounts=accounts, book=book, metrics=metrics)
        )
        servers = Servers(
            endpoints.kafka_bootstrap_servers,
            names,
            store,
            QuotaStore(database[QUOTAS]),
            owed_places(database, settings.topics.partitions, products),
            settings.topics.max_message_bytes,
            Hands(accounts, book, lambda account: adapter_with(account, database), settings.delivery.egress),
        )
        worker = make_worker(
            channel,
            (),
            servers,
            settings=settings.delivery,
            metrics=delivery_metrics(registry),
            missed=resyncs.own.missed,
        )
        follower = worker.parts.follower
        assert follower is not None  # noqa: S101  for the type checker: it was given its hands
        yield _Process(worker, resyncs.own, resyncs.newcomers(follower), (store, known))


async def _run_worker(process: _Process, stopped: asyncio.Event) -> None:
    """Look at the group before it is joined; then deliver until stopped, with what the channel reads by itself."""
    if not await _before(stopped, asyncio.create_task(_begin(process.own, *process.stores))):
        return
    stopping = asyncio.create_task(stopped.wait())
    stopping.add_done_callback(lambda _: process.worker.stop())
    beside = [stopping, asyncio.create_task(process.own.run()), asyncio.create_task(process.newcomers.run())]
    try:
        await process.worker.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _before(stopped: asyncio.Event, doing: asyncio.Task[None]) -> bool:
    """Let this end unless it is stopped before. Returns whether it was done; raises what it raises."""
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([stopping, doing], return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
        return doing.done()
    finally:
        for task in (stopping, doing):
            task.cancel()
        await asyncio.gather(stopping, doing, return_exceptions=True)


async def _begin(own: OwnResyncs, store: ListingStore, accounts: AccountStore) -> None:
    """What has to be done before the group is joined. Waits while MongoDB is away."""
    while True:
        try:
            # An older version may have left fewer indexes, and another schema.
            await store.ensure_indexes()
            await accounts.prepare()
            break
        except OperationFailure as error:
            _log.error("indexes or schema cannot be made: let somebody who may run `marketsync init`", error=str(error))
            break
        except PyMongoError as error:
            _log.warning("MongoDB cannot be used", error=str(error))
            await asyncio.sleep(_PAUSE)
    await own.begin()
