"""JSON types of what clients send. eBay answers a wrong type with 400/2004 and names the field, and ignores fields
that it does not know. A shape is a type name, a set of words, a list of one shape, or a dict of fields."""

from __future__ import annotations

from typing import Any

from adapters.sandbox.ebay.errors import Json, refused
from adapters.sandbox.ebay.marketplaces import CONDITIONS, DURATIONS, FORMATS, LOCALES, MARKETPLACES

_AMOUNT: Json = {"value": "string", "currency": "string"}
_SHIP_TO_LOCATION: Json = {"quantity": "integer", "availabilityDistributions": ["object"]}
_PRODUCT: Json = {
    "title": "string",
    "subtitle": "string",
    "description": "string",
    "aspects": "aspects",
    "brand": "string",
    "mpn": "string",
    "epid": "string",
    "ean": ["string"],
    "upc": ["string"],
    "isbn": ["string"],
    "imageUrls": ["string"],
    "videoIds": ["string"],
}
ITEM: Json = {
    "availability": {"shipToLocationAvailability": _SHIP_TO_LOCATION, "pickupAtLocationAvailability": ["object"]},
    "condition": CONDITIONS,
    "conditionDescription": "string",
    "conditionDescriptors": ["object"],
    "packageWeightAndSize": "object",
    "product": _PRODUCT,
}
GROUP: Json = {
    "aspects": "aspects",
    "description": "string",
    "imageUrls": ["string"],
    "inventoryItemGroupKey": "string",
    "subtitle": "string",
    "title": "string",
    "variantSKUs": ["string"],
    "variesBy": {"aspectsImageVariesBy": ["string"], "specifications": [{"name": "string", "values": ["string"]}]},
    "videoIds": ["string"],
}
IMAGE: Json = {"imageUrl": "string"}
PARCEL: Json = {
    "lineItems": [{"lineItemId": "string", "quantity": "integer"}],
    "shippedDate": "string",
    "shippingCarrierCode": "string",
    "trackingNumber": "string",
}
GROUP_PLACE: Json = {"inventoryItemGroupKey": "string", "marketplaceId": frozenset(MARKETPLACES)}
BULK_ITEMS: Json = {"requests": [{**ITEM, "sku": "string", "locale": LOCALES}]}
BULK_SKUS: Json = {"requests": [{"sku": "string"}]}
OFFER: Json = {
    "sku": "string",
    "marketplaceId": frozenset(MARKETPLACES),
    "format": FORMATS,
    "availableQuantity": "integer",
    "categoryId": "string",
    "secondaryCategoryId": "string",
    "hideBuyerDetails": "boolean",
    "includeCatalogProductDetails": "boolean",
    "listingDescription": "string",
    "listingDuration": DURATIONS,
    "listingPolicies": {
        "fulfillmentPolicyId": "string",
        "paymentPolicyId": "string",
        "returnPolicyId": "string",
        "eBayPlusIfEligible": "boolean",
        "bestOfferTerms": "object",
    },
    "lotSize": "integer",
    "merchantLocationKey": "string",
    "pricingSummary": {"price": _AMOUNT, "originalRetailPrice": _AMOUNT, "minimumAdvertisedPrice": _AMOUNT},
    "quantityLimitPerBuyer": "integer",
    "regulatory": "object",
    "storeCategoryNames": ["string"],
    "tax": {"applyTax": "boolean", "thirdPartyTaxCategory": "string", "vatPercentage": "number"},
}
BULK_OFFERS: Json = {"requests": [OFFER]}
BULK_PUBLISH: Json = {"requests": [{"offerId": "string"}]}
BULK_PRICE_QUANTITY: Json = {
    "requests": [
        {
            "sku": "string",
            "shipToLocationAvailability": _SHIP_TO_LOCATION,
            "offers": [{"offerId": "string", "availableQuantity": "integer", "price": _AMOUNT}],
        }
    ]
}
LOCATION: Json = {
    "location": {"address": "object", "geoCoordinates": "object"},
    "name": "string",
    "phone": "string",
    "locationTypes": [frozenset({"STORE", "WAREHOUSE", "FULFILLMENT_CENTER"})],
    "merchantLocationStatus": frozenset({"ENABLED", "DISABLED"}),
}

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
}


def check(value: Any, shape: Any, path: str = "") -> None:
    """Raises RefusedError 400/2004 at the first value of a wrong type. Fields sent as null count as absent."""
    if isinstance(shape, dict):
        _check_fields(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise _unreadable(path)
        for entry in value:
            check(entry, shape[0], path)
    elif isinstance(shape, frozenset):
        if not isinstance(value, str) or value not in shape:
            raise _unreadable(path)
    elif shape == "aspects":
        _check_aspects(value, path)
    elif not isinstance(value, _TYPES[shape]) or (isinstance(value, bool) and shape != "boolean"):
        raise _unreadable(path)


def _check_fields(value: Any, shape: Json, path: str) -> None:
    if not isinstance(value, dict):
        raise _unreadable(path or "request")
    for name, inner in value.items():
        if inner is not None and name in shape:
            check(inner, shape[name], f"{path}.{name}" if path else name)


def _check_aspects(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _unreadable(path)
    for values in value.values():
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise _unreadable(path)


def _unreadable(path: str) -> Exception:
    return refused(2004, f"Wrong type of {path}", reason=f"Could not serialize field [{path}]")
