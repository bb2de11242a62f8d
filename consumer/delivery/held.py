"""Records of retry topics that came before they were due. Their partition rests meanwhile; all others go on.

A partition's records are handed out in order: those behind a held one wait with it, but never longer than their topic's
delay, for none of those before them is held longer than that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from consumer.kafka.records import Partition, Record


class Held:
    """What is held, by partition. At most what one poll brought: a partition with held records rests."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, deque[tuple[Record, float]]] = {}
        self.size = 0

    @property
    def partitions(self) -> frozenset[Partition]:
        """Those with held records: they must rest."""
        return frozenset(self._partitions)

    def hold(self, record: Record, until: float, now: float) -> bool:
        """Keep the record if it is not due or stands behind one that is not. Returns whether it was kept."""
        queue = self._partitions.get(record.place)
        if queue is None:
            if until <= now:
                return False
            queue = self._partitions[record.place] = deque()
        queue.append((record, until))
        self.size += record.size
        return True

    def release(self, now: float) -> tuple[Record, ...]:
        """What is due, in order."""
        due: list[Record] = []
        for partition, queue in list(self._partitions.items()):
            while queue and queue[0][1] <= now:
                due.append(queue.popleft()[0])
            if not queue:
                del self._partitions[partition]
        self.size -= sum(record.size for record in due)
        return tuple(due)

    def next_due(self) -> float | None:
        """When the next record is due."""
        return min((queue[0][1] for queue in self._partitions.values()), default=None)

    def times(self) -> Iterator[tuple[Partition, list[float]]]:
        """By partition, when each of its records is due."""
        return ((partition, [until for _, until in queue]) for partition, queue in self._partitions.items())

    def drop(self, partition: Partition) -> None:
        """The partition is not ours any more: its records will be read by its new owner."""
        self.size -= sum(record.size for record, _ in self._partitions.pop(partition, ()))
