"""The PIM of the simulation: what was published last, or is about to be, read as of the newest change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from datetime import datetime

from consumer.delivery.judging import Judged, judge
from consumer.delivery.sweeper import Sweeper
from consumer.events import Operation, ProductEvent, Sequence, read_sequence, time_of
from consumer.listings.debts import Found
from consumer.mongo import bson
from consumer.mongo.current_products import Reading, Relatives
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

    def read(self, tenant: str, codes: Iterable[str], relatives: Relatives | None = None) -> Reading:
        """As `consumer.delivery.sweeper.Products`."""
        documents = {code: found for code in codes if (found := self._current(tenant, code))}
        for code in set(relatives(map(bson.decode, documents.values()))) - documents.keys() if relatives else ():
            if found := self._current(tenant, code):
                documents[code] = found
        return Reading((START, self._newest), documents)

    @property
    def time(self) -> Sequence:
        """The sequence of whatever is read now."""
        return read_sequence(START, self._newest)

    def read_all(self, tenant: str) -> list[ProductEvent]:
        """Every product there is now, as a reading brings it."""
        of_tenant = [self._past(changes) for (name, _), changes in self._changes.items() if name == tenant]
        return [
            replace(past[-1], id=f"{self.time}/{past[-1].entity_code}", operation=Operation.READ, sequence=self.time)
            for past in of_tenant
            if past and past[-1].product is not None
        ]

    def _past(self, changes: Iterable[ProductEvent]) -> list[ProductEvent]:
        return [event for event in changes if time_of(event.sequence)[1] <= self._newest]

    def _current(self, tenant: str, code: str) -> bytes | None:
        past = self._past(self._changes[tenant, code])
        product = past[-1].product if past else None
        return None if product is None else bson.encode(dict(product))


class SimulatedSweeper(Sweeper):
    """A sweeper that asks the PIM in simulated time instead of in a thread."""

    async def _judge(self, tenant: str, found: SequenceOf[Found], at: datetime) -> Judged:
        codes = {each.key.entity_code for each in found}
        reading = await Request(lambda: self._catalogue.products.read(tenant, codes), 0.01, 0.02)
        return judge(found, reading, at)
