"""How far back MongoDB's oplog reaches: what is older than its first entry, no change stream can read any more."""

from __future__ import annotations

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from consumer.errors import MarketsyncError
from consumer.mongo.change_stream import ClusterTime
from consumer.mongo.documents import Document

_UNAUTHORIZED = 13


class OplogHiddenError(MarketsyncError):
    """The user of MONGODB_URI may not see it, or there is none to be seen (a router of a sharded cluster)."""


def oplog_begin(client: MongoClient[Document]) -> ClusterTime:
    """The cluster time of the oldest entry. Raises OplogHiddenError; PyMongoError when MongoDB cannot be asked.

    Needs `find` on local.oplog.rs, or else the right `serverStatus`.
    """
    try:
        oldest = client.local["oplog.rs"].find_one({}, {"ts": True}, sort=[("$natural", 1)])
        if oldest is not None:
            return oldest["ts"].time, oldest["ts"].inc
    except OperationFailure as failure:
        if failure.code != _UNAUTHORIZED and not client.is_mongos:
            raise
    try:
        # Everything that comes by default costs the server far more than the one section that does not.
        oplog = client.admin.command({"serverStatus": 1, "oplog": 1, "metrics": 0, "wiredTiger": 0}).get("oplog")
    except OperationFailure as failure:
        if failure.code != _UNAUTHORIZED:
            raise
        raise OplogHiddenError(str((failure.details or {}).get("errmsg", failure))) from failure
    if oplog is None:
        raise OplogHiddenError("this server has no oplog: on a sharded cluster each shard has its own")
    return oplog["earliestOptime"].time, oplog["earliestOptime"].inc
