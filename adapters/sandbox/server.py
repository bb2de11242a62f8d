"""HTTP under every stand-in: a small ASGI server on loopback, requests read whole, answers sent whole or cut off.

Paths are split before they are decoded, so that a SKU may hold a slash, and a connection can be closed without an
answer, as a dying network does. Neither is possible through a web framework; uvicorn alone does the HTTP.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
_LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 75.0
_DRAIN_DEADLINE = 1.0


@dataclass(slots=True)
class Request:
    """segments: the decoded parts of the path. headers: names in lower case. query: the last value of each name."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """body: None sends none; bytes go as they are, anything else as JSON. cut: close the connection instead."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    def encoded(self) -> bytes:
        """The bytes of the body."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the answer it got (or would have got, were the connection not cut), for an observer."""

    request: Request
    reply: Reply


Answer = Callable[[Request], Awaitable[Reply]]
Observer = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Running:
    """A stand-in that serves. url: its address without a slash at the end."""

    url: str


@asynccontextmanager
async def serve(answer: Answer, *, port: int = 0) -> AsyncIterator[Running]:
    """Serve `answer` on a loopback port (0: a free one) in the running event loop until the block ends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with suppress(asyncio.CancelledError):  # only `_drain` cancels, and the connection is closed by then
            await _send(await answer(await _read(scope, receive)), receive, send)

    config = Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=int(_KEEP_ALIVE),
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: H11Protocol(config, state, {}), _LOOPBACK, port, backlog=512)
    try:
        yield Running(f"http://{_LOOPBACK}:{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()
        await _drain(state)


async def run(answer: Answer, *, port: int, ready_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Once it truly serves, one JSON line {"url": …} goes to stdout and `ready_file`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(answer, port=port) as running:
        _announce(running.url, ready_file)
        await stop.wait()


def _announce(url: str, ready_file: Path | None) -> None:
    line = json.dumps({"url": url})
    if ready_file is not None:
        draft = ready_file.with_name(f"{ready_file.name}.part")
        draft.write_text(line + "\n", encoding="utf-8")
        draft.replace(ready_file)
    print(line, flush=True)  # noqa: T201  # the address is this program's output


async def _drain(state: ServerState) -> None:
    """Answers under way are finished within the deadline, then every connection is closed."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(list(state.tasks), timeout=_DRAIN_DEADLINE)
    for connection in list(state.connections):
        if connection.transport is not None:
            connection.transport.abort()
    await asyncio.sleep(0)  # lets the protocols learn that their connections are gone
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _read(scope: Scope, receive: Receive) -> Request:
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return Request(
        method=scope["method"],
        path=raw_path.decode("ascii", "replace"),
        segments=tuple(unquote(part) for part in raw_path.decode("ascii", "replace").strip("/").split("/")),
        query=dict(parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True)) if query else {},
        headers=_decode_headers(scope["headers"]),
        body=b"".join(chunks),
    )


def _decode_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin1"): value.decode("latin1") for name, value in headers}


async def _send(reply: Reply, receive: Receive, send: Send) -> None:
    if reply.cut:
        await _cut(receive, send)
        return
    body = reply.encoded()
    headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in reply.headers.items()]
    if body and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", b"application/json"))
    if reply.status != 204:
        headers.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _cut(receive: Receive, send: Send) -> None:
    """Close the connection without a byte of an answer: ASGI has no word for it, so uvicorn's own cycle is asked."""
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle):
        raise RuntimeError("the server under the stand-in cannot cut connections; it needs uvicorn's h11 protocol")
    cycle.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
