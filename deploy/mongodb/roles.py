"""Make the roles that marketsync needs in MongoDB, and no more. Run it again after a change: it is idempotent.

    python deploy/mongodb/roles.py "mongodb://root:...@host/?authSource=admin" --database marketsync --tenants acme,bolt

It makes roles, no users: give them to users of your own. On Atlas make custom roles with the same actions by its
console or its command line (`--print` writes them as JSON); Atlas lets nobody call createRole.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pymongo import MongoClient

READ = ["find", "listCollections", "listIndexes", "collStats"]
WRITE = [*READ, "insert", "update", "remove", "createCollection", "createIndex"]


def role(name: str, privileges: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "privileges": privileges}


def may(database: str, collection: str, actions: list[str]) -> dict[str, Any]:
    return {"resource": {"db": database, "collection": collection}, "actions": actions}


def roles(own: str, products: list[str], registry: str) -> list[dict[str, Any]]:
    """own: database of marketsync. products: databases of the PIM, empty = every one. registry: its database, or ""."""
    # An empty name in a privilege means every database.
    pim = products or [""]
    # One stream over several databases is a stream of the whole cluster.
    watch = [may("", "", ["changeStream", "find"])] if len(pim) > 1 or pim == [""] else []
    look = [may(database, "", READ) for database in pim] + ([may(registry, "", READ)] if registry else [])
    state = [may(own, "", WRITE)]
    # Age of the oplog: without it nobody is warned before changes are forgotten.
    oplog = [may("local", "oplog.rs", ["find", "collStats"])]
    return [
        role(
            "marketsync-capture",
            [*watch, *look, *(may(database, "", ["changeStream"]) for database in pim), *state, *oplog],
        ),
        role("marketsync-delivery", [*look, *state]),
        role(
            "marketsync-admin",
            [
                *look,
                # `marketsync check` opens the stream that capture opens.
                *watch,
                *(may(database, "", ["changeStream"]) for database in pim),
                *(may(database, "pimproducts", ["collMod", "createCollection"]) for database in pim),
                may(own, "", [*WRITE, "collMod", "dropIndex", "dropCollection"]),
                *oplog,
            ],
        ),
    ]


def apply(uri: str, wanted: list[dict[str, Any]]) -> None:
    """Make or change them in the database admin."""
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=10_000) as client:
        for each in wanted:
            known = client.admin.command("rolesInfo", each["name"])["roles"]
            verb = "updateRole" if known else "createRole"
            client.admin.command(verb, each["name"], privileges=each["privileges"], roles=[])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("uri", help="connection string of a user who may make roles")
    parser.add_argument("--database", default="marketsync", help="MARKETSYNC_DATABASE")
    parser.add_argument("--tenants", default="", help="comma separated; empty = every database of the cluster")
    parser.add_argument("--registry", default="", help="MARKETSYNC_TENANT_REGISTRY")
    parser.add_argument("--print", action="store_true", help="write the roles as JSON instead of making them")
    given = parser.parse_args(arguments)
    tenants = [name.strip() for name in given.tenants.split(",") if name.strip()]
    wanted = roles(given.database, [f"vinc-{name}" for name in tenants], given.registry)
    if given.print:
        print(json.dumps(wanted, indent=2))  # noqa: T201  what was asked for
        return
    apply(given.uri, wanted)
    print(f"made: {', '.join(each['name'] for each in wanted)}")  # noqa: T201  the command's own voice


if __name__ == "__main__":
    main(sys.argv[1:])
