"""The partitions of one group member: which are ours, which rest. Every method belongs to the client's own thread.

With the classic protocol partitions come and go all together, with KIP-848 piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import TopicPartition

from consumer.kafka.records import Partition
from consumer.kafka.starting import beginning, starting_offsets


class Assignment:
    """piecemeal: as KIP-848 does it."""

    def __init__(self, *, piecemeal: bool) -> None:
        self._piecemeal = piecemeal
        self._ours: set[Partition] = set()
        self._resting: frozenset[Partition] = frozenset()
        self._starts: dict[Partition, int] = {}

    def take(self, client: Any, found: list[TopicPartition]) -> list[Partition]:
        """These are ours now, read from where they were committed; none of them rests."""
        starts = starting_offsets(client, found)
        for partition in found:
            partition.offset = starts[Partition(partition.topic, partition.partition)]
        places = places_of(found)
        if self._piecemeal:
            client.incremental_assign(found)
            self._ours.update(places)
            self._starts.update(starts)
        else:
            client.assign(found)
            self._ours, self._starts, self._resting = set(places), dict(starts), frozenset()
        return places

    def leave(self, client: Any, gone: list[TopicPartition]) -> list[Partition]:
        """These are ours no more."""
        places = places_of(gone)
        self._ours.difference_update(places)
        self._resting -= frozenset(places)
        if self._piecemeal:
            client.incremental_unassign(gone)
        else:
            client.unassign()
        return places

    def rest(self, client: Any, wanted: frozenset[Partition]) -> None:
        """Exactly these of ours are not read."""
        wanted &= self._ours
        if pause := wanted - self._resting:
            client.pause([TopicPartition(p.topic, p.number) for p in pause])
        if resume := self._resting - wanted:
            client.resume([TopicPartition(p.topic, p.number) for p in resume])
        self._resting = wanted

    def start_over(self, client: Any, partition: Partition) -> None:
        """Read it from its beginning.

        The client has given up on this partition and refuses to seek in it: it is assigned anew, which the classic
        protocol can only do with all of them, each where it is.
        """
        self._starts[partition] = beginning(client, partition)
        resting, self._resting = self._resting, frozenset()
        if self._piecemeal:
            self._resting = resting - {partition}
            client.incremental_unassign([TopicPartition(partition.topic, partition.number)])
            client.incremental_assign([TopicPartition(partition.topic, partition.number, self._starts[partition])])
        else:
            client.assign(self._positions(client, partition))
        self.rest(client, resting)

    def ours(self, offsets: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Those of the offsets whose partitions are ours."""
        return [offset for offset in offsets if Partition(offset.topic, offset.partition) in self._ours]

    def _positions(self, client: Any, begins: Partition) -> list[TopicPartition]:
        """Where each of ours is read next; `begins` and those not read yet at their start."""
        offsets: list[TopicPartition] = client.position([TopicPartition(p.topic, p.number) for p in self._ours])
        for offset in offsets:
            place = Partition(offset.topic, offset.partition)
            if place == begins or offset.offset < 0:
                offset.offset = self._starts[place]
        return offsets


def places_of(partitions: Sequence[TopicPartition]) -> list[Partition]:
    """The client's partitions as ours."""
    return [Partition(partition.topic, partition.partition) for partition in partitions]


def topic_partitions(positions: Mapping[Partition, int]) -> list[TopicPartition]:
    """Offsets as the client wants them."""
    return [TopicPartition(partition.topic, partition.number, offset) for partition, offset in positions.items()]
