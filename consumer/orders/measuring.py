"""What waits, counted from the store every few seconds by the process that leads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from consumer.listings.sales import SalesBook
from consumer.metrics import OrderMetrics, Reading, Shown
from consumer.mongo import PyMongoError
from consumer.orders.store import OrderStore, Waiting

_log = structlog.get_logger()

# Seconds between two counts.
_EVERY = 15.0


class Measuring:
    """now: UTC."""

    def __init__(self, store: OrderStore, sales: SalesBook, metrics: OrderMetrics, now: Callable[[], datetime]) -> None:
        self._store = store
        self._sales = sales
        self._metrics = metrics
        self._now = now
        self._shown = Shown()

    async def run(self) -> None:
        """Until cancelled. What was shown goes then: the next who leads shows its own."""
        try:
            while True:
                try:
                    await self.measure()
                except PyMongoError as error:
                    _log.warning("orders cannot be counted", error=str(error)[:300])
                await asyncio.sleep(_EVERY)
        finally:
            self._shown.show([])

    async def measure(self) -> None:
        """Once. Raises PyMongoError."""
        at = self._now()
        found = [reading for waiting in await self._store.waiting() for reading in self._readings(waiting, at)]
        tenants = Counter(tenant for (tenant, _), _ in await self._sales.all())
        kept_back = [(self._metrics.reserved, (tenant,), products) for tenant, products in tenants.items()]
        self._shown.show([*found, *kept_back])

    def _readings(self, waiting: Waiting, at: datetime) -> Iterator[Reading]:
        labels = (*waiting.account.split("/", 2), waiting.status)
        yield self._metrics.waiting, labels, waiting.orders
        yield self._metrics.oldest, labels, (at - waiting.oldest).total_seconds()
