"""Where the PIM keeps products: one database per tenant, one collection, pre- and post-images on it or not."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

from consumer.errors import MarketsyncError

Document = dict[str, Any]

PRODUCTS = "pimproducts"
_DATABASE_PREFIX = "vinc-"


def tenant_database(tenant: str) -> str:
    """The name of the tenant's database."""
    return _DATABASE_PREFIX + tenant


def tenant_of(database: str) -> str:
    """The tenant whose database this is."""
    return database.removeprefix(_DATABASE_PREFIX)


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
