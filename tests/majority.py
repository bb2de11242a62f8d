"""Reads that find what was written with less than a majority's word."""

from __future__ import annotations

from pymongo.asynchronous.database import AsyncDatabase

from consumer.mongo import Document


async def majority_has_all(database: AsyncDatabase[Document]) -> None:
    """Wait until a majority has all that was written so far: it has this write only once it has those before."""
    await database["after"].insert_one({})
