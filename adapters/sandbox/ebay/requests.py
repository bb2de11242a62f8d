"""From the bytes of a write to its entries: header and body checks that concern a call as a whole. What fails here
fails the whole call, as at the vendor; single entries are judged later."""

from __future__ import annotations

from typing import Any

import orjson

from adapters.sandbox.ebay import shapes
from adapters.sandbox.ebay.errors import Json, refused
from adapters.sandbox.ebay.items import Entry
from adapters.sandbox.ebay.marketplaces import LOCALES, locale_of_header
from adapters.sandbox.ebay.world import Rules
from adapters.sandbox.server import Request

_TEXT = ("title", "description", "subtitle")


def language_of(request: Request) -> str:
    """The locale of Content-Language. Raises RefusedError 400/25709 when it is missing or unknown."""
    locale = locale_of_header(request.headers.get("content-language", ""))
    if locale is None:
        raise refused(25709, "Content-Language", name="Content-Language")
    return locale


def refuse_bad_accept_language(request: Request, rules: Rules) -> None:
    """Raises RefusedError 400/25709 for an Accept-Language that eBay does not know ("*", the habit of some clients)."""
    value = request.headers.get("accept-language")
    if value is None and not rules.require_accept_language:
        return
    if locale_of_header(value or "") is None:
        raise refused(25709, "Accept-Language", name="Accept-Language")


def body_of(request: Request, shape: Any) -> Json:
    """The JSON body. Raises RefusedError: 500/25001 for another content type (as seen live), 400/2004 for what is
    not JSON or has a wrong type."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise refused(25001, "The content type is not application/json")
    try:
        document = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise refused(2004, "The body is not JSON", reason="Could not read the body") from None
    shapes.check(document, shape)
    body: Json = document
    return body


def parse_item(request: Request, rules: Rules) -> list[Entry]:
    """createOrReplaceInventoryItem."""
    locale = language_of(request)
    return [Entry(sku=request.segments[4], locale=locale, document=body_of(request, shapes.ITEM))]


def parse_bulk_items(request: Request, rules: Rules) -> list[Entry]:
    """bulkCreateOrReplaceInventoryItem. An entry in another locale than Content-Language is taken without its text:
    a trap of the vendor's that one client's notes report."""
    language = language_of(request)
    entries = []
    for document in _requests(request, shapes.BULK_ITEMS, limit=rules.bulk_limit, too_many=25727):
        sku, locale = document.pop("sku", None), document.pop("locale", None)
        if not sku or locale not in LOCALES:
            raise refused(25733)
        if locale != language and document.get("product"):
            document["product"] = {k: v for k, v in document["product"].items() if k not in _TEXT}
        entries.append(Entry(sku=sku, locale=locale, document=document))
    _refuse_duplicates([entry.sku for entry in entries], 25728)
    return entries


def parse_bulk_skus(request: Request, rules: Rules) -> list[str]:
    """bulkGetInventoryItem."""
    documents = _requests(request, shapes.BULK_SKUS, limit=rules.bulk_limit, too_many=25727)
    skus = [document.get("sku") or "" for document in documents]
    if not all(skus):
        raise refused(25708)
    _refuse_duplicates(skus, 25734)
    return skus


def parse_offer(request: Request, rules: Rules) -> list[Entry]:
    """createOffer."""
    language_of(request)
    return [_offer_entry(body_of(request, shapes.OFFER), 25709)]


def parse_bulk_offers(request: Request, rules: Rules) -> list[Entry]:
    """bulkCreateOffer: one marketplace per request."""
    language_of(request)
    documents = _requests(request, shapes.BULK_OFFERS, limit=rules.bulk_limit, too_many=25730)
    entries = [_offer_entry(document, 25735) for document in documents]
    _refuse_duplicates([(entry.sku, entry.marketplace, entry.format) for entry in entries], 25729)
    if len({entry.marketplace for entry in entries}) > 1:
        raise refused(25735, "All offers of a request are for one marketplace")
    return entries


def parse_offer_update(request: Request, rules: Rules) -> list[Entry]:
    """updateOffer."""
    locale = language_of(request)
    return [Entry(offer_id=request.segments[4], locale=locale, document=body_of(request, shapes.OFFER))]


def parse_offer_id(request: Request, rules: Rules) -> list[Entry]:
    """publishOffer, withdrawOffer, deleteOffer: the path says it all."""
    return [Entry(offer_id=request.segments[4])]


def parse_group(request: Request, rules: Rules) -> list[Entry]:
    """createOrReplaceInventoryItemGroup. The journal has the group's key for a SKU."""
    locale = language_of(request)
    return [Entry(sku=request.segments[4], locale=locale, document=body_of(request, shapes.GROUP))]


def parse_group_place(request: Request, rules: Rules) -> list[Entry]:
    """publishOfferByInventoryItemGroup, withdrawOfferByInventoryItemGroup."""
    document = body_of(request, shapes.GROUP_PLACE)
    key, marketplace = document.get("inventoryItemGroupKey"), document.get("marketplaceId")
    if not (key and marketplace):
        raise refused(25709, "inventoryItemGroupKey and marketplaceId are needed", name="inventoryItemGroupKey")
    return [Entry(sku=key, marketplace=marketplace)]


def parse_sku(request: Request, rules: Rules) -> list[Entry]:
    """deleteInventoryItem, deleteInventoryItemGroup."""
    return [Entry(sku=request.segments[4])]


def parse_bulk_publish(request: Request, rules: Rules) -> list[Entry]:
    """bulkPublishOffer."""
    documents = _requests(request, shapes.BULK_PUBLISH, limit=rules.bulk_limit, too_many=25730)
    ids = [document.get("offerId") or "" for document in documents]
    if not all(ids):
        raise refused(25709, "offerId", name="offerId")
    _refuse_duplicates(ids, 25731)
    return [Entry(offer_id=offer_id) for offer_id in ids]


def parse_price_quantity(request: Request, rules: Rules) -> list[Entry]:
    """bulkUpdatePriceQuantity: an entry per offer, or one for the item alone; the item's part goes with the first."""
    entries: list[Entry] = []
    documents = _requests(request, shapes.BULK_PRICE_QUANTITY, limit=rules.bulk_limit, too_many=25709)
    for document in documents:
        item, offers = document.get("shipToLocationAvailability"), document.get("offers") or []
        sku = document.get("sku") or ""
        if len(offers) > rules.bulk_limit or not (item or offers) or (item and not sku):
            raise refused(25709, "requests", name="requests")
        ids = [offer.get("offerId") or "" for offer in offers]
        if not all(ids):
            raise refused(25709, "offerId", name="offerId")
        _refuse_duplicates(ids, 25002)
        if not offers:
            entries.append(Entry(sku=sku, document={"item": item}))
        for place, offer in enumerate(offers):
            parts = {"offer": offer} if place else {"offer": offer, "item": item}
            entries.append(Entry(sku=sku, offer_id=offer["offerId"], document=parts))
    _refuse_duplicates([d["sku"] for d in documents if d.get("sku")], 25002)
    return entries


def _requests(request: Request, shape: Any, *, limit: int, too_many: int) -> list[Json]:
    documents: list[Json] = body_of(request, shape).get("requests") or []
    if not documents:
        raise refused(25709, "requests", name="requests")
    if len(documents) > limit:
        raise refused(too_many, f"At most {limit}")
    return documents


def _offer_entry(document: Json, error_id: int) -> Entry:
    sku, marketplace = document.get("sku"), document.get("marketplaceId")
    offer_format = document.get("format")
    if not (sku and marketplace and offer_format):
        raise refused(error_id, "sku, marketplaceId and format are needed")
    return Entry(sku=sku, marketplace=marketplace, format=offer_format, document=document)


def _refuse_duplicates(keys: list[Any], error_id: int) -> None:
    if len(set(keys)) != len(keys):
        raise refused(error_id)
