"""Which record of a stretch of topics holds the newest state of each product. Pure.

Of each product only its key and its sequence are kept, about 200 bytes: 1,000,000 products of one partition take
200 MB, and with the 12 partitions there are by default, which are read one after the other, 17 MB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from consumer.events import TYPE_PREFIX, TYPE_VERSION, Operation
from consumer.kafka.records import Record
from consumer.markers import is_marker

_SEQUENCE_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the topics is asked for. tenants, operations: empty = all.

    An operation is that of a product's newest state: a product that was updated after it was created counts as updated,
    because no older state is ever sent again.
    """

    tenants: frozenset[str] = frozenset()
    operations: frozenset[Operation] = frozenset()


class Newest:
    """Look at every record once, then ask in a second pass which ones to send."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._states: dict[bytes, str] = {}
        self.seen = 0
        self.unreadable = 0

    def look(self, record: Record) -> None:
        """First pass."""
        self.seen += 1
        if is_marker(record.headers):
            return
        found = _identify(record)
        if found is None:
            self.unreadable += 1
            return
        key, state = found
        if not self._wish.tenants or _tenant(key) in self._wish.tenants:
            self._states[key] = max(self._states.get(key, ""), state)

    def histogram(self) -> Counter[tuple[str, str]]:
        """(tenant, operation) → products whose newest state will be sent."""
        wanted = (item for item in self._states.items() if self._is_wanted(item[1]))
        return Counter((_tenant(key), state[_SEQUENCE_DIGITS:]) for key, state in wanted)

    def take(self, record: Record) -> bool:
        """Second pass: whether this record is to be sent. A state that stands there twice is sent once."""
        found = _identify(record)
        if found is None or self._states.get(found[0]) != found[1]:
            return False
        del self._states[found[0]]
        return self._is_wanted(found[1])

    def _is_wanted(self, state: str) -> bool:
        operations: Collection[str] = self._wish.operations
        return not operations or state[_SEQUENCE_DIGITS:] in operations


def _identify(record: Record) -> tuple[bytes, str] | None:
    """Key, and the sequence with the operation behind it, as the headers tell; None where they do not."""
    headers = dict(record.headers)
    kind = headers.get("ce_type", b"").decode("utf-8", "replace")
    sequence = headers.get("ce_sequence", b"").decode("utf-8", "replace")
    operation = kind.removeprefix(TYPE_PREFIX).removesuffix(TYPE_VERSION)
    if record.key is None or len(sequence) != _SEQUENCE_DIGITS or kind != f"{TYPE_PREFIX}{operation}{TYPE_VERSION}":
        return None
    return (record.key, sequence + operation) if operation in _OPERATIONS else None


_OPERATIONS = frozenset(Operation)


def _tenant(key: bytes) -> str:
    return key.partition(b"/")[0].decode("utf-8", "replace")
