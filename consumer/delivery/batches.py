"""Commands of one account gathered into calls: one operation each, as many as fit, after a short linger."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from adapters.values import value_object
from consumer.delivery.work import Work


@value_object
class Send:
    """A planned command whose intent is stored. plan: what the shell needs to perform it, opaque to the core.

    sku: the name on the channel; a call never carries the same one twice. weight: as how many listings limits count it.
    """

    work: Work
    operation: str
    sku: str
    plan: Any
    weight: int = 1


# Commands, each with the time it came.
Queue = deque[tuple[Send, float]]


# A more urgent lane counts as much as having waited so many seconds longer, so that no operation starves.
_LANE_SECONDS = 5.0


class Room(Protocol):
    """How much of an operation, up to the weight `most`, the quotas allow in one call now: `least` or more, or 0."""

    def __call__(self, operation: str, most: int, /, *, urgent: bool, least: int = 1) -> int: ...


def unlimited(_operation: str, most: int, *, urgent: bool, least: int = 1) -> int:
    """An account without quotas."""
    return most


class Batches:
    """What waits for a call, by operation, the most urgent first, then in the order it was prepared.

    batch_size: most commands of one call.
    """

    def __init__(self, batch_size: int, linger: float) -> None:
        self.batch_size = batch_size
        self._linger = linger
        self._queues: dict[str, Queue] = {}
        self._count = 0
        self._oldest = math.inf  # nothing is older

    def __len__(self) -> int:
        return self._count

    def add(self, send: Send, now: float) -> None:
        """Put a command behind all of its operation that are as urgent. now: since when it has been under way."""
        queue = self._queues.setdefault(send.operation, deque())
        place = len(queue)
        while place and _urgency(queue[place - 1]) > _urgency((send, now)):
            place -= 1
        queue.insert(place, (send, now))
        self._oldest = min(self._oldest, now)
        self._count += 1

    def next(self, now: float, *, probe: bool = False, room: Room = unlimited) -> tuple[Send, ...]:
        """The next call: full, or its oldest command has lingered. Empty when there is none yet, or no room for it.

        Of several the one with the most urgent command at its head goes first, unless another waits far longer. A
        suspect goes alone. probe: take one command only, of those that are no suspects if there is one. Where there is
        room for urgent commands only, the others wait.
        """
        ready = [entry for entry in self._queues.items() if entry[1] and self._is_ready(entry[1], now)]
        ready.sort(key=lambda entry: (probe and _is_suspicious(entry[1]), _urgency(entry[1][0])))
        for operation, queue in ready:
            for urgent, wanted in ((False, _any), (True, _is_urgent)):
                weights = [send.weight for send, _ in queue if wanted(send)][: 1 if probe else self.batch_size]
                if weights and (fits := room(operation, sum(weights), urgent=urgent, least=weights[0])):
                    return self._take_one(queue) if probe and not urgent else self._take(queue, fits, wanted)
        return ()

    def due(self) -> float | None:
        """When the next call is ready at the latest."""
        return min((queue[0][1] + self._linger for queue in self._queues.values() if queue), default=None)

    def older(self, than: float) -> list[Send]:
        """Take out what has been under way since before this time; it is not called."""
        if self._oldest >= than:
            return []
        removed: list[Send] = []
        for operation, queue in self._queues.items():
            removed += [send for send, since in queue if since < than]
            self._queues[operation] = deque(entry for entry in queue if entry[1] >= than)
        self._count -= len(removed)
        self._oldest = min((since for queue in self._queues.values() for _, since in queue), default=math.inf)
        return removed

    def remove(self, unwanted: Callable[[Send], bool]) -> list[Send]:
        """Take these commands out; they are not called."""
        removed: list[Send] = []
        for operation, queue in self._queues.items():
            removed += [send for send, _ in queue if unwanted(send)]
            self._queues[operation] = deque(entry for entry in queue if not unwanted(entry[0]))
        self._count -= len(removed)
        return removed

    def _is_ready(self, queue: Queue, now: float) -> bool:
        return len(queue) >= self.batch_size or queue[0][1] + self._linger <= now

    def _take(self, queue: Queue, most: int, wanted: Callable[[Send], bool]) -> tuple[Send, ...]:
        first = next(place for place, (send, _) in enumerate(queue) if wanted(send))
        if queue[first][0].work.suspect is not None:
            return self._take_at(queue, first)
        batch: dict[str, Send] = {}
        held_back: list[tuple[Send, float]] = []
        while queue and most > 0 and len(batch) < self.batch_size:
            send, since = queue.popleft()
            if send.sku in batch or send.work.suspect is not None or not wanted(send):
                held_back.append((send, since))
            elif batch and send.weight > most:
                queue.appendleft((send, since))
                break
            else:
                batch[send.sku] = send
                most -= send.weight
        queue.extendleft(reversed(held_back))
        self._count -= len(batch)
        return tuple(batch.values())

    def _take_one(self, queue: Queue) -> tuple[Send, ...]:
        """The first that is no suspect, else the first."""
        return self._take_at(queue, next((n for n, (send, _) in enumerate(queue) if send.work.suspect is None), 0))

    def _take_at(self, queue: Queue, place: int) -> tuple[Send, ...]:
        send, _ = queue[place]
        del queue[place]
        self._count -= 1
        return (send,)


def _urgency(entry: tuple[Send, float]) -> float:
    send, since = entry
    return since + _LANE_SECONDS * send.work.lane


def _is_suspicious(queue: Queue) -> bool:
    return all(send.work.suspect is not None for send, _ in queue)


def _is_urgent(send: Send) -> bool:
    return send.work.lane.urgent


def _any(_send: Send) -> bool:
    return True
