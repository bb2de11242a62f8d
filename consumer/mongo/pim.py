"""Where the PIM keeps products: one database per tenant, one collection, pre- and post-images on it or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bson
from bson import Timestamp
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from consumer.errors import MarketsyncError
from consumer.mongo.change_stream import ClusterTime

Document = dict[str, Any]

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

PRODUCTS = "pimproducts"
_DATABASE_PREFIX = "vinc-"


def tenant_database(tenant: str) -> str:
    """The name of the tenant's database."""
    return _DATABASE_PREFIX + tenant


def databases_of(tenants: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Tenant → its database, which is the one named after the tenant where nothing else is said."""
    if isinstance(tenants, Mapping):
        return dict(tenants)
    return {tenant: tenant_database(tenant) for tenant in tenants}


def by_database(tenants: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Database → its tenant."""
    return {database: tenant for tenant, database in databases_of(tenants).items()}


def tenant_of(database: str) -> str:
    """The tenant whose database this is, by its name."""
    return database.removeprefix(_DATABASE_PREFIX)


class PimReader:
    """Questions capture asks the PIM. Thread-safe as the client is. All raise PyMongoError."""

    def __init__(self, client: MongoClient[Document]) -> None:
        self._client = client

    def current_codes(self, database: str, codes: Iterable[str], *, since: ClusterTime) -> set[str]:
        """Those of these entity codes that have a current version.

        Seen at a time not before `since`, whichever member of the replica set answers.
        """
        with self._client.start_session() as session:
            session.advance_operation_time(Timestamp(*since))
            found = self._client[database][PRODUCTS].find(
                {"entity_code": {"$in": list(codes)}, "isCurrent": True},
                {"_id": False, "entity_code": True},
                session=session,
            )
            return {document["entity_code"] for document in found}

    def documents(self, database: str, ids: Iterable[Any]) -> dict[bytes, bytes]:
        """`id_key` → BSON of the documents with these ids that are there now."""
        collection = self._client[database].with_options(codec_options=_RAW)[PRODUCTS]
        found = collection.find({"_id": {"$in": list(ids)}})
        return {id_key(document["_id"]): bytes(document.raw) for document in found}


def read_codes(database: Database[Document], *, after: Any, first: bool, size: int) -> list[tuple[Any, Any]]:
    """The next documents by `_id`, at most `size`: `_id` and entity_code of every version; no more is the end.

    after: the `_id` to go on behind, ignored when `first`. Raises PyMongoError.
    """
    condition = {} if first else {"$expr": {"$gt": ["$_id", {"$literal": after}]}}
    found = database[PRODUCTS].find(condition, {"entity_code": True}).sort("_id", 1).hint([("_id", 1)]).limit(size)
    if not first:
        # Seeks in the index across all types of ids; the condition leaves out the one it begins at.
        found = found.min([("_id", after)])
    return [(document["_id"], document.get("entity_code")) for document in found]


def id_key(identity: Any) -> bytes:
    """An `_id`, which may be of any type, as something to look up by."""
    return bson.encode({"_id": identity})


def pre_images_on(database: Database[Document]) -> bool:
    """Whether the products' state before and after a change is kept: without it a delete names no product."""
    for collection in database.list_collections(filter={"name": PRODUCTS}):
        images = collection.get("options", {}).get("changeStreamPreAndPostImages", {})
        return bool(images.get("enabled"))
    return False


def enable_pre_images(database: Database[Document]) -> None:
    """Switch pre- and post-images on; creates the collection where it is missing. Idempotent.

    Raises MarketsyncError when the user may not, or the server is older than 6.0.
    """
    images = {"enabled": True}
    try:
        if database.list_collection_names(filter={"name": PRODUCTS}):
            database.command({"collMod": PRODUCTS, "changeStreamPreAndPostImages": images})
        else:
            database.create_collection(PRODUCTS, changeStreamPreAndPostImages=images)
    except OperationFailure as failure:
        raise MarketsyncError(
            f"Pre-images could not be switched on for {database.name}.{PRODUCTS}: {failure.details or failure}."
            " It needs MongoDB 6.0 or newer and the right collMod; without them deletes cannot be delisted."
        ) from failure
