"""What one thread has read ahead of another: bounded by bytes, so that it is many small batches or one large one."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")

# Bytes that an item costs besides its own.
_OVERHEAD = 1024


class Prefetch(Generic[T]):
    """Items in order. One thread puts, another takes. most: bytes from which on there is no room for more.

    Whoever puts asks for room first and makes the item then: what waits here is less than `most` and one item.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._items)

    def has_room(self, timeout: float) -> bool:
        """Whether there is room for an item, or will be within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._bytes < self._most, timeout)

    def put(self, item: T, size: int) -> None:
        """Add an item of so many bytes. Never waits."""
        with self._changed:
            self._items.append((item, size + _OVERHEAD))
            self._bytes += size + _OVERHEAD
            self._changed.notify_all()

    def take(self, timeout: float) -> T | None:
        """The oldest item, None when there was none for `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items, timeout):
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            self._changed.notify_all()
            return item
