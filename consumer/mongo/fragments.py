"""Events that the server has split because they are larger than a document may be, made whole again.

A server that knows `$changeStreamSplitLargeEvent` sends such an event as several, one behind the other: each has some
of its fields, a resume token of its own, and the mark `splitEvent`. The token of one that is not the last lies in the
middle of an event: nobody may go on from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from consumer.mongo.documents import Document, decode
from consumer.mongo.raw import document_of, fields, places

_MARK = b"splitEvent"
# The mark as a field that holds a document; anything else of this name is inside one.
_SIGN = b"\x03" + _MARK + b"\0"


class Fragments:
    """Joins the events of one cursor. An event may be split over several batches, each of them as large as can be."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    @property
    def incomplete(self) -> bool:
        """Whether an event has begun and not ended: resuming after the batch at hand would lose its beginning."""
        return bool(self._begun)

    def join(self, events: list[bytes]) -> list[bytes]:
        """The events of a batch, those that were split in one piece, without those that go on in the next batch."""
        if not any(_SIGN in event for event in events):
            return events
        whole = []
        for event in events:
            mark = places(event, 0).get(_MARK) if _SIGN in event else None
            if mark is None:
                whole.append(event)
                continue
            at, size = mark
            part = decode(event[at : at + size])
            self._begun.append(event)
            if part["fragment"] == part["of"]:
                whole.append(_whole(self._begun))
                self._begun = []
        return whole


def token_of(event: bytes) -> Document:
    """The resume token of an event."""
    at, size = places(event, 0)[b"_id"]
    return decode(event[at : at + size])


def _whole(fragments: Sequence[bytes]) -> bytes:
    """One event with the fields of all; its token is the last one's, behind which one may go on."""
    last = fields(fragments[-1], lambda name: name == b"_id")
    return document_of([*last, *(field for one in fragments for field in fields(one, _is_content))])


def _is_content(name: bytes) -> bool:
    return name not in (b"_id", _MARK)
