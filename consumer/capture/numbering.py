"""Gives each change its sequence: the cluster time and the place among the changes of that time.

Changes of one transaction share a cluster time, so their place is counted. The count survives a restart in the
position. After a fallback from a refused token to its cluster time the changes of that time come once more; they are
counted from the first again, and what had been done is recognised by its sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumer.capture.positions import Position
from consumer.events import Sequence, change_sequence
from consumer.mongo.change_stream import ClusterTime, token_time


class Numbering:
    """Counts one stream's changes, in the order they come."""

    def __init__(self, position: Position) -> None:
        self._time = position.time
        self._index = position.index
        self._replaying = False
        # The last change before a replay began: everything up to it is done.
        self._done = position

    def replay(self) -> None:
        """The stream goes back to the cluster time of its last token or before it."""
        if not self._replaying:
            self._done = Position({}, self._time, self._index)
        self._replaying = True
        self._time, self._index = (0, 0), -1

    def number(self, time: ClusterTime) -> Sequence | None:
        """The sequence of the next change, which happened at `time`; None when it has been done before."""
        if time == self._time:
            self._index += 1
        else:
            self._time, self._index = time, 0
        sequence = change_sequence(*time, self._index)
        if self._replaying:
            if sequence <= self._done.sequence:
                return None
            self._replaying = False
        return sequence

    def position(self, token: Mapping[str, Any]) -> Position | None:
        """The position after the batch that `token` follows.

        None while a replay has not yet passed what was done: a position there would let a restart repeat it.
        """
        if self._replaying:
            reached = token_time(token)
            if reached is None or reached <= self._done.time:
                return None
            self._replaying = False
            self._time, self._index = self._done.time, self._done.index
        return Position(token, self._time, self._index)
