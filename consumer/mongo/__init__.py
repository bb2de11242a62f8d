"""The one door to MongoDB: rooms take the driver's names from here, so that it is imported in one place."""

from __future__ import annotations

from typing import Any

import bson
from bson import Binary, ObjectId, Timestamp
from pymongo import AsyncMongoClient, InsertOne, MongoClient, ReplaceOne, UpdateMany, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

__all__ = [
    "AsyncCollection",
    "AsyncDatabase",
    "AsyncMongoClient",
    "Binary",
    "BulkWriteError",
    "Collection",
    "ConnectionFailure",
    "Database",
    "Document",
    "DuplicateKeyError",
    "InsertOne",
    "MongoClient",
    "ObjectId",
    "OperationFailure",
    "PyMongoError",
    "ReplaceOne",
    "Timestamp",
    "UpdateMany",
    "UpdateOne",
    "bson",
    "connect",
    "connect_async",
    "written_by_primary",
]

Document = dict[str, Any]

# Majority and journaled: what we were told is stored survives a fail-over. Server selection is shorter than the
# driver's 30 s so that `check` and start-up say soon what is wrong.
_OPTIONS: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "tz_aware": True,
    "serverSelectionTimeoutMS": 10_000,
    "appname": "marketsync",
}


def connect(uri: str) -> MongoClient[Document]:
    """A client for threads (capture, commands). Connects on first use; close it.

    Of several mongos it always takes the same one: a cursor lives in the one that opened it.
    """
    return MongoClient(uri, server_selector=one_router, **_OPTIONS)


def one_router(servers: list[Any]) -> list[Any]:
    """Of the servers that would do, all; of routers, the first by address."""
    routers = [server for server in servers if server.server_type_name == "Mongos"]
    return [min(routers, key=lambda server: str(server.address))] if routers else servers


def connect_async(uri: str) -> AsyncMongoClient[Document]:
    """A client for one event loop (delivery). Connects on first use; close it."""
    return AsyncMongoClient(uri, **_OPTIONS)


def written_by_primary(collection: AsyncCollection[Document]) -> AsyncCollection[Document]:
    """The collection, with writes that are done when the primary has them: for what may be lost in an election."""
    return collection.with_options(write_concern=WriteConcern(w=1, j=False))
