"""A gap: a time in which changes of the PIM were missed. It is told in a record, and everything touched is read again.

Pure: what the record says, and how long to wait when gap follows gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import orjson

from consumer.errors import MarketsyncError
from consumer.events import Headers, read_sequence
from consumer.mongo.change_stream import ClusterTime

CE_TYPE = "marketsync.capture.gap.v1"

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0
# Seconds after which another gap is a new story.
_SETTLED = 600.0


class GapReason(StrEnum):
    """Why the stream could not go on where it was."""

    HISTORY_LOST = "history_lost"
    """The oplog no longer reaches back that far."""

    POSITION_REFUSED = "position_refused"
    """The server knows neither the resume token nor the time in it."""


class HistoryLostError(MarketsyncError):
    """What happened after the last position cannot be read any more: changes were missed."""

    def __init__(self, message: str, reason: GapReason) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Gap:
    """What was missed: everything these tenants' products went through between two cluster times.

    began: of the last position, None where its token does not tell. ended: where the stream goes on. detail: what the
    server said.
    """

    stream: str
    tenants: tuple[str, ...]
    began: ClusterTime | None
    ended: ClusterTime
    reason: GapReason
    detail: str

    @property
    def since(self) -> str | None:
        """When it began, as text."""
        return None if self.began is None else _iso(self.began)


def encode_gap(gap: Gap) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the record: a CloudEvent."""
    sequence = read_sequence(*gap.ended)
    until = _iso(gap.ended)
    value = {
        "stream": gap.stream,
        "tenants": gap.tenants,
        "from": gap.since,
        "to": until,
        "sequence": sequence,
        "reason": gap.reason,
        "detail": gap.detail,
    }
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_type", CE_TYPE.encode()),
        ("ce_source", f"/marketsync/capture/{gap.stream}".encode()),
        ("ce_id", f"gap/{sequence}".encode()),
        ("ce_subject", gap.stream.encode()),
        ("ce_time", until.encode()),
        ("content-type", b"application/json"),
    ]
    return gap.stream.encode(), orjson.dumps(value), headers


class GapPauses:
    """How long to rest before each new beginning: not at all after a first gap, longer when gap follows gap."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._last = float("-inf")

    def next(self, now: float) -> float:
        """There is another gap at `now`, in seconds of a steady clock. Returns seconds to rest."""
        if now - self._last > _SETTLED:
            self._in_a_row = 0
        self._last = now
        self._in_a_row += 1
        return 0.0 if self._in_a_row == 1 else min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(self._in_a_row - 2, 10))


def _iso(time: ClusterTime) -> str:
    return datetime.fromtimestamp(time[0], UTC).isoformat(timespec="milliseconds")
