"""Reads ranges of one database in several threads; what they read is handed over in the order of each range.

What is read ahead is bounded: each thread holds one chunk, and as many wait to be taken. Nothing here is remembered: a
new reading goes on behind what was committed.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from consumer.capture.records import Record
from consumer.mongo.products import Chunk, IdRange

# Seconds before a member that is behind is read again.
_PAUSE = 0.1
_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of one chunk. start: of its range. last: the greatest id in it, empty = the range is at its end.

    products: documents read. problems: those that became dead letters, by reason.
    """

    start: bytes
    last: bytes
    records: Sequence[Record] = ()
    products: int = 0
    problems: Counter[str] = field(default_factory=Counter)


class Reading:
    """The threads and their queue. `start` once, `take` from one thread, `close` at the end.

    read: the next chunk behind a place, read at `since` or later: None where the member asked has not come so far.
    encode: a chunk as records.
    """

    def __init__(
        self,
        ranges: Sequence[IdRange],
        *,
        read: Callable[[IdRange], Chunk | None],
        encode: Callable[[IdRange, Chunk], Piece],
        readers: int,
    ) -> None:
        self._waiting = deque(ranges)
        self._read = read
        self._encode = encode
        readers = min(readers, len(ranges))
        self._taken: queue.Queue[Piece | BaseException] = queue.Queue(max(1, readers))
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"snapshot-reader-{number}", daemon=True)
            for number in range(readers)
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def take(self, timeout: float) -> list[Piece]:
        """What has been read, none when there was nothing for `timeout` seconds. Raises what a thread failed with."""
        found: list[Piece] = []
        try:
            while len(found) < max(1, len(self._threads)):
                piece = self._taken.get(timeout=timeout) if not found else self._taken.get_nowait()
                if isinstance(piece, BaseException):
                    raise piece
                found.append(piece)
        except queue.Empty:
            pass
        return found

    def close(self) -> None:
        """Stop; lasts as long as the server's answers do."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    place = self._waiting.popleft()
                except IndexError:
                    return
                self._read_range(place)
        except BaseException as error:  # whatever it is, the thread that takes has to hear of it
            self._put(error)

    def _read_range(self, place: IdRange) -> None:
        while not self._closing.is_set():
            chunk = self._read(place)
            if chunk is None:
                self._closing.wait(_PAUSE)
                continue
            piece = self._encode(place, chunk)
            self._put(piece)
            if not piece.last:
                return
            place = replace(place, last=piece.last)

    def _put(self, piece: Piece | BaseException) -> None:
        while not self._closing.is_set():
            try:
                self._taken.put(piece, timeout=_STEP)
                return
            except queue.Full:
                continue
