"""Listing -> eBay's documents. Pure, and equal listings give equal documents.

eBay replaces whole documents: what a write leaves out is gone, without an error. So every document here is whole.
Field names and limits: sell_inventory_v1 (1.18.5). The SKU is sent as it is: eBay's error 25707 says
"only alphanumeric" while sellers do use hyphens, and a changed SKU would no longer match the seller's orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.ebay.settings import EbayAccount
from adapters.html import plain_text
from adapters.model import Listing, Money, Rendered

PRODUCT_DESCRIPTION_LIMIT = 4000
_CENT = Decimal("0.01")


def render(listing: Listing, account: EbayAccount) -> Rendered:
    """Everything that would be sent, split into what changes seldom and what changes often."""
    item = item_document(listing, account)
    del item["availability"]
    offer = offer_document(listing, account)
    del offer["availableQuantity"], offer["pricingSummary"]
    return Rendered(
        content={"item": item, "offer": offer},
        offer={"price": amount(listing.price), "quantity": listing.quantity},
    )


def item_document(listing: Listing, account: EbayAccount, pictures: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One entry of bulkCreateOrReplaceInventoryItem. pictures: address by source, where they are uploaded."""
    known = pictures or {}
    product: dict[str, Any] = {
        "title": one_line(listing.title),
        "description": short_description(listing.description),
        "aspects": aspects(listing, account),
        "imageUrls": [known.get(image, image) for image in listing.images],
        "ean": list(listing.gtins) or [account.site.no_code],
    }
    if listing.brand:
        product["brand"] = listing.brand
    if listing.mpn:
        product["mpn"] = listing.mpn
    return {
        "sku": listing.sku,
        "locale": account.locale.replace("-", "_"),
        "condition": listing.condition,
        "availability": _availability(listing),
        "product": product,
    }


def offer_document(listing: Listing, account: EbayAccount) -> dict[str, Any]:
    """Body of updateOffer.

    includeCatalogProductDetails is false because its default lets eBay's catalogue replace our title, text and picture
    whenever it recognises the EAN.
    """
    return {
        "availableQuantity": listing.quantity,
        "categoryId": listing.category or "",
        "includeCatalogProductDetails": False,
        "listingDescription": listing.description,
        "listingDuration": "GTC",
        "listingPolicies": {
            "fulfillmentPolicyId": account.fulfillment_policy_id,
            "paymentPolicyId": account.payment_policy_id,
            "returnPolicyId": account.return_policy_id,
        },
        "merchantLocationKey": account.merchant_location_key,
        "pricingSummary": {"price": amount(listing.price)},
    }


def new_offer_document(listing: Listing, account: EbayAccount) -> dict[str, Any]:
    """One entry of bulkCreateOffer: the offer with the three fields that can never change afterwards."""
    identity = {"sku": listing.sku, "marketplaceId": account.marketplace_id, "format": "FIXED_PRICE"}
    return {**identity, **offer_document(listing, account)}


def price_and_quantity(listing: Listing, offer_id: str) -> dict[str, Any]:
    """One entry of bulkUpdatePriceQuantity.

    The listing shows the smaller one of the item's and the offer's quantity, so both are written.
    """
    return {
        "sku": listing.sku,
        **_availability(listing),
        "offers": [
            {"offerId": offer_id, "availableQuantity": listing.quantity, "price": amount(listing.price)},
        ],
    }


def stock(sku: str, quantity: int, offer_id: str) -> dict[str, Any]:
    """One entry of bulkUpdatePriceQuantity that leaves the price as it is."""
    return {
        "sku": sku,
        "shipToLocationAvailability": {"quantity": quantity},
        "offers": [{"offerId": offer_id, "availableQuantity": quantity}],
    }


def amount(money: Money) -> dict[str, str]:
    """Amounts are text with two decimals, half a cent upwards."""
    return {"value": str(money.amount.quantize(_CENT, ROUND_HALF_UP)), "currency": money.currency}


def aspects(listing: Listing, account: EbayAccount) -> dict[str, list[str]]:
    """Name -> list of values (the contract's "string" is an error in it), in order of name, without empty ones.

    The brand is one of them, under the marketplace's name for it, unless the attributes already say it.
    """
    named = {name: [value for value in values if value] for name, values in listing.attributes.items()}
    if listing.brand:
        named.setdefault(account.site.brand, [listing.brand])
    return {name: named[name] for name in sorted(named) if named[name]}


def one_line(text: str) -> str:
    """Text without line breaks and repeated spaces."""
    return " ".join(text.split())


def short_description(description: str) -> str:
    """The description for the item: its plain text, cut at a word, when it is too long there.

    Buyers see the offer's listingDescription, which is never cut; the contract demands this one too.
    """
    if len(description) <= PRODUCT_DESCRIPTION_LIMIT:
        return description
    text = plain_text(description)
    if len(text) <= PRODUCT_DESCRIPTION_LIMIT:
        return text
    cut = text[: PRODUCT_DESCRIPTION_LIMIT - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _availability(listing: Listing) -> dict[str, Any]:
    return {"shipToLocationAvailability": {"quantity": listing.quantity}}
