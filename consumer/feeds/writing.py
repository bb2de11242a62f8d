"""Writes one file as it is to be published: the plain one and its gzip at once, in the memory of a few buffers."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from consumer.mongo import ObjectId
from consumer.mongo.files import Files, StoredFile

# Gzip's own container; without name and time, so that equal files stay equal.
_GZIP = 31
# Six is the usual one: a sixth smaller, in more than twice the time.
_LEVEL = 3
_BUFFER = 512 * 1024


class FeedFileWriter:
    """`write` as often as wanted, then `close`, or `discard`."""

    def __init__(self, files: Files, ids: tuple[ObjectId, ObjectId], name: str, about: Mapping[str, Any]) -> None:
        self._files = files
        self._ids = ids
        self._plain = files.create(ids[0], name, about)
        self._zipped = files.create(ids[1], f"{name}.gz", about)
        self._digest = hashlib.sha256()
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._buffer = bytearray()

    def write(self, data: bytes) -> None:
        """Add these bytes."""
        self._buffer += data
        if len(self._buffer) >= _BUFFER:
            self._flush()

    def close(self) -> tuple[str, StoredFile, StoredFile]:
        """End both. Returns the SHA-256 of the plain one, it, and its gzip."""
        self._flush()
        self._zipped.write(self._gzip.flush())
        return self._digest.hexdigest(), self._plain.close(), self._zipped.close()

    def discard(self) -> None:
        """Remove both, closed or not."""
        for file in self._ids:
            self._files.delete(file)

    def _flush(self) -> None:
        data = bytes(self._buffer)
        self._buffer.clear()
        self._digest.update(data)
        self._plain.write(data)
        self._zipped.write(self._gzip.compress(data))
