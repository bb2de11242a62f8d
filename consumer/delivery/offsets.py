"""Which offsets may be committed. A committed offset is the next one to read.

Per partition only the contiguous prefix of finished records counts: a commit never passes a record that is
not finished, in whatever order records finish. Taking a partition away forgets everything about it; what finishes
afterwards carries an old epoch and changes nothing, even when the same partition has come back meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.values import value_object
from consumer.kafka.records import Partition

# Of a state that came by no record: nothing is to be committed for it.
NO_OFFSET = -1


@value_object
class Ticket:
    """One record taken in during one ownership (epoch) of its partition.

    offset: NO_OFFSET for a state that was read because its listing is owed; the partition says who may work on it.
    """

    partition: Partition
    offset: int
    epoch: int


@dataclass(slots=True)
class _Progress:
    epoch: int
    order: deque[int] = field(default_factory=deque)
    open_parts: dict[int, int] = field(default_factory=dict)
    last_seen: int = -1
    position: int | None = None
    committed: int | None = None


class Offsets:
    """The progress of all assigned partitions."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, _Progress] = {}
        self._epoch = 0
        self._unfinished = 0
        self._tracked = 0

    @property
    def unfinished(self) -> int:
        """Records taken in and not finished."""
        return self._unfinished

    @property
    def tracked(self) -> int:
        """Records remembered because one before them is not finished, and those not finished."""
        return self._tracked

    @property
    def partitions(self) -> frozenset[Partition]:
        """The assigned ones."""
        return frozenset(self._partitions)

    def numbers(self) -> tuple[int, ...]:
        """The numbers of the assigned ones, in order."""
        return tuple(sorted({partition.number for partition in self._partitions}))

    def assign(self, partition: Partition) -> None:
        """The partition is ours from now on. One that was ours already starts over."""
        self.revoke(partition)
        self._epoch += 1
        self._partitions[partition] = _Progress(self._epoch)

    def revoke(self, partition: Partition) -> None:
        """The partition is not ours any more: forget it."""
        progress = self._partitions.pop(partition, None)
        if progress is not None:
            self._unfinished -= len(progress.open_parts)
            self._tracked -= len(progress.order)

    def ticket(self, partition: Partition, offset: int) -> Ticket | None:
        """The ticket for a record; None where the partition is not ours (any more)."""
        progress = self._partitions.get(partition)
        return Ticket(partition, offset, progress.epoch) if progress else None

    def is_current(self, ticket: Ticket) -> bool:
        """Whether the partition is still ours since the record was taken in."""
        progress = self._partitions.get(ticket.partition)
        return progress is not None and progress.epoch == ticket.epoch

    def start(self, ticket: Ticket, parts: int) -> None:
        """A record is taken in; it is finished after `parts` calls of `finish` (0 = at once).

        Raises ValueError when records of a partition come out of order: commits would be wrong from then on.
        """
        if not self.is_current(ticket):
            return
        progress = self._partitions[ticket.partition]
        if ticket.offset <= progress.last_seen:
            raise ValueError(f"{ticket.partition}: offset {ticket.offset} came after {progress.last_seen}")
        progress.last_seen = ticket.offset
        progress.order.append(ticket.offset)
        self._tracked += 1
        if parts > 0:
            progress.open_parts[ticket.offset] = parts
            self._unfinished += 1
        else:
            self._advance(progress)

    def finish(self, ticket: Ticket) -> None:
        """One part of a record is done. A ticket of an earlier ownership, or of no record, is ignored."""
        if ticket.offset == NO_OFFSET or not self.is_current(ticket):
            return
        progress = self._partitions[ticket.partition]
        progress.open_parts[ticket.offset] -= 1
        if progress.open_parts[ticket.offset] == 0:
            del progress.open_parts[ticket.offset]
            self._unfinished -= 1
            self._advance(progress)

    def is_first_open(self, ticket: Ticket) -> bool:
        """Whether every record before this one is finished, and this one is not."""
        progress = self._partitions.get(ticket.partition)
        return progress is not None and bool(progress.order) and progress.order[0] == ticket.offset

    def committable(self) -> dict[Partition, int]:
        """What may be committed now and is not known to be."""
        return {
            partition: progress.position
            for partition, progress in self._partitions.items()
            if progress.position is not None and progress.position != progress.committed
        }

    def confirm(self, positions: Mapping[Partition, int]) -> None:
        """Kafka stored these positions."""
        for partition, position in positions.items():
            progress = self._partitions.get(partition)
            if progress is not None:
                progress.committed = position

    def _advance(self, progress: _Progress) -> None:
        while progress.order and progress.order[0] not in progress.open_parts:
            progress.position = progress.order.popleft() + 1
            self._tracked -= 1
