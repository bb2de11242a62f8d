"""Walking over BSON bytes without decoding them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from struct import Struct

_size_at = Struct("<i").unpack_from

# BSON type → bytes of its value, for the types of fixed size in replies to cursor commands.
_FIXED_SIZES: Mapping[int, int] = {0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8}
# BSON type → bytes that the length in front of the value does not count.
_UNCOUNTED: Mapping[int, int] = {0x02: 4, 0x03: 0, 0x04: 0, 0x05: 5}


def places(raw: bytes, at: int) -> dict[bytes, tuple[int, int]]:
    """Field name → where its value begins and its size, of the document at this place. Copies nothing."""
    found = {}
    at += 4
    while (kind := raw[at]) != 0:
        end = raw.index(0, at + 1)
        name = raw[at + 1 : end]
        at = end + 1
        size = _FIXED_SIZES[kind] if kind in _FIXED_SIZES else _size_at(raw, at)[0] + _UNCOUNTED[kind]
        found[name] = (at, size)
        at += size
    return found


def documents(raw: bytes, at: int, size: int) -> list[bytes]:
    """The documents of the array of documents at this place."""
    found = []
    end = at + size - 1
    at += 4
    while at < end:
        at = raw.index(0, at + 1) + 1
        size = _size_at(raw, at)[0]
        found.append(raw[at : at + size])
        at += size
    return found


def fields(raw: bytes, wanted: Callable[[bytes], bool]) -> list[bytes]:
    """The fields of the document in these bytes whose names are wanted, each with its type and name."""
    found = []
    start = 4
    for name, (at, size) in places(raw, 0).items():
        if wanted(name):
            found.append(raw[start : at + size])
        start = at + size
    return found


def document_of(parts: Iterable[bytes]) -> bytes:
    """The document that has these fields."""
    body = b"".join(parts)
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"
