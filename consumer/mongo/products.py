"""Reading the products of one database from end to end, by `_id`, without a lock and without writing.

Every read has read concern snapshot: all it returns was so at one cluster time, which it tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import Timestamp
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from consumer.mongo.change_stream import ClusterTime
from consumer.mongo.documents import decode
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.raw import documents, places

Document = dict[str, Any]

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_SNAPSHOT = {"level": "snapshot"}

# Below this many documents counting is cheap, and there is nothing to cut into ranges.
_FEW = 1000
# The server picks a sample by random seeks only while it is less than a twentieth of the collection.
_SAMPLED = 25
_LARGEST_SAMPLE = 400
# Milliseconds that the answer to a person's question may take, and documents that are looked at for it.
_PATIENCE = 2000
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids of any types, in the order of the index. Each bound is an `id_key`.

    start: the first one; empty = the lowest there is. end: the first one behind the range; empty = none. last: the
    greatest one read so far; empty = none.
    """

    start: bytes = b""
    end: bytes = b""
    last: bytes = b""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Products as they all were at one cluster time; None where there is no such collection.

    documents: BSON, by ascending `_id`.
    """

    time: ClusterTime | None
    documents: list[bytes]


@dataclass(frozen=True, slots=True)
class Outline:
    """What there is to read. collection: its id, empty = there is none.

    time: cluster time of the read. documents: in the collection, about. products: how many of them are wanted, about.
    ids: of a sample, ascending; empty where the collection is small.
    """

    collection: str
    time: ClusterTime
    documents: int
    products: int
    ids: tuple[bytes, ...]


def current(condition: Document | None = None) -> Document:
    """The condition on documents that are products and keep `condition`."""
    return {"$and": [{"isCurrent": True}, condition]} if condition else {"isCurrent": True}


def read_chunk(
    database: Database[Document], place: IdRange, *, condition: Document, size: int, whole: bool = True
) -> Chunk:
    """The next documents of the range that keep the condition, at most `size` of them; none at all is the end.

    whole: False where few documents keep the condition and an index finds them; the range is all ids then.
    Raises PyMongoError.
    """
    command: Document = {"find": PRODUCTS, "filter": condition, "sort": {"_id": 1}}
    if place.last:
        condition = {"$and": [condition, {"$expr": {"$gt": ["$_id", {"$literal": decode(place.last)["_id"]}]}}]}
        command["filter"] = condition
    if whole:
        # `min` and `max` seek in the index across all types of ids; $expr leaves out the id it went on from.
        command["hint"] = {"_id": 1}
        lower = place.last or place.start
        command |= {"min": decode(lower)} if lower else {}
        command |= {"max": decode(place.end)} if place.end else {}
    # One reply is all: its 16 MB may hold fewer than asked for, which is why only an empty chunk is the end.
    command |= {"limit": size, "batchSize": size, "singleBatch": True, "readConcern": _SNAPSHOT}
    reply = bytes(database.command(command, codec_options=_RAW).raw)
    cursor = places(reply, places(reply, 0)[b"cursor"][0])
    if b"atClusterTime" not in cursor:
        return Chunk(None, [])
    at, _ = cursor[b"atClusterTime"]
    # A BSON timestamp: the increment first, then the seconds, little-endian.
    increment, seconds = int.from_bytes(reply[at : at + 4], "little"), int.from_bytes(reply[at + 4 : at + 8], "little")
    return Chunk((seconds, increment), documents(reply, *cursor[b"firstBatch"]))


def read_outline(database: Database[Document], *, condition: Document, whole: bool = True) -> Outline:
    """What there is to read of the documents that keep the condition. whole: as above. Raises PyMongoError."""
    collection = collection_id(database)
    count = int(database[PRODUCTS].estimated_document_count())
    if count < _FEW or not whole:
        first, time = _aggregate(database, [{"$match": condition}, {"$count": "wanted"}])
        return Outline(collection, time, count, int(first.get("wanted", 0)), ())
    size = min(_LARGEST_SAMPLE, count // _SAMPLED)
    facets: Document = {
        "ids": [{"$project": {"_id": True}}, {"$sort": {"_id": 1}}],
        "wanted": [{"$match": condition}, {"$count": "number"}],
    }
    first, time = _aggregate(database, [{"$sample": {"size": size}}, {"$facet": facets}])
    ids, wanted = first["ids"], sum(one["number"] for one in first["wanted"])
    share = wanted / len(ids) if ids else 0
    return Outline(collection, time, count, round(count * share), tuple(bytes(one.raw) for one in ids))


def collection_id(database: Database[Document]) -> str:
    """What tells the collection of products from another one of the same name; empty where there is none."""
    for collection in database.list_collections(filter={"name": PRODUCTS}):
        return bytes(collection["info"].get("uuid", b"")).hex()
    return ""


def any_product(database: Database[Document], condition: Document) -> bool | None:
    """Whether a document keeps the condition; None where that takes too long to say. Raises PyMongoError."""
    try:
        return database[PRODUCTS].find_one(condition, {"_id": True}, max_time_ms=_PATIENCE) is not None
    except ExecutionTimeout:
        return None


def known_fields(database: Database[Document]) -> set[str]:
    """Top-level fields of some products. Raises PyMongoError."""
    return {name for document in database[PRODUCTS].find(current()).limit(_LOOKED_AT) for name in document}


def _aggregate(database: Database[Document], pipeline: list[Document]) -> tuple[Mapping[str, Any], ClusterTime]:
    """The first document of the answer and when it was so."""
    command = {"aggregate": PRODUCTS, "pipeline": pipeline, "cursor": {}, "readConcern": _SNAPSHOT}
    cursor = database.command(command, codec_options=_RAW)["cursor"]
    time: Timestamp = cursor["atClusterTime"]
    return (cursor["firstBatch"] or [{}])[0], (time.time, time.inc)
