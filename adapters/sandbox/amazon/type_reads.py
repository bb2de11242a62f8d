"""Product Type Definitions: search, definition, and the schema documents at their signed addresses."""

from __future__ import annotations

from adapters.sandbox.amazon.errors import DENIED, Json, RefusedError
from adapters.sandbox.amazon.product_types import (
    META_SCHEMA,
    PRODUCT_TYPES,
    VERSION,
    Definitions,
    Demand,
    checksum,
    groups_of,
)
from adapters.sandbox.amazon.requests import listed, marketplaces_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.signatures import Signatures
from adapters.sandbox.amazon.world import MARKETPLACES
from adapters.sandbox.server import Reply, Request

SCHEMAS = "_schemas"
_LINK_LIFETIME = 7 * 86_400.0
_REQUIREMENTS = ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY")


def search_types(shop: Shop, request: Request) -> Reply:
    """searchDefinitionsProductTypes: by keywords, by an item's name, or all."""
    places = marketplaces_of(request, shop.seller)
    words = [word.casefold() for word in listed(request, "keywords")]
    name = request.query.get("itemName", "")
    if words and name:
        raise RefusedError(400, "'keywords' and 'itemName' cannot be used together.")
    wanted = set(words or name.casefold().split())
    locale = request.query.get("locale") or MARKETPLACES[places[0]].locale
    found = [
        {"name": one.name, "displayName": one.title(locale), "marketplaceIds": list(places)}
        for one in PRODUCT_TYPES.values()
        if not wanted or wanted & {*one.words, one.name.casefold(), *(t.casefold() for t in one.titles.values())}
    ]
    return Reply(200, {"productTypes": found, "productTypeVersion": VERSION})


def get_type(shop: Shop, request: Request, signatures: Signatures) -> Reply:
    """getDefinitionsProductType."""
    name = request.segments[3]
    (place,) = marketplaces_of(request, shop.seller, most=1)
    if name not in PRODUCT_TYPES:
        raise RefusedError(404, f"The product type {name} is not found in the marketplace {place}.")
    if request.query.get("sellerId", shop.seller.merchant_id) != shop.seller.merchant_id:
        raise RefusedError(403, DENIED)
    (requirements,) = listed(request, "requirements", _REQUIREMENTS, ("LISTING",))
    (enforced,) = listed(request, "requirementsEnforced", ("ENFORCED", "NOT_ENFORCED"), ("ENFORCED",))
    level = next(iter(listed(request, "parentageLevel", ("NONE", "CHILD", "PARENT"))), "")
    locale = request.query.get("locale", "DEFAULT")
    demand = Demand(name, place, requirements, enforced == "ENFORCED", level)
    definition = shop.definitions.find(demand)
    path = f"/{SCHEMAS}/{name}/{place}/{requirements}/{enforced}/{level or '-'}"
    body: Json = {
        "metaSchema": _link(signatures.signed(request, f"/{SCHEMAS}/meta", _LINK_LIFETIME), checksum(META_SCHEMA)),
        "schema": _link(signatures.signed(request, path, _LINK_LIFETIME), definition.checksum),
        "requirements": requirements,
        "requirementsEnforced": enforced,
        "propertyGroups": groups_of(definition.schema),
        "locale": MARKETPLACES[place].locale if locale == "DEFAULT" else locale,
        "marketplaceIds": [place],
        "productType": name,
        "displayName": PRODUCT_TYPES[name].title(MARKETPLACES[place].locale if locale == "DEFAULT" else locale),
        "productTypeVersion": {"version": VERSION, "latest": True, "releaseCandidate": False},
    }
    return Reply(200, body)


def serve_schema(definitions: Definitions, request: Request, signatures: Signatures) -> Reply:
    """A schema at its signed address, as S3 serves it: no token, and XML when it is refused."""
    refusal = signatures.refusal(request)
    if refusal is not None:
        return refusal
    if request.segments[1] == "meta":
        return Reply(200, META_SCHEMA)
    name, place, requirements, enforced, level = request.segments[1:]
    demand = Demand(name, place, requirements, enforced == "ENFORCED", level.strip("-"))
    return Reply(200, definitions.find(demand).document)


def _link(resource: str, md5: str) -> Json:
    return {"link": {"resource": resource, "verb": "GET"}, "checksum": md5}
