"""All data of one seller, and the catalogue that all sellers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.feed_desk import FeedDesk
from adapters.sandbox.amazon.judgement import Attributes, of_catalogue
from adapters.sandbox.amazon.listing import Listing, value_of
from adapters.sandbox.amazon.notices import Notices
from adapters.sandbox.amazon.product_types import Definitions
from adapters.sandbox.amazon.world import Rules, Seller

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Catalogue:
    """What sellers share. Products by ASIN: whoever offers the same barcode offers the same product, under the first
    one's brand. destinations: queues for notifications, by application."""

    def __init__(self) -> None:
        self.brands: dict[str, str] = {}
        self.destinations: dict[str, dict[str, Json]] = {}
        self.shops: list[Shop] = []

    def asin(self, attributes: Attributes, own: str) -> str:
        """The product that these attributes mean. own: what stands for a product without a barcode."""
        suggested = value_of(attributes, "merchant_suggested_asin")
        code = value_of(attributes, "externally_assigned_product_identifier")
        asin = str(suggested or _asin(str(code or own)))
        self.brands.setdefault(asin, str(value_of(attributes, "brand") or ""))
        return asin


class Shop:
    """One seller's listings by SKU and marketplace. clock: seconds since the epoch.

    fba: stock that Amazon keeps for the seller, by SKU: no call changes it.
    """

    def __init__(
        self,
        seller: Seller,
        rules: Rules,
        *,
        clock: Callable[[], float],
        catalogue: Catalogue,
        definitions: Definitions,
    ) -> None:
        self.seller = seller
        self.rules = rules
        self.clock = clock
        self.catalogue = catalogue
        self.definitions = definitions
        self.items: dict[str, dict[str, Listing]] = {}
        self.fba: dict[str, int] = {}
        self.orders: dict[str, Json] = {}
        self.notices = Notices(seller, clock)
        self.feeds = FeedDesk(seller, clock)

    def find(self, sku: str, marketplace: str) -> Listing | None:
        """The listing as it is by now, None where there is none (any more)."""
        listing = self.items.get(sku, {}).get(marketplace)
        if listing is None:
            return None
        listing.settle(self.clock())
        if listing.gone:
            self._forget(listing)
            return None
        return listing

    def all(self) -> Iterator[Listing]:
        """Every listing that is there by now."""
        for sku, places in list(self.items.items()):
            for marketplace in list(places):
                listing = self.find(sku, marketplace)
                if listing is not None:
                    yield listing

    def submit(
        self, sku: str, marketplace: str, attributes: Attributes, product_type: str, requirements: str
    ) -> Listing:
        """Accept what a listing shall be; it comes true later."""
        now, rules = self.clock(), self.rules
        attributes = self._without_amazons_stock(sku, attributes)
        listing = self.find(sku, marketplace)
        if listing is None:
            asin = self.catalogue.asin(attributes, f"{self.seller.merchant_id}/{sku}")
            listing = Listing(sku, marketplace, product_type, requirements, asin, now, now)
            self.items.setdefault(sku, {})[marketplace] = listing
        due = now + rules.revised_after
        if listing.attributes is None:
            listing.discoverable = due = now + rules.discoverable_after
            listing.buyable = now + rules.buyable_after
            listing.silent, listing.blemish = False, None
        listing.attributes, listing.updated, listing.judged = attributes, now, now + rules.judged_after
        listing.product_type, listing.requirements = product_type, requirements
        listing.pending.append((due, attributes))
        listing.settle(now)
        self.notices.submitted(listing, due)
        return listing

    def delete(self, listing: Listing) -> None:
        """Accept a deletion; it comes true later."""
        due = self.clock() + self.rules.revised_after
        listing.attributes = None
        listing.pending.append((due, None))
        self.notices.deleted(listing, due)
        self.find(listing.sku, listing.marketplace)

    def issues(self, listing: Listing) -> list[Json]:
        """What the catalogue has found by now."""
        if listing.attributes is None or self.clock() < listing.judged:
            return []
        found = of_catalogue(
            listing.attributes,
            brand=self.catalogue.brands.get(listing.asin, ""),
            requirements=listing.requirements,
            parent_exists=lambda sku: self.find(sku, listing.marketplace) is not None,
        )
        blemish = [listing.blemish] if listing.blemish else []
        return [{**one, "marketplaceIds": [listing.marketplace]} for one in (*found, *blemish)]

    def status(self, listing: Listing) -> list[str]:
        """BUYABLE and DISCOVERABLE, as far as they are true now."""
        return listing.status(self.clock(), self.issues(listing))

    def stock(self, sku: str, attributes: Attributes) -> list[Json]:
        """Stock by fulfilment channel: Amazon's own, where Amazon keeps it."""
        if sku in self.fba:
            return [{"fulfillmentChannelCode": "AMAZON_EU", "quantity": self.fba[sku]}]
        return [
            {"fulfillmentChannelCode": one["fulfillment_channel_code"], **_quantity(one)}
            for one in attributes.get("fulfillment_availability", ())
        ]

    def _without_amazons_stock(self, sku: str, attributes: Attributes) -> Attributes:
        """The seller's own number for stock that Amazon keeps is accepted and does nothing."""
        if sku not in self.fba:
            return attributes
        kept = [{"fulfillment_channel_code": "AMAZON_EU"}]
        return {**attributes, "fulfillment_availability": kept}

    def _forget(self, listing: Listing) -> None:
        places = self.items[listing.sku]
        del places[listing.marketplace]
        if not places:
            del self.items[listing.sku]


def _quantity(stock: Mapping[str, int]) -> Json:
    return {"quantity": stock["quantity"]} if "quantity" in stock else {}


def _asin(text: str) -> str:
    number = int.from_bytes(sha256(text.encode()).digest()[:8])
    signs = ""
    for _ in range(8):
        number, rest = divmod(number, len(_ALPHABET))
        signs += _ALPHABET[rest]
    return f"B0{signs}"
