"""How far the reading of a database's products came, as the record that travels with what was read. Pure.

The ids are cut into ranges, each read on its own; what is left of them is the progress. A range that is read to its end
leaves the record, so that it shrinks as the work does.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence as Several
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson

from consumer.errors import MarketsyncError
from consumer.events import Sequence
from consumer.markers import SnapshotCause
from consumer.mongo.products import IdRange

_LAYOUT = 2
# What a version before ranges wrote: one range over all ids.
_WITHOUT_RANGES = 1
_NEVER = Sequence("")


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """How far one snapshot of one database came.

    request: id of the request it answers, empty where it is the database's own (first start, gap). started: sequence of
    a read made before the first product was read, empty = not begun. collection: the id of the collection it reads,
    empty = there was none. ranges: what is left to read. parts: how many ranges there were. estimate: about how many
    products there are to read. products: how many were read. seconds: time worked on it so far. note: why a whole
    snapshot takes nothing back, or why MongoDB refuses to read on; empty = all is well.
    """

    database: str
    cause: SnapshotCause
    request: str = ""
    started: Sequence = _NEVER
    collection: str = ""
    ranges: tuple[IdRange, ...] = ()
    parts: int = 0
    estimate: int = 0
    products: int = 0
    seconds: float = 0.0
    done: bool = False
    note: str = ""

    @property
    def begun(self) -> bool:
        """Whether it is known what there is to read."""
        return bool(self.started)

    def advanced(self, start: bytes, last: bytes, products: int) -> SnapshotProgress:
        """With more products read from the range that begins at `start`. last: the greatest id; empty = it is read."""
        kept = [place if place.start != start else replace(place, last=last) for place in self.ranges]
        ranges = tuple(place for place in kept if last or place.start != start)
        return replace(self, ranges=ranges, products=self.products + products)


def not_read(database: str, cause: SnapshotCause = SnapshotCause.FIRST, request: str = "") -> SnapshotProgress:
    """The progress before the first chunk."""
    return SnapshotProgress(database, cause, request)


def cut(ids: Several[bytes], parts: int) -> tuple[IdRange, ...]:
    """All ids there can be, in at most `parts` ranges of about equal size. ids: a sample, ascending."""
    distinct = list(dict.fromkeys(ids))
    parts = max(1, min(parts, len(distinct)))
    bounds = [b"", *(distinct[len(distinct) * part // parts] for part in range(1, parts)), b""]
    return tuple(IdRange(start, end) for start, end in pairwise(bounds))


def snapshot_key(stream: str, database: str, request: str = "") -> bytes:
    """Key of the record of how far a snapshot of this database came."""
    return f"snapshot/{stream}/{database}{'/' if request else ''}{request}".encode()


def encode_progress(progress: SnapshotProgress) -> bytes:
    """The record's value."""
    return orjson.dumps(
        {
            "layout": _LAYOUT,
            "database": progress.database,
            "cause": progress.cause,
            "request": progress.request,
            "started": progress.started,
            "collection": progress.collection,
            "ranges": [{name: _text(getattr(place, name)) for name in _BOUNDS} for place in progress.ranges],
            "parts": progress.parts,
            "estimate": progress.estimate,
            "products": progress.products,
            "seconds": round(progress.seconds, 3),
            "done": progress.done,
            "note": progress.note,
        }
    )


def decode_progress(value: bytes) -> SnapshotProgress:
    """Raises MarketsyncError for a record of another layout."""
    try:
        record: dict[str, Any] = orjson.loads(value)
        if record["layout"] == _WITHOUT_RANGES:
            return _from_one_range(record)
        if record["layout"] != _LAYOUT:
            raise ValueError(record["layout"])
        return SnapshotProgress(
            database=record["database"],
            cause=SnapshotCause(record["cause"]),
            request=record["request"],
            started=Sequence(record["started"]),
            collection=record["collection"],
            ranges=tuple(IdRange(**{name: _bytes(place[name]) for name in _BOUNDS}) for place in record["ranges"]),
            parts=int(record["parts"]),
            estimate=int(record["estimate"]),
            products=int(record["products"]),
            seconds=float(record["seconds"]),
            done=bool(record["done"]),
            note=record["note"],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(value) from error


def unreadable(value: bytes) -> MarketsyncError:
    """A record of capture's positions that another version wrote."""
    return MarketsyncError(
        f"A record of capture's positions cannot be read: {value[:200]!r}. It was written by another version of"
        " marketsync: use that one."
    )


_BOUNDS = ("start", "end", "last")


def _from_one_range(record: dict[str, Any]) -> SnapshotProgress:
    """One that is not done begins anew: it does not say when it began, so nothing could be taken back after it."""
    progress = not_read(record["database"])
    if not isinstance(record["done"], bool):
        raise TypeError(record["done"])
    return replace(progress, done=True, products=int(record["products"])) if record["done"] else progress


def _text(bound: bytes) -> str:
    return base64.b64encode(bound).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
