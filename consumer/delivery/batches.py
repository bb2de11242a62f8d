"""Commands of one account gathered into calls: one operation each, as many as fit, after a short linger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consumer.delivery.work import Work


@dataclass(frozen=True, slots=True)
class Send:
    """A planned command whose intent is stored. plan: what the shell needs to perform it, opaque to the core.

    sku: the name on the channel; a call never carries the same one twice.
    """

    work: Work
    operation: str
    sku: str
    plan: Any


class Batches:
    """What waits for a call, by operation, in the order it was prepared."""

    def __init__(self, batch_size: int, linger: float) -> None:
        self._batch_size = batch_size
        self._linger = linger
        self._queues: dict[str, deque[tuple[Send, float]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, send: Send, now: float) -> None:
        """Put a command at the end of its operation's queue."""
        self._queues.setdefault(send.operation, deque()).append((send, now))
        self._count += 1

    def next(self, now: float, *, probe: bool = False) -> tuple[Send, ...]:
        """The next call: full, or its oldest command has lingered. Empty when there is none yet.

        Of several the one with the most urgent command at its head goes first. A suspect goes alone. probe: take one
        command only, of those that are no suspects if there is one.
        """
        ready = [queue for queue in self._queues.values() if queue and self._is_ready(queue, now)]
        if not ready:
            return ()
        urgent = min(ready, key=lambda queue: (queue[0][0].work.lane, queue[0][1]))
        if not probe:
            return self._take(urgent)
        unsuspected = next((queue for queue in ready if any(send.work.suspect is None for send, _ in queue)), urgent)
        return self._take_one(unsuspected)

    def due(self) -> float | None:
        """When the next call is ready at the latest."""
        return min((queue[0][1] + self._linger for queue in self._queues.values() if queue), default=None)

    def remove(self, unwanted: Callable[[Send], bool]) -> list[Send]:
        """Take these commands out; they are not called."""
        removed: list[Send] = []
        for operation, queue in self._queues.items():
            removed += [send for send, _ in queue if unwanted(send)]
            self._queues[operation] = deque(entry for entry in queue if not unwanted(entry[0]))
        self._count -= len(removed)
        return removed

    def _is_ready(self, queue: deque[tuple[Send, float]], now: float) -> bool:
        return len(queue) >= self._batch_size or queue[0][1] + self._linger <= now

    def _take(self, queue: deque[tuple[Send, float]]) -> tuple[Send, ...]:
        batch: dict[str, Send] = {}
        held_back: list[tuple[Send, float]] = []
        if queue[0][0].work.suspect is not None:
            self._count -= 1
            return (queue.popleft()[0],)
        while queue and len(batch) < self._batch_size:
            send, since = queue.popleft()
            if send.sku in batch or send.work.suspect is not None:
                held_back.append((send, since))
            else:
                batch[send.sku] = send
        queue.extendleft(reversed(held_back))
        self._count -= len(batch)
        return tuple(batch.values())

    def _take_one(self, queue: deque[tuple[Send, float]]) -> tuple[Send, ...]:
        """The first that is no suspect, else the first."""
        place = next((n for n, (send, _) in enumerate(queue) if send.work.suspect is None), 0)
        send, _ = queue[place]
        del queue[place]
        self._count -= 1
        return (send,)
