"""The seam under adapters: answers written by a test, and a TCP server that breaks HTTP in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx

from adapters.exchange import Request
from adapters.http import HttpClient, Reply

ORIGIN = "https://api.example.test"
Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answers:
    """The wire: what would be sent goes to a function, whose answer comes back. It may raise what aiohttp raises."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def exchange(self, request: Request, headers: Mapping[str, str]) -> Reply:
        answer = self._handler(httpx.Request(request.method, request.url, headers=dict(headers), content=request.body))
        response = await answer if isinstance(answer, Awaitable) else answer
        return Reply(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Nothing is open."""


def make_http(handler: Handler, *, now: float = 0.0) -> HttpClient:
    """A client whose answers come from `handler`; `now` is what its wall clock says."""
    return HttpClient(Answers(handler), frozenset({ORIGIN}), wall_clock=lambda: now)


@asynccontextmanager
async def broken_server(behaviour: Behaviour) -> AsyncIterator[str]:
    """A server that gives every connection to `behaviour` and closes it afterwards; its address."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        try:
            await behaviour(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request with its body, up to what Content-Length says."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head + (await reader.readexactly(int(lengths[0])) if lengths else b"")
