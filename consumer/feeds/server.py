"""Serves published files over HTTP, as an ASGI application: any process can, whoever built them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any

import structlog

from consumer.feeds.addresses import PREFIX, file_name
from consumer.feeds.answers import Answer, answer, refusal
from consumer.feeds.model import BUCKET, FEEDS, FeedState, read_state
from consumer.metrics.feeds import FeedMetrics
from consumer.mongo import AsyncDatabase, Document, PyMongoError
from consumer.mongo.files import FileMissingError, StoredFile, read_file
from consumer.mongo.words import in_words

_log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

# Seconds that a reader may take for a chunk of a megabyte.
_PATIENCE = 60.0
# Seconds after which somebody who was turned away may come again.
_LATER = "30"


class FeedApp:
    """Answers GET and HEAD of /feeds/<token>/<channel>.<suffix>, and of the same with .gz. downloads: at once."""

    def __init__(
        self, database: AsyncDatabase[Document], metrics: FeedMetrics, *, downloads: int, patience: float = _PATIENCE
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._downloads = downloads
        self._patience = patience
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except PyMongoError as error:
            _log.warning("a file cannot be served", error=in_words(error))
            await self._refuse(send, scope, 503, "The file cannot be read now.", ("retry-after", _LATER))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await self._refuse(send, scope, 405, "Only GET and HEAD.", ("allow", "GET, HEAD"))
        elif self._open >= self._downloads:
            await self._refuse(send, scope, 503, "Too many are reading now.", ("retry-after", _LATER))
        else:
            self._open += 1
            self._metrics.reading.set(self._open)
            try:
                await self._serve(scope, receive, send)
            finally:
                self._open -= 1
                self._metrics.reading.set(self._open)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A file can go away between two builds; then there is a newer one.
        for _ in range(2):
            found = await self._find(scope["path"])
            if found is None or found[0].published is None:
                break
            state, zipped = found
            headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
            said = answer(found[0].published, scope["method"], headers, zipped=zipped)
            try:
                await self._send(said, receive, send)
            except FileMissingError:
                continue
            self._metrics.downloads.labels(str(said.status)).inc()
            _log.debug("a file was asked for", feed=str(state.key), status=said.status)
            return
        await self._refuse(send, scope, 404, "There is no such file.")

    async def _send(self, said: Answer, receive: Receive, send: Send) -> None:
        """Raises FileMissingError as long as nothing was sent; later the connection is cut."""
        start = {"type": "http.response.start", "status": said.status, "headers": said.headers}
        if said.file is None:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        async with aclosing(self._chunks(said.file)) as chunks:
            first = await anext(chunks, b"")
            await self._pass_on(send, start)
            await self._pass_on(send, {"type": "http.response.body", "body": first, "more_body": True})
            if not await self._pass_all(chunks, receive, send):
                return
        await self._pass_on(send, {"type": "http.response.body", "body": b""})

    async def _pass_all(self, chunks: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> bool:
        """The rest of a file; False where the reader has gone away. Cuts the connection where the file has."""
        gone = asyncio.create_task(_gone(receive))
        try:
            async for chunk in chunks:
                if gone.done():
                    return False
                await self._pass_on(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        except FileMissingError as error:
            raise ConnectionAbortedError("the file was replaced twice while it was read") from error
        finally:
            gone.cancel()
        return True

    def _chunks(self, file: StoredFile) -> AsyncGenerator[bytes, None]:
        return read_file(self._database, BUCKET, file.id)

    async def _pass_on(self, send: Send, message: dict[str, Any]) -> None:
        """Whoever reads too slowly is cut off: others wait for the place."""
        await asyncio.wait_for(send(message), self._patience)

    async def _find(self, path: str) -> tuple[FeedState, bool] | None:
        """The feed at this path, and whether its gzip is asked for."""
        token, _, name = path.removeprefix(PREFIX).partition("/")
        if not path.startswith(PREFIX) or not token or not name:
            return None
        stored = await self._database[FEEDS].find_one({"token": token})
        if stored is None:
            return None
        state = read_state(stored)
        suffix = state.published.suffix if state.published else ""
        zipped = name == file_name(state.key, suffix, zipped=True)
        return (state, zipped) if zipped or name == file_name(state.key, suffix) else None

    async def _refuse(self, send: Send, scope: Scope, status: int, words: str, *more: tuple[str, str]) -> None:
        self._metrics.downloads.labels(str(status)).inc()
        said, body = refusal(status, words, *more)
        await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _gone(receive: Receive) -> None:
    """Ends when the reader has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
