"""Work that outlives the request that asked for it, and ends with the process at the latest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

_log = structlog.get_logger()

Begun = TypeVar("Begun")
# Pieces of work under way at once; each holds connections.
_MOST = 8


class TooMuchError(Exception):
    """No more work is taken now."""


class Background:
    """Keeps tasks until they are done. What `close` cuts short is gone on with by asking again: jobs are resumable."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def begin(self, work: Callable[[Callable[[Begun], None]], Coroutine[Any, Any, object]]) -> Begun:
        """Start work and wait for what it tells first. work: is given whom to tell. Raises what it raised before."""
        if len(self._tasks) >= _MOST:
            raise TooMuchError
        told: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(work(lambda begun: None if told.done() else told.set_result(begun)))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, told))
        return await told

    async def close(self) -> None:
        """Cut short what is left."""
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any], told: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if told.done():
            if error is not None:
                _log.error("work that was asked for failed", error=str(error))
        elif error is not None:
            told.set_exception(error)
        else:
            told.cancel()
