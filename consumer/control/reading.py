"""Reading stretches of topics from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from consumer.kafka.records import Record
from consumer.kafka.spans import SpanReader


async def read_batches(reader: SpanReader) -> AsyncGenerator[list[Record]]:
    """What a reader finds, without blocking the event loop; closes it at the end."""
    try:
        while (records := await asyncio.to_thread(reader.read)) is not None:
            yield records
    finally:
        await asyncio.to_thread(reader.close)
