"""Rules that MongoDB itself checks before it takes a document into a collection."""

from __future__ import annotations

from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

# NamespaceExists: it is there, with other options.
_EXISTS = 48


async def ensure_schema(collection: AsyncCollection[dict[str, Any]], schema: dict[str, Any]) -> bool:
    """Let the collection take only what fits this $jsonSchema; made where it is missing. Returns whether it changed.

    A document that did not fit before may still be changed ("moderate"): how else would it be mended?
    Raises PyMongoError.
    """
    wanted: dict[str, Any] = {
        "validator": {"$jsonSchema": schema},
        "validationLevel": "moderate",
        "validationAction": "error",
    }
    options = await collection.options()
    if all(options.get(name) == value for name, value in wanted.items()):
        return False
    database = collection.database
    try:
        await database.create_collection(collection.name, check_exists=False, **wanted)
    except OperationFailure as error:
        if error.code != _EXISTS:
            raise
        await database.command({"collMod": collection.name, **wanted})
    return True
