"""Steps with our own servers: planning on what is stored, storing outcomes, writing letters. In bulk, free of I/O.

Steps are large: while one runs, the next one gathers, and it starts before the other's end only if it is large. So a
store that answers slowly is asked twice at once, and one that is quick is not asked for trifles. While the store is
away nothing is asked for a pause that grows.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from consumer.delivery.commands import CoreCommand, Ending, Letter, Prepare, Produce, Store
from consumer.delivery.dispatch import Dispatch
from consumer.delivery.flow import Flow
from consumer.delivery.retry import RetryPolicy

Item = TypeVar("Item")

# One step of storing or writing.
_MOST_STORED = 500
_MOST_PRODUCED = 500
# How much a step must have to start while so many of its kind run: at most two at once.
_LEAST = (1, 50, sys.maxsize)
# Longest pause between attempts to reach our own store.
_LONGEST_PAUSE = 10.0


class Steps:
    """Which steps run, and what gathers for the next ones. until: our store is not asked before."""

    def __init__(self, dispatch: Dispatch, flow: Flow, policy: RetryPolicy) -> None:
        self.until = 0.0
        self.producing: tuple[Letter, ...] = ()
        self._dispatch = dispatch
        self._flow = flow
        self._policy = policy
        self._endings: deque[Ending] = deque()
        self._preparing = 0
        self._background = 0
        self._storing = 0
        self._failures = 0

    @property
    def failing(self) -> bool:
        """Whether our store failed when it was asked last."""
        return self._failures > 0

    def gather(self, endings: Iterable[Ending]) -> None:
        """These outcomes are to be stored."""
        self._endings += endings

    def next(self, now: float) -> list[CoreCommand]:
        """The steps to start now."""
        commands: list[CoreCommand] = []
        if now < self.until:
            return commands
        if len(self._endings) >= _LEAST[self._storing]:
            self._storing += 1
            commands.append(Store(_up_to(_MOST_STORED, self._endings)))
        if works := self._dispatch.to_prepare(_LEAST[self._preparing], now):
            self._preparing += 1
            commands.append(Prepare(works, now))
        if works := self._dispatch.background_to_prepare(_LEAST, self._background, now):
            self._background += 1
            commands.append(Prepare(works, now, background=True))
        if self._flow.letters and not self.producing:
            self.producing = _up_to(_MOST_PRODUCED, self._flow.letters)
            commands.append(Produce(self.producing))
        return commands

    def prepared(self, prepare: Prepare, *, answered: bool) -> None:
        """The planning is over. answered: whether our store took part."""
        if prepare.background:
            self._background -= 1
        else:
            self._preparing -= 1
        self._dispatch.not_preparing(prepare.works)
        if answered:
            self._failures = 0

    def stored(self, *, answered: bool) -> None:
        """The storing is over."""
        self._storing -= 1
        if answered:
            self._failures = 0

    def produced(self) -> None:
        """The writing is over."""
        self.producing = ()

    def rest(self, now: float) -> float:
        """Our store is away: until when nothing is asked of it."""
        self._failures += 1
        pause = min(self._policy.window(self._failures), _LONGEST_PAUSE)
        self.until = max(self.until, now + pause)
        return self.until


def _up_to(most: int, queue: deque[Item]) -> tuple[Item, ...]:
    return tuple(queue.popleft() for _ in range(min(most, len(queue))))
