"""The process that serves the HTTP API, put together and taken down."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import structlog
import uvicorn
from jwt import PyJWKClient

from consumer.api.app import make_app
from consumer.api.background import Background
from consumer.api.rates import Rates
from consumer.api.services import Services
from consumer.api.tokens import TokenRules, Tokens
from consumer.bootstrap.auditing import audit_in
from consumer.bootstrap.credentials import open_credentials, utc_now
from consumer.bootstrap.health import serve_health
from consumer.bootstrap.triggering import open_syncs
from consumer.bootstrap.webhooks import OwnNotices, amazon_queue, ebay_webhook, prepare_notices
from consumer.control.told import Told
from consumer.embedded import Endpoints
from consumer.errors import SettingsError, UnavailableError
from consumer.health import make_registry
from consumer.listings.book import ListingBook
from consumer.listings.exchanges import COLLECTION as EXCHANGES
from consumer.listings.exchanges import ExchangeStore
from consumer.listings.history import COLLECTION as HISTORY
from consumer.listings.history import HistoryStore
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import connect_async
from consumer.orders.erasing import OrderEraser
from consumer.orders.store import OrderStore
from consumer.processes import stop_on_signals
from consumer.settings import Settings
from consumer.settings.api import ApiSettings

_log = structlog.get_logger()

_DAY = 86400

NO_TOKENS = "the API does not start: set API_JWT_SECRET or API_JWKS_URL, so that tokens can be checked"
# Seconds that a key set is believed, and that requests under way get at the end.
_KEYS_FOR = 300
_DRAIN = 5
_KEEP_ALIVE = 30


def run_api(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    """Serve until stopped. Raises SettingsError without a way to check tokens, UnavailableError for a taken port."""
    if not settings.api.usable:
        raise SettingsError(NO_TOKENS)
    asyncio.run(_run(settings, endpoints, supervised))


async def _run(settings: Settings, endpoints: Endpoints, supervised: bool) -> None:
    async with open_services(settings, endpoints) as services:
        config = uvicorn.Config(
            make_app(services),
            host=settings.api.host,
            port=settings.api.port,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="off",
            server_header=False,
            limit_concurrency=settings.api.connections,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_DRAIN,
        )
        server = _Server(config)
        tending = asyncio.create_task(services.syncs.tend())
        try:
            with serve_health(settings, make_registry(), unready=lambda: [] if server.started else ["it is starting"]):
                await _until_stopped(settings, server, supervised=supervised)
        finally:
            tending.cancel()
            await asyncio.wait([tending])
    _log.info("stopped")


async def _until_stopped(settings: Settings, server: _Server, *, supervised: bool) -> None:
    loop = asyncio.get_running_loop()
    stop_on_signals(lambda: loop.call_soon_threadsafe(server.stop), supervised=supervised)
    try:
        await server.serve()
    except SystemExit as error:  # what uvicorn raises where it cannot bind
        where = f"{settings.api.host}:{settings.api.port}"
        raise UnavailableError(f"cannot serve the API on {where}: set API_PORT to a free port") from error


class _Server(uvicorn.Server):
    """Leaves signals to us, and says where it is once it can be asked."""

    def stop(self) -> None:
        """End after what is under way."""
        self.should_exit = True

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # a generator there
        """None: ours are there already."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As there, and say where."""
        await super().startup(sockets=sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("API is served", url=f"http://{host}:{port}", document=f"http://{host}:{port}/docs")


@asynccontextmanager
async def open_services(settings: Settings, endpoints: Endpoints) -> AsyncIterator[Services]:
    """Everything routes work with, over connections of its own."""
    notices = OwnNotices(settings, endpoints)
    async with connect_async(endpoints.mongodb_uri) as client, notices.open(), open_syncs(settings, endpoints) as syncs:
        database = client[settings.place.database]
        audit = audit_in(settings, database)
        await audit.prepare(settings.record.audit_days)
        await prepare_notices(settings, database)
        credentials = open_credentials(settings, endpoints, client)
        keep = settings.orders.personal_days * _DAY
        eraser = OrderEraser(OrderStore(database, credentials.cipher, keep=keep), utc_now)
        background = Background()
        try:
            yield Services(
                settings=settings,
                endpoints=endpoints,
                tokens=Tokens(_rules(settings.api), _keys(settings.api)),
                rates=Rates(settings.api.rate, settings.api.burst, time.monotonic),
                audit=audit,
                listings=ListingBook(database[LISTINGS], HistoryStore(database[HISTORY])),
                told=Told(
                    ExchangeStore(database[EXCHANGES]),
                    amazon_queue(database),
                    ebay_webhook(settings, database, notices, [eraser]),
                ),
                background=background,
                syncs=syncs,
            )
        finally:
            await background.close()
            await credentials.cipher.close()


def _rules(api: ApiSettings) -> TokenRules:
    secret = api.jwt_secret.get_secret_value() if api.jwt_secret else ""
    return TokenRules(secret, api.jwt_audience, api.jwt_issuer, api.tenant_claim, api.roles_claim)


def _keys(api: ApiSettings) -> PyJWKClient | None:
    return PyJWKClient(api.jwks_url, lifespan=_KEYS_FOR) if api.jwks_url else None
