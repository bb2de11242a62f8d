"""When partitions rest because enough waits in memory.

Background work (snapshots, resync) fills at most half of the room, then only its partitions rest: a first snapshot of
a million products must not hold up a price change. Between resting and going on lies a gap, because every pause throws
away what the client has fetched ahead.
"""

from __future__ import annotations

from collections.abc import Iterable

from consumer.delivery.held import Held
from consumer.delivery.offsets import Offsets
from consumer.delivery.slots import Slots
from consumer.kafka.records import Partition

_GO_ON_BELOW = 0.7
# What waits keeps its record's bytes; a few listings with huge descriptions count as much as many small ones.
_MAX_BYTES = 128 * 1024 * 1024
# Records finished behind one that is not are remembered until it is: so many per listing that may wait.
_TRACKED_PER_WAITING = 20


class Backpressure:
    """Decides which partitions rest."""

    def __init__(self, max_waiting: int, background_topics: frozenset[str], max_bytes: int = _MAX_BYTES) -> None:
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._background_topics = background_topics
        self._all_rest = False
        self._background_rests = False

    def look(self, slots: Slots, offsets: Offsets, held: Held) -> None:
        """How much there is now."""
        self.update(
            waiting=slots.waiting,
            background=slots.waiting_background,
            size=slots.waiting_bytes + held.size,
            tracked=offsets.tracked,
        )

    def update(self, *, waiting: int, background: int, size: int, tracked: int) -> None:
        """How much there is now: waiting listings, those in the background lane, bytes, records not committable."""
        common = max(size / self._max_bytes, tracked / (_TRACKED_PER_WAITING * self._max_waiting))
        # Background work counts for its half at most: what of it was already under way must not stop the rest.
        counted = waiting - max(0, background - self._max_waiting // 2)
        fullness = max(counted / self._max_waiting, common)
        self._all_rest = fullness >= (_GO_ON_BELOW if self._all_rest else 1.0)
        of_background = max(2 * background / self._max_waiting, common)
        self._background_rests = of_background >= (_GO_ON_BELOW if self._background_rests else 1.0)

    def resting(self, partitions: Iterable[Partition]) -> frozenset[Partition]:
        """Those of the partitions that should not be read now."""
        if self._all_rest:
            return frozenset(partitions)
        if self._background_rests:
            return frozenset(p for p in partitions if p.topic in self._background_topics)
        return frozenset()
