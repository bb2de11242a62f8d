"""eBay's Inventory and Account APIs, one method for each call: typed entries and `AdapterError` out. Knows nothing of
listings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.ebay.calls import Calls, mapping_of, quoted
from adapters.ebay.faults import (
    entry_error,
    existing_offer,
    warnings_of,
)
from adapters.ebay.settings import EbayAccount
from adapters.errors import AdapterError, ChannelUnavailableError, UnknownListingError

PAGE_SIZE = 100  # items that getInventoryItems is asked for at once; it gives 200 at most
BULK_SIZE = 25  # entries that every bulk call of the Inventory API takes at most
_INVENTORY = "/sell/inventory/v1"
_ACCOUNT = "/sell/account/v1"
_ALREADY_PUBLISHED = 25402


@dataclass(frozen=True, slots=True)
class Entry:
    """What eBay says of one entry of a bulk call. existing_offer_id: the offer that was in the way of a new one."""

    sku: str = ""
    offer_id: str = ""
    listing_id: str = ""
    error: AdapterError | None = None
    warnings: tuple[str, ...] = ()
    existing_offer_id: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


class EbayClient:
    """Calls eBay for one account."""

    def __init__(self, calls: Calls, account: EbayAccount) -> None:
        self._calls = calls
        self._call = calls.call
        self._account = account

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._calls.close()

    async def check_credentials(self) -> None:
        """Have an access token, or raise what `TokenSource.token` raises."""
        await self._calls.check_credentials()

    async def replace_items(self, items: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkCreateOrReplaceInventoryItem: whole items; a live listing changes at once."""
        return await self._bulk("bulk_create_or_replace_inventory_item", items)

    async def create_offers(self, offers: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkCreateOffer: offers that are not published yet."""
        return await self._bulk("bulk_create_offer", offers)

    async def publish_offers(self, offer_ids: Iterable[str]) -> list[Entry]:
        """bulkPublishOffer. A published one keeps its listing and says so in a remark, which is left out here."""
        requests = [{"offerId": offer_id} for offer_id in offer_ids]
        return await self._bulk("bulk_publish_offer", requests, unsaid=(_ALREADY_PUBLISHED,))

    async def revise_prices_and_quantities(self, entries: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkUpdatePriceQuantity: published offers only. Answers one entry per offer."""
        return await self._bulk("bulk_update_price_quantity", entries)

    async def get_items(self, skus: Iterable[str]) -> list[Entry]:
        """bulkGetInventoryItem; the item is the body's `inventoryItem`."""
        return await self._bulk("bulk_get_inventory_item", [{"sku": sku} for sku in skus], harmless=True)

    async def list_items(self, page: int) -> tuple[list[Mapping[str, Any]], bool]:
        """getInventoryItems: one page of the seller's items, from 0, and whether there is another."""
        answer = await self._call("GET", f"{_INVENTORY}/inventory_item?limit={PAGE_SIZE}&offset={page}")
        body = mapping_of(answer)
        total = body.get("total")
        items = body.get("inventoryItems", [] if total == 0 else None)
        if not isinstance(items, list) or not isinstance(total, int):
            # Not to be taken for an account without items.
            words = f"eBay: getInventoryItems was answered without items or their number: {answer.excerpt}"
            raise ChannelUnavailableError(words, status=answer.status)
        return [item for item in items if isinstance(item, Mapping)], (page + 1) * PAGE_SIZE < total

    async def update_offer(self, offer_id: str, offer: Mapping[str, Any]) -> tuple[str, ...]:
        """updateOffer: replaces the whole offer. Returns eBay's remarks. UnknownListingError when it does not exist."""
        answer = await self._call("PUT", f"{_INVENTORY}/offer/{quoted(offer_id)}", offer)
        return warnings_of(answer.json(), answer)

    async def withdraw_offer(self, offer_id: str) -> tuple[str, ...]:
        """withdrawOffer: ends the listing, keeps the offer unpublished. Returns eBay's remarks."""
        answer = await self._call("POST", f"{_INVENTORY}/offer/{quoted(offer_id)}/withdraw", {})
        return warnings_of(answer.json(), answer)

    async def replace_group(self, key: str, group: Mapping[str, Any]) -> tuple[str, ...]:
        """createOrReplaceInventoryItemGroup: the whole group; a live one changes at once. Returns eBay's remarks."""
        answer = await self._call("PUT", f"{_INVENTORY}/inventory_item_group/{quoted(key)}", group)
        return warnings_of(answer.json(), answer)

    async def publish_group(self, key: str) -> tuple[str, tuple[str, ...]]:
        """publishOfferByInventoryItemGroup: the listing's id and eBay's remarks. What is published stays as it is."""
        answer = await self._call("POST", f"{_INVENTORY}/offer/publish_by_inventory_item_group", self._place(key))
        listing_id = str(mapping_of(answer).get("listingId") or "")
        return listing_id, warnings_of(answer.json(), answer, without=(_ALREADY_PUBLISHED,))

    async def withdraw_group(self, key: str) -> tuple[str, ...]:
        """withdrawOfferByInventoryItemGroup: ends the listing; group and offers stay. Returns eBay's remarks."""
        answer = await self._call("POST", f"{_INVENTORY}/offer/withdraw_by_inventory_item_group", self._place(key))
        return warnings_of(answer.json(), answer)

    async def delete_group(self, key: str) -> None:
        """deleteInventoryItemGroup. UnknownListingError when it does not exist."""
        await self._call("DELETE", f"{_INVENTORY}/inventory_item_group/{quoted(key)}")

    async def find_group(self, key: str) -> Mapping[str, Any] | None:
        """getInventoryItemGroup: None if there is none."""
        try:
            return mapping_of(await self._call("GET", f"{_INVENTORY}/inventory_item_group/{quoted(key)}"))
        except UnknownListingError:
            return None

    async def find_offer(self, sku: str) -> Mapping[str, Any] | None:
        """getOffers: the fixed-price offer of this SKU on the account's marketplace, None if there is none."""
        marketplace = self._account.marketplace_id
        query = f"sku={quoted(sku)}&marketplace_id={marketplace}&format=FIXED_PRICE"
        try:
            answer = await self._call("GET", f"{_INVENTORY}/offer?{query}")
        except UnknownListingError:
            return None
        body = answer.json()
        offers = body.get("offers") if isinstance(body, Mapping) else None
        for offer in offers or ():
            same_place = offer.get("marketplaceId", marketplace) == marketplace
            if same_place and offer.get("format", "FIXED_PRICE") == "FIXED_PRICE" and offer.get("offerId"):
                return dict(offer)
        return None

    async def get_policy(self, kind: str, policy_id: str) -> Mapping[str, Any]:
        """getFulfillmentPolicy, getPaymentPolicy or getReturnPolicy. kind: fulfillment, payment or return."""
        return mapping_of(await self._call("GET", f"{_ACCOUNT}/{kind}_policy/{quoted(policy_id)}"))

    async def find_policy(self, kind: str, name: str) -> Mapping[str, Any]:
        """get…PolicyByName, on the account's marketplace."""
        query = f"marketplace_id={self._account.marketplace_id}&name={quoted(name)}"
        return mapping_of(await self._call("GET", f"{_ACCOUNT}/{kind}_policy/get_by_policy_name?{query}"))

    async def create_location(self, key: str, location: Mapping[str, Any]) -> None:
        """createInventoryLocation. 25803 when there is one with this key."""
        await self._call("POST", f"{_INVENTORY}/location/{quoted(key)}", location)

    async def get_location(self, key: str) -> Mapping[str, Any]:
        """getInventoryLocation."""
        return mapping_of(await self._call("GET", f"{_INVENTORY}/location/{quoted(key)}"))

    def _place(self, key: str) -> Mapping[str, str]:
        return {"inventoryItemGroupKey": key, "marketplaceId": self._account.marketplace_id}

    async def _bulk(
        self,
        operation: str,
        requests: Sequence[Mapping[str, Any]],
        *,
        harmless: bool = False,
        unsaid: Iterable[int] = (),
    ) -> list[Entry]:
        answer = await self._call("POST", f"{_INVENTORY}/{operation}", {"requests": requests}, harmless=harmless)
        body = answer.json()
        entries = body.get("responses") if isinstance(body, Mapping) else None
        if not isinstance(entries, list):
            raise ChannelUnavailableError(
                f"eBay: {operation} was answered without results: {answer.excerpt}",
                status=answer.status,
                effect_unknown=not harmless,
            )
        return [
            Entry(
                sku=str(entry.get("sku") or ""),
                offer_id=str(entry.get("offerId") or ""),
                listing_id=str(entry.get("listingId") or ""),
                error=entry_error(entry, answer, writes=not harmless),
                warnings=warnings_of(entry, answer, without=unsaid),
                existing_offer_id=existing_offer(entry),
                body=entry,
            )
            for entry in entries
            if isinstance(entry, Mapping)
        ]
