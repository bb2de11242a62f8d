"""Calls that change no listing: reads of items, offers, locations, policies and privileges, and new locations."""

from __future__ import annotations

from urllib.parse import urlencode

from adapters.sandbox.ebay import shapes
from adapters.sandbox.ebay.errors import Json, RefusedError, refused
from adapters.sandbox.ebay.items import item_document, refuse_bad_sku
from adapters.sandbox.ebay.marketplaces import MARKETPLACES
from adapters.sandbox.ebay.offers import offer_document
from adapters.sandbox.ebay.requests import body_of, parse_bulk_skus
from adapters.sandbox.ebay.state import Shop
from adapters.sandbox.ebay.world import PolicyKind
from adapters.sandbox.server import Reply, Request

_LOCATION_KEY = 36
_COLLECTIONS: dict[PolicyKind, str] = {
    "fulfillment": "fulfillmentPolicies",
    "payment": "paymentPolicies",
    "return": "returnPolicies",
}


def get_item(shop: Shop, request: Request) -> Reply:
    """getInventoryItem."""
    item = shop.items.get(request.segments[4])
    if item is None:
        raise refused(25710, sku=request.segments[4])
    return Reply(200, item_document(shop, item, with_ids=True))


def list_items(shop: Shop, request: Request) -> Reply:
    """getInventoryItems: `offset` is a page number, `size` the number of pages."""
    limit, page = _page(request, default=25, most=200)
    skus = list(shop.items)
    pages = -(-len(skus) // limit)
    found = [item_document(shop, shop.items[sku]) for sku in skus[page * limit : (page + 1) * limit]]
    body = {"inventoryItems": found, "size": pages, **_links(request, limit=limit, page=page, total=len(skus))}
    return Reply(200, body)


def bulk_get_items(shop: Shop, request: Request) -> Reply:
    """bulkGetInventoryItem."""
    responses: list[Json] = []
    for sku in parse_bulk_skus(request, shop.rules):
        item = shop.items.get(sku)
        if item is None:
            responses.append({"sku": sku, "statusCode": 404, "errors": refused(25710, sku=sku).errors})
        else:
            responses.append({"sku": sku, "statusCode": 200, "inventoryItem": item_document(shop, item)})
    return Reply(200 if all(r["statusCode"] == 200 for r in responses) else 207, {"responses": responses})


def get_offer(shop: Shop, request: Request) -> Reply:
    """getOffer."""
    offer = shop.offers.get(request.segments[4])
    if offer is None:
        raise refused(25713, offerId=request.segments[4])
    return Reply(200, offer_document(shop, offer))


def list_offers(shop: Shop, request: Request) -> Reply:
    """getOffers: of one SKU, which the contract calls optional and the server demands; 404/25713 when it has none."""
    sku = request.query.get("sku", "")
    refuse_bad_sku(shop, sku)
    limit, page = _page(request, default=100, most=200)
    wanted = (request.query.get("marketplace_id"), request.query.get("format"))
    offers = [o for o in shop.offers_of(sku) if wanted[0] in (None, o.marketplace) and wanted[1] in (None, o.format)]
    if not offers:
        raise refused(25713, sku=sku)
    found = [offer_document(shop, offer) for offer in offers[page * limit : (page + 1) * limit]]
    body = {"offers": found, "size": len(found), **_links(request, limit=limit, page=page, total=len(offers))}
    return Reply(200, body)


def create_location(shop: Shop, request: Request) -> Reply:
    """createInventoryLocation. Raises RefusedError 409/25803 for a key that is taken."""
    key = request.segments[4]
    document = body_of(request, shapes.LOCATION)
    if not 0 < len(key) <= _LOCATION_KEY:
        raise refused(25802, f"The key has 1 to {_LOCATION_KEY} characters")
    if key in shop.locations:
        raise refused(25803, key)
    address = (document.get("location") or {}).get("address") or {}
    by_code = address.get("postalCode") and address.get("country")
    by_city = address.get("city") and address.get("stateOrProvince") and address.get("country")
    if not (by_code or by_city):
        raise refused(25801, "Postal code and country, or city, province and country", name="address")
    shop.locations[key] = {"merchantLocationStatus": "ENABLED", "locationTypes": ["WAREHOUSE"], **document}
    return Reply(204)


def get_location(shop: Shop, request: Request) -> Reply:
    """getInventoryLocation."""
    key = request.segments[4]
    if key not in shop.locations:
        raise refused(25805, key)
    return Reply(200, _location_document(shop, key))


def list_locations(shop: Shop, request: Request) -> Reply:
    """getInventoryLocations."""
    limit, skipped = _page(request, default=100, most=100)
    found = [_location_document(shop, key) for key in list(shop.locations)[skipped : skipped + limit]]
    return Reply(200, {"locations": found, "total": len(shop.locations), "limit": limit, "offset": skipped})


def policy_reader(kind: PolicyKind, shop: Shop, request: Request) -> Reply:
    """get…Policies of a marketplace, get…PolicyByName, or get…Policy by its id."""
    if not shop.rules.business_policies:
        raise refused(20403, "User is not eligible for Business Policy")
    if len(request.segments) > 4 and request.segments[4] != "get_by_policy_name":
        policy = shop.policies.get(request.segments[4])
        if policy is None or policy["kind"] != kind:
            raise RefusedError(refused(20404, kind).errors, 404)
        return Reply(200, policy["document"])
    marketplace = request.query.get("marketplace_id")
    if not marketplace:
        raise refused(20401, "marketplace_id", name="marketplace_id")
    if marketplace not in MARKETPLACES:
        raise refused(20403, "marketplace_id", name="marketplace_id")
    documents = [
        policy["document"]
        for policy in shop.policies.values()
        if policy["kind"] == kind and policy["marketplaceId"] == marketplace
    ]
    if len(request.segments) > 4:
        named = [document for document in documents if document["name"] == request.query.get("name")]
        if not named:
            raise refused(20404, "name", name="name")
        return Reply(200, named[0])
    return Reply(200, {_COLLECTIONS[kind]: documents, "total": len(documents)})


def get_privileges(shop: Shop, request: Request) -> Reply:
    """getPrivileges; the selling limit is there only if the stand-in has one."""
    body: Json = {"sellerRegistrationCompleted": True}
    if shop.rules.listings_limit is not None:
        body["sellingLimit"] = {"quantity": shop.rules.listings_limit}
    return Reply(200, body)


def get_programs(shop: Shop, request: Request) -> Reply:
    """getOptedInPrograms."""
    programs = ["SELLING_POLICY_MANAGEMENT"] if shop.rules.business_policies else []
    programs += ["OUT_OF_STOCK_CONTROL"] if shop.rules.out_of_stock_control else []
    return Reply(200, {"programs": [{"programType": program} for program in programs]})


def _location_document(shop: Shop, key: str) -> Json:
    document = shop.locations[key]
    location = {**(document.get("location") or {}), "locationId": key}
    return {"phone": "", **document, "location": location, "merchantLocationKey": key}


def _page(request: Request, *, default: int, most: int) -> tuple[int, int]:
    try:
        limit, page = int(request.query.get("limit", default)), int(request.query.get("offset", 0))
    except ValueError:
        raise refused(25706, "limit and offset are numbers") from None
    if not 1 <= limit <= most or page < 0:
        raise refused(25706, f"limit is 1 to {most}, offset is not below 0")
    return limit, page


def _links(request: Request, *, limit: int, page: int, total: int) -> Json:
    def link(number: int) -> str:
        return f"{request.path}?{urlencode({**request.query, 'limit': limit, 'offset': number})}"

    links: Json = {"href": link(page), "limit": limit, "total": total}
    if (page + 1) * limit < total:
        links["next"] = link(page + 1)
    if page > 0:
        links["prev"] = link(page - 1)
    return links
