"""What eBay itself says of an account's listings: items in bulk, offers one by one, groups with their members."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from adapters.ebay.client import BULK_SIZE, EbayClient, Entry
from adapters.ebay.work import OFFERS
from adapters.errors import UnknownListingError
from adapters.model import ChannelListing, ListingPage, Money

_ON_SALE = frozenset({"ACTIVE", "OUT_OF_STOCK"})
Json = Mapping[str, Any]


class Reading:
    """Reads for one account. parallel_calls: reads under way at once."""

    def __init__(self, client: EbayClient, parallel_calls: int) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(parallel_calls)

    async def read(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What is shown under these SKUs now; a SKU that is no live item may be the key of a group."""
        found = {listing.sku: listing for listing in await self._items(skus)}
        others = [sku for sku in skus if sku not in found or not found[sku].live]
        for group in await asyncio.gather(*(self._group(key) for key in others)):
            if group is not None and (group.live or group.sku not in found):
                found[group.sku] = group
        return found

    async def page(self, number: int) -> ListingPage:
        """Items of one page, each with its offer on this marketplace; items without one are for sale elsewhere, or
        nowhere. A group stands on the page of its first member."""
        items, more = await self._client.list_items(number)
        keys = {str(item.get("sku") or ""): _group_keys(item) for item in items}
        alone = [item for item in items if not keys[str(item.get("sku") or "")]]
        offers = await asyncio.gather(*(self._offer(str(item.get("sku") or "")) for item in alone))
        listings = [
            channel_listing(str(item["sku"]), item, offer)
            for item, offer in zip(alone, offers, strict=True)
            if offer is not None
        ]
        found = {key for some in keys.values() for key in some}
        for group in await asyncio.gather(*(self._client.find_group(key) for key in sorted(found))):
            members = _members(group)
            if group is not None and members and members[0] in keys:
                listings += [one for one in [await self._shown(group, members)] if one.references]
        return ListingPage(tuple(listings), str(number + 1) if more else "")

    async def _items(self, skus: Sequence[str]) -> list[ChannelListing]:
        found: list[ChannelListing] = []
        for start in range(0, len(skus), BULK_SIZE):
            entries = await self._client.get_items(skus[start : start + BULK_SIZE])
            items = [entry for entry in entries if _is_there(entry)]
            offers = await asyncio.gather(*(self._offer(entry.sku) for entry in items))
            found += [
                channel_listing(entry.sku, entry.body.get("inventoryItem") or {}, offer or {})
                for entry, offer in zip(items, offers, strict=True)
            ]
        return found

    async def _group(self, key: str) -> ChannelListing | None:
        async with self._gate:
            group = await self._client.find_group(key)
        return None if group is None else await self._shown(group, _members(group))

    async def _shown(self, group: Json, skus: Sequence[str]) -> ChannelListing:
        """A group by its members. It is live when one of them is: a listing has all of them or none."""
        members = await self._items(skus)
        live = [member for member in members if member.live]
        offers = {member.sku: member.references["offer_id"] for member in members if "offer_id" in member.references}
        references = {OFFERS: orjson.dumps(offers).decode()} if offers else {}
        listing_ids = [member.references["listing_id"] for member in live if "listing_id" in member.references]
        return ChannelListing(
            sku=str(group.get("inventoryItemGroupKey") or ""),
            live=bool(live),
            title=str(group.get("title") or ""),
            price=None,
            quantity=None,
            references={**references, **({"listing_id": listing_ids[0]} if listing_ids else {})},
            variants=tuple(members),
        )

    async def _offer(self, sku: str) -> Json | None:
        async with self._gate:
            return await self._client.find_offer(sku)


def channel_listing(sku: str, item: Json, offer: Json) -> ChannelListing:
    """An item and its offer as one listing; both may be empty."""
    shown = offer.get("listing") or {}
    quantities = [
        quantity
        for quantity in (
            ((item.get("availability") or {}).get("shipToLocationAvailability") or {}).get("quantity"),
            offer.get("availableQuantity"),
        )
        if isinstance(quantity, int)
    ]
    references = {"offer_id": offer.get("offerId"), "listing_id": shown.get("listingId")}
    return ChannelListing(
        sku=sku,
        live=offer.get("status") == "PUBLISHED" and shown.get("listingStatus", "ACTIVE") in _ON_SALE,
        title=str((item.get("product") or {}).get("title") or ""),
        price=_money((offer.get("pricingSummary") or {}).get("price") or {}),
        quantity=min(quantities, default=None),
        references={name: str(value) for name, value in references.items() if value},
        gtins=_gtins(item.get("product") or {}),
    )


def _is_there(entry: Entry) -> bool:
    """Whether eBay has this item. Raises any error that is not about its absence."""
    if entry.error is None:
        return True
    if isinstance(entry.error, UnknownListingError):
        return False
    raise entry.error


def _group_keys(item: Json) -> list[str]:
    keys: Iterable[Any] = item.get("inventoryItemGroupKeys") or item.get("groupIds") or ()
    return [str(key) for key in keys if key]


def _members(group: Json | None) -> list[str]:
    return [str(sku) for sku in (group or {}).get("variantSKUs") or ()]


def _gtins(product: Json) -> tuple[str, ...]:
    """An item's barcodes, without eBay's words for "it has none"."""
    found = [code for name in ("ean", "upc", "isbn") for code in product.get(name) or ()]
    return tuple(dict.fromkeys(code for code in found if isinstance(code, str) and code.isdigit()))


def _money(amount: Json) -> Money | None:
    try:
        return Money(Decimal(str(amount["value"])), str(amount["currency"]))
    except (KeyError, InvalidOperation):
        return None
