"""A tenant's products as they are now, read to be looked at: nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol

from adapters.values import replace
from consumer import events
from consumer.control.pim_states import PimStates
from consumer.control.targets import State
from consumer.errors import MarketsyncError
from consumer.events import Kin, ProductEvent
from consumer.listings.kinship import parent_of, relatives_of
from consumer.mongo import Database, Document
from consumer.mongo.documents import decode_leniently
from consumer.mongo.pim import id_key
from consumer.mongo.products import IdRange, current, read_chunk
from consumer.mongo.tenant_products import TenantProducts


class Sold(Protocol):
    """Which products were sold in groups, when they were planned last."""

    async def __call__(self, parents: Collection[str], /) -> Sequence[tuple[str, str]]:
        """(parent, entity code), of these parents. Raises PyMongoError."""


async def sold_nowhere(_parents: Collection[str], /) -> Sequence[tuple[str, str]]:
    """Nothing was planned so far."""
    return ()


class Catalogue:
    """Reads the PIM. chunk: products per read. What cannot be an event is logged and left out, as in a resync."""

    def __init__(self, products: TenantProducts, states: PimStates, *, chunk: int) -> None:
        self._products = products
        self._states = states
        self._chunk = chunk

    async def chunks(self, tenant: str, sold: Sold = sold_nowhere) -> AsyncIterator[list[ProductEvent]]:
        """All current products along `_id`, each chunk as it was at one time. Raises PyMongoError, MarketsyncError."""
        database = await asyncio.to_thread(self._database, tenant)
        last = b""
        while True:
            place = IdRange(last=last)
            chunk = await asyncio.to_thread(read_chunk, database, place, condition=current(), size=self._chunk)
            if chunk.time is None or not chunk.documents:
                return
            states, _ = self._states.read(database.name, chunk.time, chunk.documents)
            yield await self._with_kin(tenant, _events(states), sold)
            last = id_key(decode_leniently(chunk.documents[-1])["_id"])

    async def find(self, tenant: str, codes: Sequence[str], sold: Sold = sold_nowhere) -> list[ProductEvent]:
        """These products; one that is gone comes as deleted. Raises PyMongoError, MarketsyncError."""
        reading = await asyncio.to_thread(self._products.read, tenant, codes)
        if reading is None:
            raise _no_tenant(tenant)
        name = (await asyncio.to_thread(self._database, tenant)).name
        states, _ = self._states.read(name, reading.time, reading.documents.values())
        gone = set(codes) - set(reading.documents) if reading.complete and not reading.empty else set()
        found = _events([*states, *self._states.gone(name, reading.time, sorted(gone))])
        return await self._with_kin(tenant, found, sold)

    async def _with_kin(self, tenant: str, found: list[ProductEvent], sold: Sold) -> list[ProductEvent]:
        """Those that have relatives, with them, read a moment later: the parent, the variants that it lists, and those
        that were sold in its group last, as deliveries know them; a variant may name a parent that does not list it.
        """
        codes = {event.entity_code: {*relatives_of(event.product)} for event in found if event.product is not None}
        for parent, code in await sold(codes):
            codes[parent].add(code)
        related = set().union(*codes.values())
        if not related:
            return found
        reading = await asyncio.to_thread(self._products.read, tenant, related)
        if reading is None:
            raise _no_tenant(tenant)
        name = (await asyncio.to_thread(self._database, tenant)).name
        states, _ = self._states.read(name, reading.time, reading.documents.values())
        documents = {event.entity_code: event.product for event in _events(states) if event.product is not None}
        return [_related(event, codes.get(event.entity_code, set()), documents) for event in found]

    def _database(self, tenant: str) -> Database[Document]:
        database = self._products.database(tenant)
        if database is None:
            raise _no_tenant(tenant)
        return database


def _events(states: Sequence[State]) -> list[ProductEvent]:
    """By the way every event takes, so that what is looked at is what would be delivered."""
    return [events.decode(state.key, state.value, state.headers) for state in states]


def _related(event: ProductEvent, codes: set[str], documents: Mapping[str, Mapping[str, Any]]) -> ProductEvent:
    if event.product is None or not codes:
        return event
    parent = parent_of(event.product)
    variants = [documents[code] for code in sorted(codes & documents.keys())]
    own = tuple(each for each in variants if parent_of(each) == event.entity_code)
    return replace(event, kin=Kin(own, parent is None or parent in documents))


def _no_tenant(tenant: str) -> MarketsyncError:
    return MarketsyncError(f"there is no tenant {tenant}, or it is suspended")
