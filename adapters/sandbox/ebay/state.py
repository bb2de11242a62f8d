"""One seller's items, offers, listings and locations, in memory. Documents are replaced whole and never changed in
place, so keeping a reference is keeping a state."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.sandbox.ebay.errors import Json
from adapters.sandbox.ebay.world import DEFAULT_LOCATION, Rules, Seller, default_location, policies_of

_DAY = 86_400


@dataclass(slots=True)
class Item:
    """An inventory item. document: as it was last sent, with nothing kept of what was there before."""

    sku: str
    locale: str
    document: Json

    @property
    def product(self) -> Json:
        """The product part, empty if absent."""
        return self.document.get("product") or {}

    @property
    def quantity(self) -> int | None:
        """Pieces in total, None when the last write left it out."""
        availability = self.document.get("availability") or {}
        ship_to = availability.get("shipToLocationAvailability") or {}
        quantity: int | None = ship_to.get("quantity")
        return quantity


@dataclass(slots=True)
class Tally:
    """Revisions of one listing on the calendar day counted last. The variations of a group share theirs."""

    day: int = 0
    revisions: int = 0


@dataclass(slots=True)
class Listing:
    """What a buyer can see of a published offer. content: all but the quantity, as shown since the last revision.

    hidden: accepted and never shown. group: the key of the group whose listing it is part of. sold: pieces sold.
    """

    listing_id: str
    content: Json
    hidden: bool = False
    group: str = ""
    sold: int = 0
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Group:
    """An inventory item group. document: as it was last sent. listing_id: of its live listing, "" = there is none."""

    key: str
    locale: str
    document: Json
    listing_id: str = ""
    tally: Tally = field(default_factory=Tally)

    @property
    def skus(self) -> list[str]:
        """Its members, in the order in which they were sent."""
        return list(self.document.get("variantSKUs") or ())


@dataclass(slots=True)
class Offer:
    """An offer; listing is None while it is unpublished."""

    offer_id: str
    sku: str
    marketplace: str
    format: str
    document: Json
    listing: Listing | None = None

    @property
    def price(self) -> Json:
        """The price part {value, currency}, empty if absent."""
        price: Json = (self.document.get("pricingSummary") or {}).get("price") or {}
        return price


@dataclass(slots=True)
class Numbers:
    """Ids that eBay gives out, shared by all sellers."""

    offers: Iterator[int] = field(default_factory=lambda: itertools.count(5_000_000_001))
    listings: Iterator[int] = field(default_factory=lambda: itertools.count(110_000_000_001))
    orders: Iterator[int] = field(default_factory=lambda: itertools.count(1))


@dataclass(slots=True)
class Memento:
    """Copies of one SKU's records, to take an effect back."""

    item: Item | None
    offers: list[Offer]


class Shop:
    """All data of one seller. clock: seconds since the epoch."""

    def __init__(self, seller: Seller, rules: Rules, *, numbers: Numbers, clock: Callable[[], float]) -> None:
        self.seller = seller
        self.rules = rules
        self.numbers = numbers
        self.clock = clock
        self.items: dict[str, Item] = {}
        self.offers: dict[str, Offer] = {}
        self.offer_ids: dict[str, list[str]] = {}
        self.groups: dict[str, Group] = {}
        self._group_keys: dict[str, str] = {}
        self.orders: dict[str, Json] = {}
        self.parcels: dict[str, list[Json]] = {}
        self.pictures: dict[str, Any] = {}
        self.uploads: list[float] = []
        self.policies = policies_of(seller)
        self.locations: dict[str, Json] = {DEFAULT_LOCATION: default_location()}

    @property
    def today(self) -> int:
        """The calendar day, as a number."""
        return int(self.clock() // _DAY)

    def offers_of(self, sku: str) -> list[Offer]:
        """Every offer of a SKU, oldest first."""
        return [self.offers[offer_id] for offer_id in self.offer_ids.get(sku, ())]

    def live_offers_of(self, sku: str) -> list[Offer]:
        """The published offers of a SKU."""
        return [offer for offer in self.offers_of(sku) if offer.listing is not None]

    def group_of(self, sku: str) -> Group | None:
        """The group that a SKU is a member of; there is one at most."""
        key = self._group_keys.get(sku)
        return None if key is None else self.groups[key]

    def put_group(self, group: Group) -> None:
        """Keep a group in place of the one with its key."""
        self.remove_group(group.key)
        self.groups[group.key] = group
        self._group_keys.update(dict.fromkeys(group.skus, group.key))

    def remove_group(self, key: str) -> None:
        """Forget a group; its items stay."""
        old = self.groups.pop(key, None)
        for sku in old.skus if old else ():
            del self._group_keys[sku]

    def offer_of(self, sku: str, marketplace: str, offer_format: str) -> Offer | None:
        """The one offer that may exist for this combination."""
        for offer in self.offers_of(sku):
            if offer.marketplace == marketplace and offer.format == offer_format:
                return offer
        return None

    def add_offer(self, offer: Offer) -> None:
        """Keep a new offer."""
        self.offers[offer.offer_id] = offer
        self.offer_ids.setdefault(offer.sku, []).append(offer.offer_id)

    def remove_offer(self, offer: Offer) -> None:
        """Forget an offer and with it its listing."""
        del self.offers[offer.offer_id]
        remaining = self.offer_ids[offer.sku]
        remaining.remove(offer.offer_id)
        if not remaining:
            del self.offer_ids[offer.sku]

    def shown_quantity(self, offer: Offer) -> int:
        """Pieces a buyer can order: the smaller of item and offer; a quantity that the item lost counts as 0."""
        item = self.items.get(offer.sku)
        total = (item.quantity if item else None) or 0
        here = offer.document.get("availableQuantity")
        return max(0, total if here is None else min(total, here))

    def remember(self, sku: str) -> Memento:
        """The SKU's records as they are now."""
        offers = [replace(o, listing=replace(o.listing) if o.listing else None) for o in self.offers_of(sku)]
        item = self.items.get(sku)
        return Memento(item=item, offers=offers)

    def restore(self, sku: str, memento: Memento) -> None:
        """Make the SKU's records what they were."""
        for offer in self.offers_of(sku):
            self.remove_offer(offer)
        self.items.pop(sku, None)
        if memento.item is not None:
            self.items[sku] = memento.item
        for offer in memento.offers:
            self.add_offer(offer)
