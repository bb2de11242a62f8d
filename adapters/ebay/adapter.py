"""eBay as a channel: one seller on one marketplace.

`apply` sorts its commands by way (show whole, revise price and stock, revise stock alone, withdraw) and lets the ways
run side by side, in eBay's bulk calls of 25 where there are any. What a way does: `steps`. What eBay's errors mean:
`faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.base import AnswersAtOnce
from adapters.ebay import grammar, mapping, validation
from adapters.ebay.client import BULK_SIZE, EbayClient, Entry
from adapters.ebay.quotas import limits_of
from adapters.ebay.settings import EbayAccount
from adapters.ebay.steps import Steps
from adapters.ebay.work import Work
from adapters.errors import ConfigurationError, PermanentError, UnknownListingError
from adapters.model import (
    ChannelListing,
    Command,
    Listing,
    ListingPage,
    Money,
    Operation,
    Outcome,
    Problem,
    Rendered,
)

PARALLEL_CALLS = 8  # calls of one kind (whole listings, urgent ones, reads) that an account has in flight at once
_ON_SALE = frozenset({"ACTIVE", "OUT_OF_STOCK"})


class EbayAdapter(AnswersAtOnce):
    """Keeps the contract of `adapters.base.Adapter`.

    `apply` takes more than `batch_size` commands too, and splits them.
    """

    channel = "ebay"
    batch_size = BULK_SIZE

    def __init__(self, client: EbayClient, account: EbayAccount, *, parallel_calls: int = PARALLEL_CALLS) -> None:
        self._client = client
        self._account = account
        self.limits = limits_of(account.app_id)
        self._steps = Steps(client, account, parallel_calls)
        self._reads = asyncio.Semaphore(parallel_calls)

    async def close(self) -> None:
        """Release connections. Idempotent."""
        await self._client.close()

    async def test_connection(self) -> None:
        """Ask eBay for the three business policies and the location that the settings name.

        Policies of another marketplace pass every call up to publishing, so the marketplace is compared here.
        Raises ConfigurationError naming every setting at fault, AuthenticationError, TemporaryError.
        """
        account = self._account
        await self._client.check_credentials()
        complaints = [
            await self._policy_complaint("fulfillment", account.fulfillment_policy_id),
            await self._policy_complaint("payment", account.payment_policy_id),
            await self._policy_complaint("return", account.return_policy_id),
            await self._location_complaint(account.merchant_location_key),
        ]
        if any(complaints):
            raise ConfigurationError("; ".join(complaint for complaint in complaints if complaint))

    def fit(self, listing: Listing) -> Listing:
        """The listing with a description that eBay takes."""
        return grammar.fit(listing)

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything eBay is known to refuse about this listing."""
        return validation.validate(listing, self._account)

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing."""
        return mapping.render(listing, self._account)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do these commands of distinct SKUs; one outcome per command, in the same order."""
        works = [Work.of(command) for command in commands]
        by_operation: dict[Operation, list[Work]] = {operation: [] for operation in Operation}
        for work in works:
            by_operation[work.command.operation].append(work)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._steps.withdraw(by_operation[Operation.WITHDRAW]))
            group.create_task(self._steps.revise(by_operation[Operation.REVISE_OFFER]))
            group.create_task(self._steps.revise_stock(by_operation[Operation.REVISE_STOCK]))
            group.create_task(self._steps.show(by_operation[Operation.CREATE] + by_operation[Operation.REVISE_CONTENT]))
        return [work.outcome() for work in works]

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What eBay shows for these SKUs now: items in bulk, offers one by one. Raises AdapterError."""
        found: dict[str, ChannelListing] = {}
        for start in range(0, len(skus), BULK_SIZE):
            entries = await self._client.get_items(skus[start : start + BULK_SIZE])
            items = [entry for entry in entries if _is_there(entry)]
            offers = await asyncio.gather(*(self._offer_of(entry.sku) for entry in items))
            for entry, offer in zip(items, offers, strict=True):
                found[entry.sku] = _channel_listing(entry.sku, entry.body.get("inventoryItem") or {}, offer or {})
        return found

    async def list_listings(self, page: str = "") -> ListingPage:
        """A page of the seller's inventory items, each with its offer on this marketplace.

        Items without one are left out: they are for sale elsewhere, or nowhere. page: eBay's page number.
        """
        number = int(page or 0)
        items, more = await self._client.list_items(number)
        offers = await asyncio.gather(*(self._offer_of(str(item.get("sku") or "")) for item in items))
        listings = [
            _channel_listing(str(item["sku"]), item, offer)
            for item, offer in zip(items, offers, strict=True)
            if offer is not None
        ]
        return ListingPage(tuple(listings), str(number + 1) if more else "")

    async def _offer_of(self, sku: str) -> Mapping[str, Any] | None:
        async with self._reads:
            return await self._client.find_offer(sku)

    async def _policy_complaint(self, kind: str, policy_id: str) -> str:
        setting = f"EBAY_{kind.upper()}_POLICY_ID"
        if not policy_id:
            return f"{setting} is not set: copy the id of the {kind} policy from eBay's business policies"
        try:
            policy = await self._client.get_policy(kind, policy_id)
        except (PermanentError, ConfigurationError) as error:
            return f"{setting}: eBay knows no {kind} policy {policy_id} of this seller ({error.message})"
        if (marketplace := policy.get("marketplaceId")) != self._account.marketplace_id:
            return f"{setting}: policy {policy_id} is for {marketplace}, not for {self._account.marketplace_id}"
        return ""

    async def _location_complaint(self, key: str) -> str:
        if not key:
            return "EBAY_MERCHANT_LOCATION_KEY is not set: eBay lists nothing without a place the goods leave from"
        try:
            location = await self._client.get_location(key)
        except (PermanentError, ConfigurationError) as error:
            return f"EBAY_MERCHANT_LOCATION_KEY: eBay knows no location {key} of this seller ({error.message})"
        if location.get("merchantLocationStatus") == "DISABLED":
            return f"EBAY_MERCHANT_LOCATION_KEY: location {key} is disabled at eBay"
        return ""


def _is_there(entry: Entry) -> bool:
    """Whether eBay has this item. Raises any error that is not about its absence."""
    if entry.error is None:
        return True
    if isinstance(entry.error, UnknownListingError):
        return False
    raise entry.error


def _channel_listing(sku: str, item: Mapping[str, Any], offer: Mapping[str, Any]) -> ChannelListing:
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


def _gtins(product: Mapping[str, Any]) -> tuple[str, ...]:
    """An item's barcodes, without eBay's words for "it has none"."""
    found = [code for name in ("ean", "upc", "isbn") for code in product.get(name) or ()]
    return tuple(dict.fromkeys(code for code in found if isinstance(code, str) and code.isdigit()))


def _money(amount: Mapping[str, Any]) -> Money | None:
    try:
        return Money(Decimal(str(amount["value"])), str(amount["currency"]))
    except (KeyError, InvalidOperation):
        return None
