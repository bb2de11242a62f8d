"""Offers: create, update, publish, withdraw, delete, and price and quantity in bulk."""

from __future__ import annotations

from dataclasses import replace

from adapters.sandbox.ebay.errors import Json, RefusedError, refused, vendor_error
from adapters.sandbox.ebay.items import Entry, Result, put_item
from adapters.sandbox.ebay.publication import (
    content_shown,
    count_revision,
    invalid_price,
    refuse_broken_revision,
    refuse_unpublishable,
)
from adapters.sandbox.ebay.state import Item, Listing, Offer, Shop

_KEYS = ("sku", "marketplaceId", "format")


def create_offer(shop: Shop, entry: Entry) -> Result:
    """createOffer: needs only SKU, marketplace and format; a second one for the same three is refused with the id
    of the first."""
    if entry.sku not in shop.items:
        raise refused(25702, f"{entry.sku} on {entry.marketplace}", sku=entry.sku)
    existing = shop.offer_of(entry.sku, entry.marketplace, entry.format)
    if existing is not None:
        raise refused(25002, "Offer entity already exists", offerId=existing.offer_id)
    offer = Offer(
        offer_id=str(next(shop.numbers.offers)),
        sku=entry.sku,
        marketplace=entry.marketplace,
        format=entry.format,
        document=_own_fields(entry.document),
    )
    shop.add_offer(offer)
    return Result(status=200, fields={"offerId": offer.offer_id})


def update_offer(shop: Shop, entry: Entry) -> Result:
    """updateOffer: whole replacement. Of a published offer everything a listing needs has to be sent again, and the
    listing changes at once; of an unpublished one anything is taken."""
    offer = _offer(shop, entry.offer_id)
    wanted = replace(offer, document=_own_fields(entry.document))
    item = shop.items[offer.sku]
    if offer.listing is not None:
        if not wanted.document.get("listingDescription"):
            raise refused(25017, "A published offer needs its listingDescription", name="listingDescription")
        refuse_unpublishable(shop, item, wanted)
        count_revision(shop, offer.listing)
        offer.listing.content = content_shown(shop, item, wanted, offer.listing.content)
    offer.document = wanted.document
    return Result(status=204)


def publish_offer(shop: Shop, entry: Entry) -> Result:
    """publishOffer: safe to repeat (same listing, warning 25402); after a withdrawal it makes a new listing."""
    offer = _offer(shop, entry.offer_id)
    if (group := shop.group_of(offer.sku)) is not None:
        raise refused(25732, sku=offer.sku, inventoryItemGroupKey=group.key)
    item = shop.items[offer.sku]
    refuse_unpublishable(shop, item, offer)
    warnings = []
    if offer.listing is None:
        listing = Listing(listing_id=str(next(shop.numbers.listings)), content=content_shown(shop, item, offer))
        offer.listing = listing
    else:
        listing = offer.listing
        count_revision(shop, listing)
        listing.content = content_shown(shop, item, offer, listing.content)
        warnings.append(vendor_error(25402, "The offer is published already", listingId=listing.listing_id))
    return Result(fields={"offerId": offer.offer_id, "listingId": listing.listing_id}, warnings=warnings)


def withdraw_offer(shop: Shop, entry: Entry) -> Result:
    """withdrawOffer: ends the listing, the offer stays unpublished."""
    offer = _offer(shop, entry.offer_id)
    if offer.listing is None:
        raise refused(25713, "It is not published", offerId=offer.offer_id)
    listing_id = offer.listing.listing_id
    offer.listing = None
    return Result(fields={"listingId": listing_id})


def delete_offer(shop: Shop, entry: Entry) -> Result:
    """deleteOffer: a published one's listing ends with it."""
    shop.remove_offer(_offer(shop, entry.offer_id))
    return Result(status=204)


def update_price_quantity(shop: Shop, entry: Entry) -> Result:
    """One offer (or the item alone) of bulkUpdatePriceQuantity; content is never touched. entry.document has the
    item's part under `item` and the offer's under `offer`; the item's part stays done if the offer's is refused."""
    part: Json = entry.document.get("offer") or {}
    offer = shop.offers.get(entry.offer_id) if part else None
    if part and offer is None:
        raise refused(25713, offerId=entry.offer_id)
    if offer is not None and entry.sku and offer.sku != entry.sku:
        raise refused(25002, "The offer is of another SKU", offerId=offer.offer_id, sku=entry.sku)
    quantity = (entry.document.get("item") or {}).get("quantity")
    if quantity is not None:
        _set_item_quantity(shop, entry.sku, quantity)
    if offer is not None:
        _set_offer_values(shop, offer, part, counted=quantity is None)
    return Result(fields={"sku": offer.sku if offer else entry.sku, **({"offerId": offer.offer_id} if offer else {})})


def offer_document(shop: Shop, offer: Offer) -> Json:
    """The offer as getOffer returns it; `listing` is there only while it is published."""
    document = {
        "hideBuyerDetails": False,
        "includeCatalogProductDetails": True,
        "listingDuration": "GTC",
        "listingPolicies": {},
        "pricingSummary": {},
        **offer.document,
        "offerId": offer.offer_id,
        "sku": offer.sku,
        "marketplaceId": offer.marketplace,
        "format": offer.format,
        "status": "UNPUBLISHED" if offer.listing is None else "PUBLISHED",
    }
    if offer.listing is not None:
        document["listing"] = {
            "listingId": offer.listing.listing_id,
            "listingStatus": listing_status(shop, offer),
            "listingOnHold": offer.listing.hidden,
            "soldQuantity": offer.listing.sold,
        }
    return document


def listing_status(shop: Shop, offer: Offer) -> str:
    """ACTIVE, OUT_OF_STOCK, or INACTIVE for a listing that was accepted and is never shown."""
    if offer.listing is not None and offer.listing.hidden:
        return "INACTIVE"
    return "ACTIVE" if shop.shown_quantity(offer) > 0 else "OUT_OF_STOCK"


def _offer(shop: Shop, offer_id: str) -> Offer:
    offer = shop.offers.get(offer_id)
    if offer is None:
        raise refused(25713, offerId=offer_id)
    return offer


def _own_fields(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in _KEYS and value is not None}


def _set_item_quantity(shop: Shop, sku: str, quantity: int) -> None:
    item = shop.items.get(sku)
    if item is None:
        raise refused(25702, sku, sku=sku)
    if quantity < 0:
        raise refused(25004, "It is below 0", name="quantity")
    availability = item.document.get("availability") or {}
    ship_to = {**(availability.get("shipToLocationAvailability") or {}), "quantity": quantity}
    document = {**item.document, "availability": {**availability, "shipToLocationAvailability": ship_to}}
    put_item(shop, Item(sku=sku, locale=item.locale, document=document))


def _set_offer_values(shop: Shop, offer: Offer, part: Json, *, counted: bool) -> None:
    """counted: this entry has not yet counted as a revision of the listing."""
    if offer.listing is None:
        raise refused(25002, "The offer is not published", offerId=offer.offer_id)
    price, quantity = part.get("price"), part.get("availableQuantity")
    if price is None and quantity is None:
        raise refused(25002, "Neither a price nor a quantity is given", offerId=offer.offer_id)
    errors = list(invalid_price(price, offer.marketplace)) if price is not None else []
    if quantity is not None and quantity < 0:
        errors.append(vendor_error(25004, "It is below 0", name="availableQuantity"))
    if errors:
        raise RefusedError(errors, 400)
    document = dict(offer.document)
    if quantity is not None:
        document["availableQuantity"] = quantity
    if price is not None:
        document["pricingSummary"] = {**(document.get("pricingSummary") or {}), "price": price}
    item = shop.items[offer.sku]
    refuse_broken_revision(shop, item, replace(offer, document=document))
    if counted:
        count_revision(shop, offer.listing)
    offer.document = document
    offer.listing.content = content_shown(shop, item, offer, offer.listing.content)
