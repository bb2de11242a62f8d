"""Large files in MongoDB, laid out as GridFS says: any of its tools reads them.

Not by the driver's own bucket, which gathers 32 MB of every file before it writes any of it. Here a file costs the
memory of a few chunks, however large it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

CHUNK = 1024 * 1024
# Chunks that are written with one call.
_AT_ONCE = 4
_Document = dict[str, Any]
# What points at a file is written after it, with majority: then the chunks before it in the log are safe as well.
_BY_PRIMARY = WriteConcern(w=1, j=False)


class FileMissingError(Exception):
    """There is no such file (any more)."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was written. size: bytes."""

    id: ObjectId
    size: int


class Files:
    """The files of one bucket, for threads. Every method raises PyMongoError."""

    def __init__(self, database: Database[_Document], bucket: str) -> None:
        self._files = database[f"{bucket}.files"].with_options(write_concern=_BY_PRIMARY)
        self._chunks = database[f"{bucket}.chunks"].with_options(write_concern=_BY_PRIMARY)

    def ensure_indexes(self) -> None:
        """Make what GridFS wants. Idempotent."""
        self._files.create_index([("filename", ASCENDING), ("uploadDate", ASCENDING)])
        self._chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)

    def create(self, file: ObjectId, name: str, metadata: Mapping[str, Any]) -> FileWriter:
        """Begin a file of this id, which only exists when the writer was closed."""
        return FileWriter(self, file, {"filename": name, "metadata": dict(metadata)})

    def read(self, file: ObjectId) -> Iterator[bytes]:
        """The file, chunk by chunk. Raises FileMissingError, also where it goes away while it is read."""
        stored = self._files.find_one({"_id": file})
        if stored is None:
            raise FileMissingError(str(file))
        left: int = stored["length"]
        for chunk in self._chunks.find({"files_id": file}).sort("n", ASCENDING).batch_size(_AT_ONCE):
            left -= len(chunk["data"])
            yield bytes(chunk["data"])
        if left:
            raise FileMissingError(str(file))

    def delete(self, file: ObjectId) -> None:
        """Remove a file, also one that was never finished. Idempotent."""
        self._files.delete_one({"_id": file})
        self._chunks.delete_many({"files_id": file})

    def write_chunks(self, chunks: list[_Document]) -> None:
        """For the writer."""
        self._chunks.insert_many(chunks, ordered=False)

    def write_file(self, document: _Document) -> None:
        """For the writer: from now on the file exists."""
        self._files.insert_one(document)


class FileWriter:
    """Writes one file. `write` as often as wanted, then `close`; a file that is not closed is nowhere to be seen."""

    def __init__(self, files: Files, file: ObjectId, about: Mapping[str, Any]) -> None:
        self._store = files
        self._id = file
        self._about = about
        self._rest = bytearray()
        self._ready: list[_Document] = []
        self._number = 0
        self._size = 0

    def write(self, data: bytes) -> None:
        """Add these bytes."""
        self._rest += data
        while len(self._rest) >= CHUNK:
            self._cut(CHUNK)
            if len(self._ready) >= _AT_ONCE:
                self._flush()

    def close(self) -> StoredFile:
        """End the file."""
        if self._rest:
            self._cut(len(self._rest))
        self._flush()
        # The chunk size stands in the file for those who want to begin in the middle.
        about = {"_id": self._id, "length": self._size, "chunkSize": CHUNK, "uploadDate": datetime.now(UTC)}
        self._store.write_file({**about, **self._about})
        return StoredFile(self._id, self._size)

    def _cut(self, size: int) -> None:
        data = bytes(self._rest[:size])
        del self._rest[:size]
        self._ready.append({"_id": ObjectId(), "files_id": self._id, "n": self._number, "data": data})
        self._number += 1
        self._size += size

    def _flush(self) -> None:
        if self._ready:
            self._store.write_chunks(self._ready)
            self._ready = []


async def read_file(database: AsyncDatabase[_Document], bucket: str, file: ObjectId) -> AsyncGenerator[bytes, None]:
    """The chunks of a file, for one event loop. Raises FileMissingError where it is gone or goes away, PyMongoError."""
    stored = await database[f"{bucket}.files"].find_one({"_id": file})
    if stored is None:
        raise FileMissingError(str(file))
    left: int = stored["length"]
    chunks = database[f"{bucket}.chunks"].find({"files_id": file}).sort("n", ASCENDING).batch_size(_AT_ONCE)
    async with chunks:
        async for chunk in chunks:
            left -= len(chunk["data"])
            yield bytes(chunk["data"])
    if left:
        raise FileMissingError(str(file))
