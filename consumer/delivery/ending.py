"""Ends tasks for good."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

# Seconds until those that go on are told again.
_AGAIN = 0.5


async def end_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel these until all have ended.

    Once is not enough: the driver now and then turns a cancellation into an error of its own, and a loop that waits for
    MongoDB to come back takes that for an outage and goes on.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_AGAIN)
