"""One change stream as raw batches: the server's replies are cut into events, not decoded.

The driver's own change stream decodes and hands out event by event, which is its cost; here a batch is one command and
one walk over its bytes. Going on after a failure is the caller's: errors come out with what is needed to decide.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pymongo
from bson import Int64, Timestamp
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, PyMongoError

from consumer.errors import MarketsyncError
from consumer.mongo.documents import Document, decode, decode_leniently
from consumer.mongo.fragments import Fragments, token_of
from consumer.mongo.raw import document_of, documents, fields, places
from consumer.mongo.words import in_words

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_LABELS = ("ResumableChangeStreamError", "NonResumableChangeStreamError")
# The first byte of a resume token says that a timestamp follows.
_TOKEN_DATA = re.compile(r"82([0-9A-F]{8})([0-9A-F]{8})", re.IGNORECASE)
# What people's data is in: the rest of an event is the server's own, and small.
_DOCUMENT_FIELDS = ["fullDocument", "fullDocumentBeforeChange", "updateDescription"]

# 6.0 from 6.0.9 on, and everything from 7.0 on.
_SPLITS = ((6, 0, 9), (6, 1, 0), (7, 0, 0))
# Seconds to ask what a request does.
_LOOK = 1.0

ClusterTime = tuple[int, int]
"""Seconds since 1970 and the count inside the second; orders everything a replica set writes."""


class ChangeStreamError(MarketsyncError):
    """The server or the connection failed. code: MongoDB's error code, if the server answered."""

    def __init__(self, message: str, *, code: int | None, labels: frozenset[str], network: bool) -> None:
        super().__init__(message)
        self.code = code
        self.labels = labels
        self.network = network


@dataclass(frozen=True, slots=True)
class Watched:
    """What a stream shows. images: every collection keeps pre- and post-images, use them.

    bare: leave out all documents, so that an event too large for the server passes. batch_size: events at most per
    reply (a reply has 16 MB at most in any case). max_await: seconds a reply without events may take. split: have the
    server send an event that is too large in parts; they come out as one.
    """

    databases: tuple[str, ...]
    collection: str
    images: bool
    batch_size: int
    max_await: float
    bare: bool = False
    split: bool = False


@dataclass(frozen=True, slots=True)
class StartPoint:
    """Where a stream begins: after a token, at a cluster time (its events included), or now when both are None."""

    token: Mapping[str, Any] | None = None
    time: ClusterTime | None = None


@dataclass(frozen=True, slots=True)
class RawBatch:
    """One reply. events: BSON, oldest first. token: resuming with it goes on after this batch. size: bytes."""

    events: list[bytes]
    token: Document
    size: int


def committed_time(client: MongoClient[Document]) -> ClusterTime | None:
    """Cluster time of the last write that a majority of the replica set has; None behind a mongos, which has none.

    A read with read concern snapshot shows at least all that was written up to it. What the server calls "now" may be
    later than that. Raises PyMongoError.
    """
    last: Document = client.admin.command("hello").get("lastWrite", {})
    if "majorityOpTime" not in last:
        return None
    time = last["majorityOpTime"]["ts"]
    return time.time, time.inc


def token_time(token: Mapping[str, Any]) -> ClusterTime | None:
    """The cluster time inside a resume token; None when it is of a kind we do not know."""
    found = _TOKEN_DATA.match(str(token.get("_data", "")))
    return (int(found[1], 16), int(found[2], 16)) if found else None


def outline(event: bytes) -> Document:
    """An event without the documents in it, for one that cannot be decoded whole. Raises UndecodableDocumentError."""
    left_out = {name.encode() for name in _DOCUMENT_FIELDS}
    return decode_leniently(document_of(fields(event, lambda name: name not in left_out)))


def splits_large_events(client: MongoClient[Document]) -> bool:
    """Whether the server can send an event larger than a document in parts. Raises PyMongoError."""
    version = tuple(client.server_info()["versionArray"][:3])
    return _SPLITS[0] <= version < _SPLITS[1] or version >= _SPLITS[2]


class ChangeStream:
    """One server-side cursor. One thread uses it; after an error only `close` is left.

    All methods but `close` raise ChangeStreamError.
    """

    def __init__(self, client: MongoClient[Document], watched: Watched) -> None:
        self._client = client
        self._watched = watched
        self._session: ClientSession | None = None
        self._cursor = 0
        self._token: Document = {}
        self._fragments = Fragments()
        self._covered: Document = {}
        self._asked: float | None = None
        # One database is watched as such, so that a user who may read only it suffices.
        self._scope = client[watched.databases[0] if len(watched.databases) == 1 else "admin"]

    def open(self, start: StartPoint) -> Document:
        """Open the cursor and return its first token. Never scans the oplog: that happens in `more`."""
        try:
            self._session = self._client.start_session(causal_consistency=False)
        except PyMongoError as error:
            raise _told(error) from error
        reply = self._run(
            {"aggregate": 1, "pipeline": self._pipeline(start), "cursor": {"batchSize": 0}},
        )
        self._take(reply, b"firstBatch")
        self._covered = self._token
        return self._token

    def more(self) -> RawBatch | None:
        """The next batch, empty when nothing happened for `max_await`; None when the server ended the stream.

        The server ends it after an invalidate event; a new stream that starts after the last token goes on.
        """
        if self._cursor == 0:
            return None
        command: Document = {
            "getMore": Int64(self._cursor),
            "collection": "$cmd.aggregate",
            "batchSize": self._watched.batch_size,
            "maxTimeMS": max(1, int(self._watched.max_await * 1000)),
        }
        self._asked = time.monotonic()
        try:
            reply = self._run(command)
        finally:
            self._asked = None
        events = self._take(reply, b"nextBatch")
        if self._watched.split:
            events = self._fragments.join(events)
        if not self._fragments.incomplete:
            self._covered = self._token
        elif events:
            self._covered = token_of(events[-1])
        return RawBatch(events=events, token=self._covered, size=len(reply))

    @property
    def silent(self) -> float:
        """For how many seconds `more` has been waiting for the server; 0 when it is not. For any thread."""
        asked = self._asked
        return 0.0 if asked is None else time.monotonic() - asked

    def steps(self) -> int | None:
        """How often the server paused in the request at hand: grows while it works through foreign changes.

        None when it does not know of such a request. For any thread, also while `more` waits. Raises PyMongoError.
        """
        mine: Document = {"cursor.cursorId": Int64(self._cursor), "op": "getmore"}
        look: Document = {"aggregate": 1, "pipeline": [{"$currentOp": {}}, {"$match": mine}], "cursor": {}}
        with pymongo.timeout(_LOOK):
            found = self._client.admin.command(look)["cursor"]["firstBatch"]
        return int(found[0]["numYields"]) if found else None

    def close(self) -> None:
        """Free the cursor on the server. Idempotent, never raises."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if self._cursor:
                self._scope.command(
                    {"killCursors": "$cmd.aggregate", "cursors": [Int64(self._cursor)]}, session=session
                )
        except PyMongoError:
            pass  # the server drops it by itself after ten minutes
        finally:
            session.end_session()

    def _pipeline(self, start: StartPoint) -> list[Document]:
        watched = self._watched
        stage: Document = {}
        if len(watched.databases) > 1:
            stage["allChangesForCluster"] = True
        if not watched.bare:
            stage["fullDocument"] = "whenAvailable" if watched.images else "updateLookup"
            stage["fullDocumentBeforeChange"] = "whenAvailable"
        if start.token is not None:
            stage["startAfter"] = dict(start.token)
        elif start.time is not None:
            stage["startAtOperationTime"] = Timestamp(*start.time)
        # Literal conditions on `ns`: the server skips foreign entries at half the price of a regular expression.
        match: Document = {"ns.coll": watched.collection, "ns.db": {"$in": list(watched.databases)}}
        return [
            {"$changeStream": stage},
            {"$match": match},
            *([{"$unset": _DOCUMENT_FIELDS}] if watched.bare else []),
            # Also where nothing is large: a position behind an event that was split is refused without it.
            *([{"$changeStreamSplitLargeEvent": {}}] if watched.split else []),
        ]

    def _run(self, command: Document) -> bytes:
        try:
            reply = self._scope.command(command, codec_options=_RAW, session=self._session)
        except PyMongoError as error:
            raise _told(error) from error
        return bytes(reply.raw)

    def _take(self, reply: bytes, batch: bytes) -> list[bytes]:
        """Keep the reply's cursor id and token, return its events."""
        cursor = places(reply, places(reply, 0)[b"cursor"][0])
        at, size = cursor[b"id"]
        self._cursor = int.from_bytes(reply[at : at + size], "little")
        if b"postBatchResumeToken" in cursor:
            at, size = cursor[b"postBatchResumeToken"]
            self._token = decode(reply[at : at + size])
        return documents(reply, *cursor[batch])


def _told(error: PyMongoError) -> ChangeStreamError:
    return ChangeStreamError(
        in_words(error),
        code=getattr(error, "code", None),
        labels=frozenset(label for label in _LABELS if error.has_error_label(label)),
        network=isinstance(error, ConnectionFailure),
    )
