"""`check` opens the very stream that capture opens: a MongoDB user who may watch less is told before capture fails."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.embedded import wheels
from consumer.mongo import Document, MongoClient, PyMongoError, connect
from consumer.mongo.oplog import OplogHiddenError, oplog_begin
from consumer.processes import free_ports
from tests.acceptance.installation import Installation
from tests.waiting import wait_until

TENANT, OTHER = "shop", "other"
READ = ["find", "listCollections"]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[str, MongoClient[Document]]]:
    """The address of a replica set that asks for passwords, and its administrator."""
    (port,) = free_ports("127.0.0.1", 21980, 1)
    (tmp_path / "data").mkdir()
    key = tmp_path / "key"
    key.write_text("akeyofonetest")  # base64 signs only
    key.chmod(0o600)
    address = f"127.0.0.1:{port}"
    arguments = f"--port {port} --bind_ip 127.0.0.1 --replSet rs0 --wiredTigerCacheSizeGB 0.25".split()
    process = subprocess.Popen(
        [str(wheels.mongod()), "--dbpath", str(tmp_path / "data"), "--keyFile", str(key), *arguments],
        stdout=subprocess.DEVNULL,
    )
    try:
        # Whoever comes first from this machine may set everything up.
        with connect(f"mongodb://{address}/?directConnection=true") as first:
            members: Document = {"_id": "rs0", "members": [{"_id": 0, "host": address}]}
            wait_until(lambda: _works(first, {"replSetInitiate": members}), 30, "mongod does not start")
            root: Document = {"createUser": "root", "pwd": "root-pw", "roles": ["root"]}
            wait_until(lambda: _works(first, root), 30, "there is no primary")
        with connect(f"mongodb://root:root-pw@{address}/?authSource=admin&replicaSet=rs0") as client:
            for tenant in (TENANT, OTHER):
                options: Document = {"changeStreamPreAndPostImages": {"enabled": True}}
                client[f"vinc-{tenant}"].create_collection("pimproducts", **options)
            yield address, client
    finally:
        process.terminate()
        process.wait(30)


def _works(client: MongoClient[Document], command: Document) -> bool:
    try:
        return bool(client.admin.command(command))
    except PyMongoError:
        return False


def allow(client: MongoClient[Document], *privileges: Document) -> None:
    """The user of the installation may do this and nothing else."""
    known = client.admin.command({"rolesInfo": "capture"})["roles"]
    client.admin.command({"updateRole" if known else "createRole": "capture", "privileges": privileges, "roles": []})
    if not known:
        client.admin.command({"createUser": "capture", "pwd": "capture-pw", "roles": ["capture"]})


def may(database: str, collection: str, *actions: str) -> Document:
    return {"resource": {"db": database, "collection": collection}, "actions": list(actions)}


def changes(installation: Installation, address: str, tenants: str) -> str:
    """What `check` finds of the changes."""
    (line,) = [line for line in checked(installation, address, tenants) if "changes of" in line]
    return line


def checked(installation: Installation, address: str, tenants: str) -> list[str]:
    """What `check` says."""
    uri = f"mongodb://capture:capture-pw@{address}/?authSource=admin&replicaSet=rs0"
    done = installation.run("check", changed={"MONGODB_URI": uri, "MARKETSYNC_TENANTS": tenants, "EBAY_TENANT": TENANT})
    assert "capture-pw" not in done.stdout + done.stderr
    return done.stdout.splitlines()


def test_a_user_who_may_watch_less_than_capture_does_is_told(
    installation: Installation, guarded: tuple[str, MongoClient[Document]]
) -> None:
    address, client = guarded
    database = f"vinc-{TENANT}"
    allow(client, may(database, "", *READ), may(database, "pimproducts", "changeStream"))
    found = changes(installation, address, TENANT)
    assert found.startswith(f"FAIL changes of {TENANT}: ")
    assert "changeStream on the whole database vinc-shop" in found

    allow(client, may(database, "", *READ, "changeStream"), may(f"vinc-{OTHER}", "", *READ, "changeStream"))
    assert changes(installation, address, TENANT) == f"ok   changes of {TENANT}: can be watched"
    found = changes(installation, address, f"{TENANT},{OTHER}")
    assert found.startswith(f"FAIL changes of {TENANT}, {OTHER}: ")
    assert "readAnyDatabase" in found

    client.admin.command({"updateUser": "capture", "roles": ["capture", "readAnyDatabase"]})
    found = changes(installation, address, f"{TENANT},{OTHER}")
    assert found == f"ok   changes of {TENANT}, {OTHER}: can be watched"


def test_a_user_who_may_not_see_the_age_of_the_oplog_is_told_what_that_costs(
    installation: Installation, guarded: tuple[str, MongoClient[Document]]
) -> None:
    address, client = guarded
    allow(client, may(f"vinc-{TENANT}", "", *READ, "changeStream"))
    (hint,) = [line for line in checked(installation, address, TENANT) if line.startswith("hint oplog: ")]
    assert "not authorized on" in hint
    assert "clusterMonitor" in hint
    assert "marketsync_capture_oplog_headroom_seconds is absent" in hint
    uri = f"mongodb://capture:capture-pw@{address}/?authSource=admin&replicaSet=rs0"
    with connect(uri) as capture, pytest.raises(OplogHiddenError):
        oplog_begin(capture)

    for role in ("clusterMonitor", {"role": "read", "db": "local"}):
        client.admin.command({"updateUser": "capture", "roles": ["capture", role]})
        assert [line for line in checked(installation, address, TENANT) if line.startswith("ok   oplog: reaches back")]


def test_documents_of_which_none_is_current_are_told(ready: Installation) -> None:
    ready.products.insert_many([{"entity_code": "A"}, {"entity_code": "B", "isCurrent": False}])
    done = ready.run("check")
    assert done.returncode == 1
    assert f"FAIL tenant {ready.name}: 2 documents, and none of them counts as a product" in done.stdout
    ready.products.insert_one({"entity_code": "C", "isCurrent": True})
    assert f"ok   tenant {ready.name}: 3 documents" in ready.run("check").stdout
