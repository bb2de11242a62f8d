"""Waiting in tests: always for a condition, always with a deadline, never for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

_POLL = 0.02


def wait_until(condition: Callable[[], T | None], deadline: float, message: str = "", *, every: float = _POLL) -> T:
    """Call `condition` until it is true and return what it returned. Fails the test after `deadline` seconds.

    every: seconds between two calls, for questions that cost the one who is asked something.
    """
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {message or condition}; last answer: {result!r}")
        time.sleep(every)


@overload
async def eventually(condition: Callable[[], Awaitable[T | None]], deadline: float, message: str = "") -> T: ...


@overload
async def eventually(condition: Callable[[], T | None], deadline: float, message: str = "") -> T: ...


async def eventually(condition: Callable[[], T | Awaitable[T | None] | None], deadline: float, message: str = "") -> T:
    """`wait_until` for asyncio: the condition may be a plain function or a coroutine function."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        result: T | None = await answer if isinstance(answer, Awaitable) else answer
        if result:
            return result
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {message or condition}; last answer: {result!r}")
        await asyncio.sleep(_POLL)
