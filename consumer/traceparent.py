"""The trace of a product event: W3C Trace Context, made of the event's own id.

So every process that reads an event finds the same trace without being told, also when a change is read again, and
the same events are followed everywhere where only a share of them is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

HEADER = "traceparent"
"""Name of the Kafka header."""

_FORM = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_DIGITS = 8


def traceparent(identity: bytes) -> bytes:
    """The header's value for the event with this id: version, trace, first span, sampled."""
    ids = blake2b(identity, digest_size=24).hexdigest()
    return f"00-{ids[:32]}-{ids[32:]}-01".encode()


def trace_of(headers: Iterable[tuple[str, bytes]]) -> tuple[str, str] | None:
    """Trace id and id of the trace's first span, hexadecimal; None where the record names none."""
    for name, value in headers:
        if name == HEADER:
            found = _FORM.fullmatch(value)
            return None if found is None else (found[1].decode(), found[2].decode())
    return None


def chosen(trace: str, share: float) -> bool:
    """Whether this trace belongs to the share (0 to 1) that is followed: equal in every process."""
    return bool(int(trace[:_DIGITS], 16) < share * 16**_DIGITS)
