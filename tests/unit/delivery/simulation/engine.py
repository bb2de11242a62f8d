"""Simulated time, and coroutines that run in it.

A coroutine of the code under test runs until it waits for something outside: it then hands out a `Request`, what it
asked for happens at its own time (also if whoever asked is dead by then), and the answer comes back later.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from itertools import count
from typing import Any


class BrokenPromiseError(AssertionError):
    """A promise was broken, at this simulated time."""

    def __init__(self, promise: int, words: str) -> None:
        super().__init__(f"promise {promise}: {words}")
        self.promise = promise


class Clock:
    """What happens next. Times are seconds from the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._tie = count()

    def later(self, delay: float, step: Callable[[], None]) -> None:
        """Do this after `delay` seconds."""
        heapq.heappush(self._queue, (self.now + delay, next(self._tie), step))

    def run(self, limit: float) -> bool:
        """Until nothing is left to happen. False: something still is, after `limit` seconds."""
        queue = self._queue
        while queue:
            self.now, _, step = heapq.heappop(queue)
            if self.now > limit:
                return False
            step()
            self.steps += 1
        return True


@dataclass(slots=True)
class Request:
    """Something asked of the world outside. there, back: seconds until it happens and until the answer comes."""

    effect: Callable[[], Any]
    there: float
    back: float

    def __await__(self) -> Generator[Request, Any, Any]:
        return (yield self)


def start(clock: Clock, later: Callable[[float, Callable[[], None]], None], work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine. later: as of the clock, for whoever runs it: it may be dead or frozen when an answer comes."""

    def go_on(answer: Any, failure: Exception | None) -> None:
        try:
            request: Request = work.throw(failure) if failure is not None else work.send(answer)
        except StopIteration:
            return
        clock.later(request.there, lambda: happen(request))

    def happen(request: Request) -> None:
        answer: Any = None
        failure: Exception | None = None
        try:
            answer = request.effect()
        except BrokenPromiseError:
            raise
        except Exception as error:  # what the world answers, for the code under test to handle
            failure = error
        later(request.back, lambda: go_on(answer, failure))

    go_on(None, None)
