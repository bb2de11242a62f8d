"""Products of the PIM as they are now, asked for by their entity codes: for listings that are owed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from consumer.mongo.change_stream import ClusterTime
from consumer.mongo.pim import PRODUCTS

Document = dict[str, Any]
Relatives = Callable[[Iterable[Mapping[str, Any]]], Iterable[str]]
"""Of products that were read, the codes of those that have to be read at the same time, what belongs together in a
row."""

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_BATCH = 100
# Documents may have 16 MB; what is not read now is read the next time.
_MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found at one cluster time. documents: entity code → BSON of its current version.

    complete: what was asked for and is not among them did not exist at that time. empty: no product at all did, or
    there is no such collection. unread: relatives that were to be read too, and were not.
    """

    time: ClusterTime
    documents: Mapping[str, bytes]
    complete: bool = True
    empty: bool = False
    unread: frozenset[str] = frozenset()


def read_current(database: Database[Document], codes: Iterable[str], relatives: Relatives | None = None) -> Reading:
    """The current versions of these products. Reads with read concern snapshot and writes nothing.

    Raises PyMongoError.
    """
    wanted = sorted(set(codes))
    with database.client.start_session(causal_consistency=False) as session:
        first = database.command(_find(wanted), codec_options=_RAW, session=session)
        at = first["cursor"].get("atClusterTime")
        if at is None:
            return Reading((0, 0), {}, empty=True)  # there is no such collection
        found: dict[str, RawBSONDocument] = {}
        size, complete = 0, True
        for document in _documents(database, first, session):
            if size > _MOST_BYTES:
                complete = False
                break
            size += len(document.raw)
            code = document["entity_code"]
            if code not in found or _version(document) >= _version(found[code]):
                found[code] = document
        unread: list[str] = []
        if relatives is not None:
            asked = set(wanted)
            unread = [code for code in dict.fromkeys(relatives(list(found.values()))) if code not in asked]
            unread = _read_relatives(database, unread, found, (at, session)) if complete else unread
        missing = complete and not any(code in found for code in wanted)
        empty = missing and not _any(database, at, session)
    documents = {code: bytes(document.raw) for code, document in found.items()}
    return Reading((at.time, at.inc), documents, complete=complete, empty=empty, unread=frozenset(unread))


def _find(codes: list[str], at: Any = None) -> Document:
    concern = {"level": "snapshot"} if at is None else {"level": "snapshot", "atClusterTime": at}
    query = {"entity_code": {"$in": codes}, "isCurrent": True}
    return {"find": PRODUCTS, "filter": query, "batchSize": _BATCH, "readConcern": concern}


def _read_relatives(
    database: Database[Document],
    codes: list[str],
    found: dict[str, RawBSONDocument],
    snapshot: tuple[Any, ClientSession],
) -> list[str]:
    """Add these to what was found. Returns those for which there was no room."""
    at, session = snapshot
    size = sum(len(document.raw) for document in found.values())
    for start in range(0, len(codes), _BATCH):
        if size > _MOST_BYTES:
            return codes[start:]
        command = _find(codes[start : start + _BATCH], at)
        first = database.command(command, codec_options=_RAW, session=session)
        for document in _documents(database, first, session):
            size += len(document.raw)
            code = document["entity_code"]
            if code not in found or _version(document) >= _version(found[code]):
                found[code] = document
    return []


def _documents(
    database: Database[Document], first: RawBSONDocument, session: ClientSession
) -> Iterator[RawBSONDocument]:
    cursor = first["cursor"]
    yield from cursor["firstBatch"]
    while cursor["id"]:
        more = {"getMore": cursor["id"], "collection": PRODUCTS, "batchSize": _BATCH}
        cursor = database.command(more, codec_options=_RAW, session=session)["cursor"]
        yield from cursor["nextBatch"]


def _any(database: Database[Document], at: Any, session: ClientSession) -> bool:
    """Whether there was any current product at that time."""
    concern = {"level": "snapshot", "atClusterTime": at}
    command = {
        "find": PRODUCTS,
        "filter": {"isCurrent": True},
        "projection": {"_id": True},
        "limit": 1,
        "singleBatch": True,
        "readConcern": concern,
    }
    return bool(database.command(command, session=session)["cursor"]["firstBatch"])


def _version(document: RawBSONDocument) -> int:
    version = document.get("version")
    return version if isinstance(version, int) else 0
