"""Asks, for products that are or were part of a group, which other listings of the account show them still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from consumer import events
from consumer.delivery.planning import Seller
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.events import ProductEvent
from consumer.listings.holders import Holder, Place, taken_from
from consumer.listings.kinship import parent_of, sku_of
from consumer.listings.state import ListingState

Taken = Mapping[str, Mapping[str, str]]
"""Listing id → SKU → entity code of another listing that shows it."""


class Holding(Protocol):
    """Who knows what is shown: `consumer.listings.holders.Holders`."""

    async def of(self, place: Place, products: Mapping[str, str]) -> Iterable[Holder]:
        """Raises PyMongoError."""


class Holdings:
    """One channel's. holding: None = nobody is asked, where no account sells groups."""

    def __init__(self, holding: Holding | None = None) -> None:
        self._holding = holding

    async def taken(
        self, works: Sequence[Work], states: Mapping[str, ListingState], sellers: Mapping[AccountKey, Seller]
    ) -> Taken:
        """For each listing of which it matters. Raises PyMongoError."""
        if self._holding is None:
            return {}
        asks: dict[Place, dict[str, dict[str, str]]] = defaultdict(dict)
        for work in works:
            products = _products(work, states.get(str(work.key)), sellers[account_of(work.key)])
            if products:
                asks[(work.key.channel, work.key.tenant, work.key.account)][str(work.key)] = products
        codes = {str(work.key): work.key.entity_code for work in works}
        taken: dict[str, Mapping[str, str]] = {}
        for place, of_listings in asks.items():
            every = {code: sku for products in of_listings.values() for code, sku in products.items()}
            holders = list(await self._holding.of(place, every))
            taken |= {asked: taken_from(holders, codes[asked], products) for asked, products in of_listings.items()}
        return taken


def _products(work: Work, state: ListingState | None, seller: Seller) -> dict[str, str]:
    """Entity code → SKU of what the listing may be about to show; empty where nobody else can show it."""
    group = "" if state is None else state.group
    # A group that was read ahead of this product's events may show it before it comes up here.
    appears = state is None or not state.maybe_live
    if not group and not (seller.account.sells_groups and (work.kin or appears)):
        return {}
    event = events.decode(work.record.key, work.record.value, work.record.headers)
    if not work.kin and event.product is not None:
        parent = parent_of(event.product)
        if parent is not None and parent == (group or parent):
            return {}  # it is a variant and shows nothing of its own, or its relatives are read first
    return dict(_shown_by(event))


def _shown_by(event: ProductEvent) -> Iterable[tuple[str, str]]:
    if event.product is not None:
        yield event.entity_code, sku_of(event.product) or event.entity_code
    for variant in event.kin.variants if event.kin is not None else ():
        code = variant.get("entity_code")
        if isinstance(code, str):
            yield code, sku_of(variant) or code
