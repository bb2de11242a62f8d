"""Rules that MongoDB itself checks before it takes a document into a collection."""

from __future__ import annotations

from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import CollectionInvalid, OperationFailure

_EXISTS = 48


async def ensure_schema(collection: AsyncCollection[dict[str, Any]], schema: dict[str, Any]) -> bool:
    """Let the collection take only what fits this $jsonSchema; made where it is missing. Returns whether it changed.

    A document that did not fit before may still be changed ("moderate"): how else would it be mended?
    Raises PyMongoError.
    """
    database = collection.database
    wanted: dict[str, Any] = {
        "validator": {"$jsonSchema": schema},
        "validationLevel": "moderate",
        "validationAction": "error",
    }
    async for found in await database.list_collections(filter={"name": collection.name}):
        if all(found.get("options", {}).get(name) == value for name, value in wanted.items()):
            return False
        break
    else:
        try:
            await database.create_collection(collection.name, **wanted)
            return True
        except (CollectionInvalid, OperationFailure) as error:
            if isinstance(error, OperationFailure) and error.code != _EXISTS:
                raise
    await database.command({"collMod": collection.name, **wanted})
    return True
