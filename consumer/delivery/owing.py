"""States that end as a mark in the store: the listing is owed, and their records are finished.

Like letters to Kafka, they stay in flight until the mark is stored, and go out in bulk, one step at a time. The offset
is finished only after that (promise 1), so memory and lag stay flat however long an account stands still. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from adapters.values import value_object
from consumer.delivery.work import Work
from consumer.listings.owed import Cause

_MOST = 500


@value_object
class Owing:
    """A state to be marked. due: when it is looked at again, on the core's clock. words: for people."""

    work: Work
    cause: Cause
    due: float
    words: str = ""


@value_object
class Owe:
    """Mark these listings as owed. Answer: `owed` or `not_owed`."""

    owings: tuple[Owing, ...]


class Owings:
    """What is to be marked, and what is being marked."""

    def __init__(self) -> None:
        self._waiting: deque[Owing] = deque()
        self._marking: tuple[Owing, ...] = ()

    @property
    def room(self) -> int:
        """How many more may wait; a long queue would only hold up what becomes ready meanwhile."""
        return max(0, _MOST - len(self._waiting))

    def add(self, owing: Owing) -> None:
        """It is marked with the next step."""
        self._waiting.append(owing)

    def next(self) -> Owe | None:
        """The next step, if none is under way."""
        if self._marking or not self._waiting:
            return None
        self._marking = tuple(self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting))))
        return Owe(self._marking)

    def ended(self) -> None:
        """The step is over."""
        self._marking = ()

    def again(self, owe: Owe) -> None:
        """Nothing is known to be stored: all of it goes out once more. A mark made twice is one mark."""
        self._marking = ()
        self._waiting.extendleft(reversed(owe.owings))

    def drop(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        """Take out what waits and need not be marked any more."""
        dropped = [owing.work for owing in self._waiting if unwanted(owing.work)]
        self._waiting = deque(owing for owing in self._waiting if not unwanted(owing.work))
        return dropped
