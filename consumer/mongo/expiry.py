"""Documents that go by themselves after some days."""

from __future__ import annotations

from datetime import timedelta

from consumer.mongo import AsyncCollection, Document, OperationFailure

_NAME = "expiry"
_OTHER_OPTIONS = 85


async def expire(collection: AsyncCollection[Document], field: str, days: int) -> None:
    """Documents go so many days after the time in `field`. Idempotent, and a new number of days takes the old one's
    place. Raises PyMongoError."""
    seconds = round(timedelta(days=days).total_seconds())
    try:
        await collection.create_index(field, name=_NAME, expireAfterSeconds=seconds)
    except OperationFailure as error:
        if error.code != _OTHER_OPTIONS:
            raise
        index = {"name": _NAME, "expireAfterSeconds": seconds}
        await collection.database.command("collMod", collection.name, index=index)
