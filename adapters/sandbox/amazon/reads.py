"""getListingsItem and searchListingsItems: listings as Amazon tells of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from adapters.sandbox.amazon.errors import Json, RefusedError
from adapters.sandbox.amazon.listing import BUYABLE, DISCOVERABLE, Listing, offer_of, price_of, value_of
from adapters.sandbox.amazon.requests import listed, marketplaces_of, sku_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.times import moment
from adapters.sandbox.amazon.world import MARKETPLACES
from adapters.sandbox.server import Reply, Request

DATA_SETS = (
    "summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "procurement", "relationships",
    "productTypes",
)  # fmt: skip
_IDENTIFIERS = ("ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
_MOST_IDENTIFIERS = 20
_PAGE_LIMIT = 20
_REACH = 1000
_SORTS: dict[str, Callable[[Listing], str | float]] = {
    "sku": lambda listing: listing.sku,
    "createdDate": lambda listing: listing.created,
    "lastUpdatedDate": lambda listing: listing.updated,
}


def get_item(shop: Shop, request: Request) -> Reply:
    """getListingsItem."""
    sku, places = sku_of(request), marketplaces_of(request, shop.seller)
    included = listed(request, "includedData", DATA_SETS, ("summaries",))
    found = [listing for place in places if (listing := shop.find(sku, place)) is not None]
    if not found:
        raise RefusedError(404, f"SKU '{sku}' not found in marketplace {', '.join(places)}")
    return Reply(200, item_document(shop, found, included))


def search_items(shop: Shop, request: Request) -> Reply:
    """searchListingsItems: one page of those that fit; nobody pages beyond 1000 SKUs."""
    places = marketplaces_of(request, shop.seller)
    included = listed(request, "includedData", DATA_SETS, ("summaries",))
    size, start = _page_of(request)
    _refuse_bad_identifiers(request)
    for name in ("withStatus", "withoutStatus"):
        listed(request, name, (BUYABLE, DISCOVERABLE))
    items: dict[str, list[Listing]] = {}
    for listing in _candidates(shop, request, places):
        if _fits(shop, request, listing):
            items.setdefault(listing.sku, []).append(listing)
    order = _SORTS.get(request.query.get("sortBy", "lastUpdatedDate"))
    if order is None:
        raise RefusedError(400, "Invalid 'sortBy' provided.")
    ranked = sorted(items.values(), key=lambda one: one[0].sku)
    ranked.sort(key=lambda one: order(one[0]), reverse=request.query.get("sortOrder", "DESC") != "ASC")
    shown = ranked[start : min(start + size, _REACH)]
    body: Json = {"numberOfResults": len(ranked), "items": [item_document(shop, one, included) for one in shown]}
    pages = {}
    if start + size < min(len(ranked), _REACH):
        pages["nextToken"] = _token(start + size)
    if start:
        pages["previousToken"] = _token(max(0, start - size))
    return Reply(200, {**body, "pagination": pages} if pages else body)


def item_document(shop: Shop, listings: Sequence[Listing], included: Collection[str]) -> Json:
    """One SKU with the data sets that are asked for, over its marketplaces."""
    makers: dict[str, Callable[[Shop, Sequence[Listing]], object]] = {
        "summaries": _summaries,
        "attributes": _attributes,
        "issues": lambda shop, listings: [one for listing in listings for one in shop.issues(listing)],
        "offers": _offers,
        "fulfillmentAvailability": _availability,
        "procurement": lambda shop, listings: [],
        "relationships": _relationships,
        "productTypes": lambda shop, listings: [
            {"marketplaceId": one.marketplace, "productType": one.product_type} for one in listings
        ],
    }
    return {"sku": listings[0].sku, **{name: makers[name](shop, listings) for name in DATA_SETS if name in included}}


def _summaries(shop: Shop, listings: Sequence[Listing]) -> list[Json]:
    """None until Amazon has made something of a new listing."""
    found = []
    for listing in listings:
        if listing.shown is None or shop.clock() < listing.discoverable:
            continue
        summary: Json = {
            "marketplaceId": listing.marketplace,
            "asin": listing.asin,
            "productType": listing.product_type,
            "status": shop.status(listing),
            "itemName": value_of(listing.shown, "item_name") or "",
            "createdDate": moment(listing.created),
            "lastUpdatedDate": moment(listing.updated),
        }
        if condition := value_of(listing.shown, "condition_type"):
            summary["conditionType"] = condition
        if image := value_of(listing.shown, "main_product_image_locator", "media_location"):
            summary["mainImage"] = {"link": image, "height": 1000, "width": 1000}
        found.append(summary)
    return found


def _attributes(shop: Shop, listings: Sequence[Listing]) -> Json:
    """As submitted last, of all marketplaces together."""
    together: Json = {}
    for listing in listings:
        for name, values in (listing.attributes or listing.shown or {}).items():
            kept = together.setdefault(name, [])
            kept += [value for value in values if value not in kept]
    return together


def _offers(shop: Shop, listings: Sequence[Listing]) -> list[Json]:
    offers = []
    for listing in listings:
        for audience, kind in (("ALL", "B2C"), ("B2B", "B2B")):
            price = price_of(listing.shown or {}, audience)
            if price is not None:
                currency = offer_of(listing.shown or {}, audience).get("currency")
                offers.append(
                    {
                        "marketplaceId": listing.marketplace,
                        "offerType": kind,
                        "price": {"currencyCode": currency, "amount": price},
                        "audience": {"value": audience, "displayName": "Sell on Amazon"},
                    }
                )
    return offers


def _availability(shop: Shop, listings: Sequence[Listing]) -> list[Json]:
    found: list[Json] = []
    for listing in listings:
        found += [one for one in shop.stock(listing.sku, listing.shown or {}) if one not in found]
    return found


def _relationships(shop: Shop, listings: Sequence[Listing]) -> list[Json]:
    return [{"marketplaceId": one.marketplace, "relationships": _relations(shop, one)} for one in listings]


def _relations(shop: Shop, listing: Listing) -> list[Json]:
    shown = listing.shown or {}
    theme = value_of(shown, "variation_theme", "name")
    relation: Json = {"type": "VARIATION"}
    if theme:
        attributes = [part.lower() for part in theme.split("/")]
        relation["variationTheme"] = {"theme": theme, "attributes": attributes}
    parent = parent_of(listing)
    if parent is not None:
        # a relation to a parent that is not there is none
        return [{**relation, "parentSkus": [parent]}] if shop.find(parent, listing.marketplace) else []
    children = [
        one.sku for one in shop.all() if one.marketplace == listing.marketplace and parent_of(one) == listing.sku
    ]
    return [{**relation, "childSkus": sorted(children)}] if children else []


def parent_of(listing: Listing) -> str | None:
    """The SKU of the parent that a version names."""
    parent = value_of(listing.shown or {}, "child_parent_sku_relationship", "parent_sku")
    return str(parent) if parent else None


def _candidates(shop: Shop, request: Request, places: Collection[str]) -> Iterable[Listing]:
    """Where SKUs are asked for, only those are looked at."""
    if "identifiers" in request.query and request.query.get("identifiersType") == "SKU":
        found = (shop.find(sku, place) for sku in listed(request, "identifiers") for place in places)
        return [listing for listing in found if listing is not None]
    return (listing for listing in shop.all() if listing.marketplace in places)


def _fits(shop: Shop, request: Request, listing: Listing) -> bool:
    query = request.query
    if not _identified(request, listing):
        return False
    if "variationParentSku" in query and parent_of(listing) != query["variationParentSku"]:
        return False
    return _has_status(shop, query, listing) and _has_issue(shop, request, listing) and _has_moment(query, listing)


def _has_status(shop: Shop, query: Mapping[str, str], listing: Listing) -> bool:
    wanted, unwanted = (set(query.get(name, "").split(",")) - {""} for name in ("withStatus", "withoutStatus"))
    if not (wanted or unwanted):
        return True
    status = set(shop.status(listing))
    return wanted <= status and not unwanted & status


def _has_issue(shop: Shop, request: Request, listing: Listing) -> bool:
    severities = listed(request, "withIssueSeverity", ("WARNING", "ERROR"))
    return not severities or any(one["severity"] in severities for one in shop.issues(listing))


def _has_moment(query: Mapping[str, str], listing: Listing) -> bool:
    if not any(name.endswith(("After", "Before")) for name in query):
        return True
    moments = (("created", listing.created), ("lastUpdated", listing.updated))
    return all(_between(query, name, moment(value)) for name, value in moments)


def _between(query: Mapping[str, str], name: str, value: str) -> bool:
    after, before = query.get(f"{name}After", ""), query.get(f"{name}Before", "")
    return value >= after and (not before or value <= before)


def _refuse_bad_identifiers(request: Request) -> None:
    identifiers, kind = listed(request, "identifiers"), request.query.get("identifiersType", "")
    if bool(identifiers) != bool(kind) or (kind and kind not in _IDENTIFIERS) or len(identifiers) > _MOST_IDENTIFIERS:
        words = "identifiersType and 1 to 20 identifiers are needed."
        raise RefusedError(400, "Invalid 'identifiers' provided.", words)


def _identified(request: Request, listing: Listing) -> bool:
    kind = request.query.get("identifiersType", "")
    if not kind:
        return True
    identifiers = listed(request, "identifiers")
    shown = listing.attributes or listing.shown or {}
    own = {"SKU": listing.sku, "ASIN": listing.asin}
    code = value_of(shown, "externally_assigned_product_identifier")
    return own.get(kind, code if kind in ("EAN", "GTIN", "UPC") else None) in identifiers


def _page_of(request: Request) -> tuple[int, int]:
    """Size and start."""
    size = request.query.get("pageSize", "10")
    if not size.isdigit() or not 1 <= int(size) <= _PAGE_LIMIT:
        raise RefusedError(400, "Invalid 'pageSize' provided.", f"At most {_PAGE_LIMIT}.")
    token = request.query.get("pageToken", "")
    try:
        return int(size), int(base64.urlsafe_b64decode(token.encode())) if token else 0
    except ValueError:
        raise RefusedError(400, "Invalid 'pageToken' provided.") from None


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode()


def get_participations(shop: Shop, request: Request) -> Reply:
    """getMarketplaceParticipations of the Sellers API v1: where the seller takes part."""
    rows = []
    for marketplace in shop.seller.marketplaces:
        place = MARKETPLACES[marketplace]
        rows.append(
            {
                "marketplace": {
                    "id": marketplace,
                    "name": place.domain.removeprefix("www."),
                    "countryCode": place.country,
                    "defaultCurrencyCode": place.currency,
                    "defaultLanguageCode": place.locale,
                    "domainName": place.domain,
                },
                "storeName": shop.seller.name,
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
            }
        )
    return Reply(200, {"payload": rows})
