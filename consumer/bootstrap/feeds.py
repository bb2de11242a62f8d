"""The process that builds and serves the files that channels read, put together and taken down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from threading import Thread

import structlog

from adapters.feeds import Feed
from adapters.registry import CHANNELS
from consumer.bootstrap.accounts import known_accounts
from consumer.bootstrap.credentials import utc_now
from consumer.bootstrap.health import serve_health
from consumer.capture import LeaseTiming, this_process
from consumer.capture.leadership import Leadership
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.feeds.builder import FeedBuilder
from consumer.feeds.export import FolderExport
from consumer.feeds.keeper import FeedKeeper
from consumer.feeds.model import BUCKET, FeedKey
from consumer.feeds.server import FeedApp
from consumer.feeds.serving import serve
from consumer.health import Registry, make_registry
from consumer.listings.accounts import Account
from consumer.metrics.feeds import FeedMetrics, feed_metrics
from consumer.mongo import Database, Document, connect, connect_async
from consumer.mongo.files import Files
from consumer.mongo.lease import COLLECTION as LEASES
from consumer.mongo.lease import LeaseStore
from consumer.processes import stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()

LEASE = "marketsync-feeds"
# Seconds between two readings of the accounts.
_ACCOUNTS = 5.0


def feeds_of(settings: Settings, endpoints: Endpoints) -> dict[FeedKey, Feed]:
    """The feeds of all accounts that are not off. Raises UnavailableError, SettingsError."""
    found = {}
    for account in known_accounts(settings, endpoints):
        if not isinstance(account, Account) or account.mode == "off" or account.channel not in CHANNELS:
            continue
        make = CHANNELS[account.channel].feed
        if make is not None:
            found[FeedKey(account.tenant, account.channel, account.name)] = make(account.settings)
    return found


class KnownFeeds:
    """The feeds of the accounts, read again now and then; what cannot be read stays as it was. For one thread."""

    def __init__(self, read: Callable[[], Mapping[FeedKey, Feed]], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._feeds: Mapping[FeedKey, Feed] = {}
        self._due = float("-inf")
        self._said = ""

    def __call__(self) -> Mapping[FeedKey, Feed]:
        """Keeps `consumer.feeds.keeper.Feeds`."""
        if self._clock() < self._due:
            return self._feeds
        self._due = self._clock() + _ACCOUNTS
        try:
            self._feeds, self._said = self._read(), ""
        except MarketsyncError as error:
            if str(error) != self._said:
                self._said = str(error)
                _log.warning("accounts cannot be read, feeds go on as they were", error=str(error))
        return self._feeds


def run_feeds(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    """Build and serve until SIGTERM or SIGINT. Raises UnavailableError where a server or a port cannot be had."""
    asyncio.run(_run(settings, endpoints, supervised=supervised))
    _log.info("feeds have ended")


async def _run(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    registry = make_registry()
    metrics = feed_metrics(registry)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    stop_on_signals(lambda: loop.call_soon_threadsafe(stopped.set), supervised=supervised)
    own = settings.feeds
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(connect_async(endpoints.mongodb_uri))
        app = FeedApp(client[settings.place.database], metrics, downloads=own.downloads)
        at = await exits.enter_async_context(serve(app, own.host, own.port, downloads=own.downloads))
        builds = exits.enter_context(
            _building(settings, endpoints, metrics, lambda: loop.call_soon_threadsafe(stopped.set))
        )
        exits.enter_context(_health(settings, registry, builds))
        _log.info("files are served", at=at)
        await stopped.wait()


@contextmanager
def _health(settings: Settings, registry: Registry, builds: Thread) -> Iterator[None]:
    def reasons() -> list[str]:
        return [] if builds.is_alive() else ["the thread that builds has ended"]

    with serve_health(settings, registry, unready=reasons, stuck=reasons):
        yield


@contextmanager
def _building(
    settings: Settings, endpoints: Endpoints, metrics: FeedMetrics, ended: Callable[[], object]
) -> Iterator[Thread]:
    """The thread that builds, and this process's part in the election of the one that may."""
    with connect(endpoints.mongodb_uri) as client:
        database: Database[Document] = client[settings.place.database]
        timing = LeaseTiming(settings.feeds.lease)
        leases = LeaseStore(database[LEASES], settings.topics.prefix + LEASE, timeout=timing.timeout)
        election = Leadership(leases, this_process(), timing, ended=lambda: None)
        files, folder = Files(database, BUCKET), settings.feeds.folder
        files.ensure_indexes()
        keeper = FeedKeeper(
            lambda may_go_on: FeedBuilder(database, now=utc_now, may_go_on=may_go_on),
            KnownFeeds(lambda: feeds_of(settings, endpoints), time.monotonic),
            election,
            export=None if folder is None else FolderExport(folder.expanduser(), files),
            metrics=metrics,
            now=utc_now,
        )
        election.start()
        thread = Thread(target=_keep, args=(keeper, ended), name="feeds", daemon=True)
        thread.start()
        try:
            yield thread
        finally:
            keeper.stop()
            thread.join()
            election.close()


def _keep(keeper: FeedKeeper, ended: Callable[[], object]) -> None:
    try:
        keeper.run()
    finally:
        ended()
