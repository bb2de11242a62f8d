"""Products whose current version is gone, until it is known whether another one takes its place.

The PIM replaces a version in two writes, and may delete and write anew: between the two a product has no current
version and yet is not deleted. So it waits here for some seconds, and then the PIM is asked. Pure: time is an argument.

What waits is written to the positions topic in the transaction of the change that made it wait, and deleted there in
the transaction of the answer; `commit` and `rollback` keep this memory equal to what is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from consumer.events import Sequence

Key = tuple[str, str]
"""Database and entity_code."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A product that may be gone. sequence, identity, time: of the change after which no current version was left.

    The deleted event carries them, however late it is: what a successor writes is newer and wins. before: the state
    before, where an image exists; only in memory.
    """

    database: str
    entity_code: str
    sequence: Sequence
    identity: str
    time: str
    before: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def key(self) -> Key:
        """Which product it is."""
        return self.database, self.entity_code


@dataclass(frozen=True, slots=True)
class _Held:
    waiting: Waiting
    due: float


class Pending:
    """Bounded: with more than `most` waiting, the oldest are due at once. grace: seconds each one waits."""

    def __init__(self, *, grace: float, most: int) -> None:
        self._grace = grace
        self._most = most
        # The earliest due first.
        self._held: dict[Key, _Held] = {}
        self._undo: list[tuple[Key, _Held | None]] = []

    def __len__(self) -> int:
        return len(self._held)

    def restore(self, waiting: Iterable[Waiting], now: float) -> None:
        """What a predecessor left. It waits its whole time again: nobody knows how long it has waited."""
        self._held = {one.key: _Held(one, now + self._grace) for one in waiting}
        self._undo.clear()

    def wait(self, waiting: Waiting, now: float) -> None:
        """The product's last current version is gone. One that waits already keeps its time to be asked."""
        known = self._held.get(waiting.key)
        if known is None:
            self._set(waiting.key, _Held(waiting, now + self._grace))
        elif known.waiting.sequence < waiting.sequence:
            self._set(waiting.key, _Held(waiting, known.due))

    def returned(self, key: Key, sequence: Sequence) -> bool:
        """The product was written with a current version at `sequence`. Whether it waits no longer because of it."""
        known = self._held.get(key)
        if known is None or known.waiting.sequence > sequence:
            return False
        self._set(key, None)
        return True

    def due(self, now: float, *, most: int) -> list[Waiting]:
        """Those to ask about now, at most `most`. They stay until they are answered."""
        excess = len(self._held) - self._most
        found = []
        for place, held in enumerate(islice(self._held.values(), most)):
            if held.due > now and place >= excess:
                break
            found.append(held.waiting)
        return found

    def answered(self, waiting: Waiting) -> None:
        """The PIM has said what became of it."""
        self._set(waiting.key, None)

    def commit(self) -> None:
        """Everything up to now is in Kafka."""
        self._undo.clear()

    def rollback(self) -> None:
        """Nothing since the last commit is in Kafka: the changes come again."""
        while self._undo:
            key, held = self._undo.pop()
            self._put(key, held)
        self._held = dict(sorted(self._held.items(), key=lambda item: item[1].due))

    def _set(self, key: Key, held: _Held | None) -> None:
        self._undo.append((key, self._held.get(key)))
        self._put(key, held)

    def _put(self, key: Key, held: _Held | None) -> None:
        if held is None:
            self._held.pop(key, None)
        else:
            self._held[key] = held
