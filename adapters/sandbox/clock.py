"""The time of a stand-in, which a test or a demo can move."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """A clock that a test can move. source: seconds since the epoch."""

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self.offset = 0.0

    def __call__(self) -> float:
        """Seconds since the epoch, moved by `offset`."""
        return self._source() + self.offset
