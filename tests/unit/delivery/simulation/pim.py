"""The PIM of the simulation: what was published last, or is about to be, read as of the newest change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from consumer.delivery.judging import Judged, judge
from consumer.delivery.sweeper import Sweeper
from consumer.events import ProductEvent, time_of
from consumer.listings.debts import Found
from consumer.mongo import bson
from consumer.mongo.current_products import Reading
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation.engine import Request


class Pim:
    """events: every change there will be, whenever it is published: its number says when it was written."""

    def __init__(self, events: Iterable[ProductEvent]) -> None:
        self._changes: dict[tuple[str, str], list[ProductEvent]] = defaultdict(list)
        for event in sorted(events, key=lambda event: event.sequence):
            self._changes[event.tenant, event.entity_code].append(event)
        self._newest = 0

    def happened(self, event: ProductEvent) -> None:
        """A change was published: it and all with smaller numbers have been written."""
        self._newest = max(self._newest, time_of(event.sequence)[1])

    def read(self, tenant: str, codes: Iterable[str]) -> Reading:
        """As `consumer.delivery.sweeper.Products`."""
        documents = {code: found for code in codes if (found := self._current(tenant, code))}
        return Reading((START, self._newest), documents)

    def _current(self, tenant: str, code: str) -> bytes | None:
        past = [event for event in self._changes[tenant, code] if time_of(event.sequence)[1] <= self._newest]
        product = past[-1].product if past else None
        return None if product is None else bson.encode(dict(product))


class SimulatedSweeper(Sweeper):
    """A sweeper that asks the PIM in simulated time instead of in a thread."""

    async def _judge(self, tenant: str, found: Sequence[Found], at: datetime) -> Judged:
        codes = {each.key.entity_code for each in found}
        reading = await Request(lambda: self._catalogue.products.read(tenant, codes), 0.01, 0.02)
        return judge(found, reading, at)
