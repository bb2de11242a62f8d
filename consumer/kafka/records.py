"""What the consumer hands on: plain values, free of Kafka's client, so that the delivery core can be tested alone."""

from __future__ import annotations

from typing import NamedTuple

from adapters.values import value_object


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


@value_object
class Record:
    """One Kafka record as it was read. timestamp: seconds since 1970 as its producer set it, 0 if unknown."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: float

    @property
    def place(self) -> Partition:
        """The partition it was read from."""
        return Partition(self.topic, self.partition)

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")
