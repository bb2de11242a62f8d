"""Order events into Kafka, each exactly once for a reader of committed records.

What waits is taken from the store, written in one transaction together with a receipt that names it, and then struck
off in the store. Who dies in between leaves the receipt: whoever comes next reads it first, and strikes off what is in
Kafka already. One process at a time does this; Kafka fences the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import orjson

from consumer.events import Headers
from consumer.orders.stored import OrderEvent

RECEIPT = b"orders"
"""Key of the receipt: one for all of an installation, its newest value counts."""

_MOST = 200


class Waiting(Protocol):
    """Where events wait: `consumer.orders.store.OrderStore`. Methods raise PyMongoError."""

    async def unpublished(self, most: int) -> list[tuple[str, OrderEvent]]:
        """Order id and event; of one order the oldest first."""

    async def published(self, numbers: dict[str, int]) -> None:
        """The events up to these numbers are in Kafka, by order id."""


class Writer(Protocol):
    """Transactions: `consumer.kafka.producer.TransactionalProducer`, whose errors they raise."""

    def begin(self) -> None:
        """Open one."""

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Add a record."""

    def commit(self) -> None:
        """All at once."""


class OrderPublisher:
    """topic, receipts: names of the topics. receipt: reads the newest receipt, None = there is none. Blocking calls of
    the writer run in threads."""

    def __init__(
        self, waiting: Waiting, writer: Writer, *, topic: str, receipts: str, receipt: Callable[[], bytes | None]
    ) -> None:
        self._waiting = waiting
        self._writer = writer
        self._topic = topic
        self._receipts = receipts
        self._receipt = receipt

    async def recover(self) -> None:
        """Strike off what a predecessor wrote and could not strike off. After the writer was started, before
        `publish`."""
        last = await asyncio.to_thread(self._receipt)
        if last is not None:
            await self._waiting.published(orjson.loads(last))

    async def publish(self) -> int:
        """Write what waits. Returns how many events; 0 = nothing waited. Raises what the writer and the store raise."""
        found = await self._waiting.unpublished(_MOST)
        if not found:
            return 0
        numbers = {id_: event.number for id_, event in found}
        await asyncio.to_thread(self._write, found, numbers)
        await self._waiting.published(numbers)
        return len(found)

    def _write(self, found: list[tuple[str, OrderEvent]], numbers: dict[str, int]) -> None:
        self._writer.begin()
        for id_, event in found:
            self._writer.produce(self._topic, id_.encode(), encode(id_, event), headers_of(id_, event))
        self._writer.produce(self._receipts, RECEIPT, orjson.dumps(numbers))
        self._writer.commit()


def encode(id_: str, event: OrderEvent) -> bytes:
    """The value of the record: the order without personal data, and whose it is."""
    tenant, channel, account = id_.split("/")[:3]
    return orjson.dumps(
        {"tenant": tenant, "channel": channel, "account": account, "number": event.number, "order": event.order}
    )


def headers_of(id_: str, event: OrderEvent) -> Headers:
    """CloudEvents 1.0, Kafka binary binding. ce_id stays the same however often it is written."""
    tenant, channel, account = id_.split("/")[:3]
    said = {
        "ce_specversion": "1.0",
        "ce_id": f"{id_}/{event.number}",
        "ce_type": f"marketsync.order.{event.happening}.v1",
        "ce_source": f"/marketsync/{tenant}/{channel}/{account}",
        "ce_subject": str(event.order["order_id"]),
        "ce_time": event.at.isoformat(),
        "ce_sequence": str(event.number),
        "content-type": "application/json",
        "tenant": tenant,
    }
    return [(name, value.encode()) for name, value in said.items()]
