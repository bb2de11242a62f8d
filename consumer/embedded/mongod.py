"""One mongod in a folder, member of a replica set of one (change streams and transactions need a set)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from consumer.embedded import wheels
from consumer.embedded.ports import accepts
from consumer.embedded.processes import ServerProcess
from consumer.mongo import Document, MongoClient, OperationFailure, PyMongoError, connect

REPLICA_SET = "marketsync"
PORTS = ("mongod",)
_OPLOG_MB = 1024
_CACHE_GB = 0.5
_NOT_YET_INITIATED, _NOT_A_MEMBER = 94, 93


def address(ports: dict[str, int]) -> str:
    """The connection string for clients."""
    return f"mongodb://127.0.0.1:{ports['mongod']}/?replicaSet={REPLICA_SET}"


def launch(process: ServerProcess, ports: dict[str, int], cache: Path) -> None:
    """Start the server; returns before it serves."""
    data = process.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    command = [
        str(wheels.mongod()),
        *("--dbpath", str(data), "--bind_ip", "127.0.0.1", "--port", str(ports["mongod"]), "--nounixsocket"),
        *("--replSet", REPLICA_SET, "--oplogSize", str(_OPLOG_MB), "--wiredTigerCacheSizeGB", str(_CACHE_GB)),
        *("--quiet", "--slowms", "2000", "--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]
    process.launch(command, {**os.environ, "LC_ALL": "C"})


def serves(ports: dict[str, int]) -> bool:
    """Whether it is primary and takes a majority write. Makes it a set of one where it is none yet."""
    if not accepts(ports["mongod"]):
        return False
    try:
        with connect(f"mongodb://127.0.0.1:{ports['mongod']}/?directConnection=true") as client:
            return _primary(client, f"127.0.0.1:{ports['mongod']}") and _writes(client)
    except PyMongoError:
        return False


def _primary(client: MongoClient[Document], member: str) -> bool:
    hello: dict[str, Any] = client.admin.command("hello")
    if hello.get("isWritablePrimary") and hello.get("me") == member:
        return True
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as failure:
        if failure.code == _NOT_YET_INITIATED:
            client.admin.command("replSetInitiate", _set_of(member, version=1))
        elif failure.code == _NOT_A_MEMBER:  # its port has changed
            version = client.admin.command("replSetGetConfig")["config"]["version"] + 1
            client.admin.command("replSetReconfig", _set_of(member, version=version), force=True)
    return False


def _set_of(member: str, *, version: int) -> Document:
    return {"_id": REPLICA_SET, "version": version, "members": [{"_id": 0, "host": member}]}


def _writes(client: MongoClient[Document]) -> bool:
    client["marketsync_embedded"]["served"].update_one({"_id": 1}, {"$inc": {"times": 1}}, upsert=True)
    return True
