"""`marketsync preview`, put together: one product, or the whole catalogue of an account. Nothing is sent or stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from adapters.registry import make_adapter
from consumer.bootstrap.choosing import id_of
from consumer.bootstrap.control import now
from consumer.bootstrap.start import named_databases, topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.capture.records import RecordWriter
from consumer.control.catalogue import Catalogue, Sold
from consumer.control.checking import Rehearser, learn_for, products_of
from consumer.control.pim_states import PimStates
from consumer.control.preview import Preview, held, preview
from consumer.control.rehearsal import Rehearsal
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.listings.accounts import Account
from consumer.listings.brakes.store import COLLECTION as BRAKES
from consumer.listings.brakes.store import BrakeStore, Place
from consumer.listings.history import COLLECTION as HISTORY
from consumer.listings.history import HistoryStore
from consumer.listings.holders import Holders
from consumer.listings.owed import moment
from consumer.listings.state import ListingKey
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import AsyncDatabase, Document, PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class WholePreview:
    """What going live would do to an account. shown: listings it has on the channel now. at: seconds since 1970."""

    account: Account
    rehearsal: Rehearsal
    shown: int
    at: float


def preview_product(settings: Settings, endpoints: Endpoints, account: Account, code: str) -> Preview:
    """One product. Raises MarketsyncError where there is no such product and never was, or MongoDB fails."""
    return asyncio.run(_one(settings, endpoints, account, code))


def preview_all(
    settings: Settings, endpoints: Endpoints, account: Account, watch: Callable[[int], None]
) -> WholePreview:
    """All products. watch: is told how many have been looked at. Raises MarketsyncError."""
    return asyncio.run(_all(settings, endpoints, account, watch))


@contextmanager
def catalogue(settings: Settings, endpoints: Endpoints) -> Iterator[Catalogue]:
    """The PIM's products. Raises UnavailableError where MongoDB fails inside."""
    databases = {database: tenant for tenant, database in named_databases(settings).items()}
    writer = RecordWriter(topic_names(settings), limit=settings.topics.max_message_bytes, tenants=databases)
    with tenant_products(settings, endpoints) as products:
        try:
            yield Catalogue(products, PimStates(writer), chunk=settings.capture.snapshot_chunk)
        except PyMongoError as error:
            raise unavailable(error) from error


async def _one(settings: Settings, endpoints: Endpoints, account: Account, code: str) -> Preview:
    adapter = make_adapter(account.channel, account.settings)
    with catalogue(settings, endpoints) as products:
        async with connect_async(endpoints.mongodb_uri) as client:
            listings = ListingStore(client[settings.place.database][COLLECTION], settings.topics.partitions)
            listing_id = account.listing_id(code)
            state = (await listings.load([listing_id])).get(listing_id)
            last = await HistoryStore(client[settings.place.database][HISTORY]).accepted_content(listing_id)
            found = await products.find(account.tenant, [code], sold_of(client[settings.place.database], account))
            ledger = await _brakes(client[settings.place.database]).ledger(_place(account))
    if not found or (found[0].product is None and state is None):
        raise MarketsyncError(f"{account.tenant} has no product {code!r}, and {id_of(account)} has no listing of it")
    try:
        content, at = None if last is None else json.loads(last), moment(now())
        await learn_for(products_of(found, account), account, adapter, at)
        seen = preview(found[0], state, account, adapter, at, content)
        seen = await Rehearser(account, adapter, at, most=1).ask(seen, found[0])
        return replace(seen, held=held(seen, account, ledger, now()))
    finally:
        await adapter.close()


def sold_of(database: AsyncDatabase[Document], account: Account) -> Sold:
    """What was sold in groups on the account, as its deliveries know it."""
    place = (account.channel, account.tenant, account.name)
    return partial(Holders(database[COLLECTION]).variants, place)


def _brakes(database: AsyncDatabase[Document]) -> BrakeStore:
    return BrakeStore(database[BRAKES], database[COLLECTION])


def _place(account: Account) -> Place:
    return Place(account.channel, account.tenant, account.name)


async def _all(
    settings: Settings, endpoints: Endpoints, account: Account, watch: Callable[[int], None]
) -> WholePreview:
    adapter = make_adapter(account.channel, account.settings)
    rehearsal, at = Rehearsal(), now()
    rehearser = Rehearser(account, adapter, moment(at))
    met: set[str] = set()
    with catalogue(settings, endpoints) as products:
        async with connect_async(endpoints.mongodb_uri) as client:
            listings = ListingStore(client[settings.place.database][COLLECTION], settings.topics.partitions)
            async for events in products.chunks(account.tenant, sold_of(client[settings.place.database], account)):
                ids = {event.entity_code: account.listing_id(event.entity_code) for event in events}
                states = await listings.load(list(ids.values()))
                await learn_for(products_of(events, account), account, adapter, moment(at))
                for event in events:
                    state = states.get(ids[event.entity_code])
                    seen = preview(event, state, account, adapter, moment(at))
                    rehearsal.add(await rehearser.ask(seen, event))
                met.update(ids.values())
                watch(len(met))
            shown = await listings.shown(account.channel, account.tenant, account.name)
    rehearsal.vanished(ListingKey.parse(one).entity_code for one in shown if one not in met)
    await adapter.close()
    return WholePreview(account, rehearsal, len(shown), at)
