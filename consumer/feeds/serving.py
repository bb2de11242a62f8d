"""HTTP for an ASGI application in the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from consumer.errors import UnavailableError
from consumer.feeds.server import FeedApp

_KEEP_ALIVE = 5
# Seconds that downloads get to end.
_DRAIN = 5.0
_BACKLOG = 128
# Connections that may be open, for each download that is allowed.
_CONNECTIONS = 4


@asynccontextmanager
async def serve(app: FeedApp, host: str, port: int, *, downloads: int) -> AsyncIterator[str]:
    """Serve until the block ends; gives the base address. Raises UnavailableError when the port is taken."""
    config = Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        limit_concurrency=downloads * _CONNECTIONS,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: H11Protocol(config, state, {}), host, port, backlog=_BACKLOG)
    except OSError as error:
        raise UnavailableError(
            f"cannot serve files on {host}:{port} ({error.strerror}): set MARKETSYNC_FEEDS_PORT to a free port"
        ) from error
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await _drain(state)


async def _drain(state: ServerState) -> None:
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(list(state.tasks), timeout=_DRAIN)
    for connection in list(state.connections):
        if connection.transport is not None:
            connection.transport.abort()
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
