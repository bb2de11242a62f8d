"""The vendor's error ids with words of our own. The ids, statuses and categories are eBay's (facts: its contracts'
response code lists and what was seen live); a client must never key on the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

# id: (HTTP status, domain, category, words)
CATALOGUE: dict[int, tuple[int, str, str, str]] = {
    1001: (401, "OAuth", "REQUEST", "The access token is not valid"),
    1100: (403, "ACCESS", "REQUEST", "This token may not do that"),
    2001: (429, "ACCESS", "REQUEST", "Too many requests"),
    2002: (404, "ACCESS", "REQUEST", "No such resource"),
    2003: (500, "ACCESS", "APPLICATION", "Internal error"),
    2004: (400, "ACCESS", "REQUEST", "The request cannot be read"),
    20401: (400, "API_ACCOUNT", "REQUEST", "A field is missing"),
    20403: (400, "API_ACCOUNT", "REQUEST", "A field is not valid"),
    20404: (400, "API_ACCOUNT", "REQUEST", "Not found"),
    25001: (500, "API_INVENTORY", "APPLICATION", "System error"),
    25002: (400, "API_INVENTORY", "REQUEST", "User error"),
    25003: (400, "API_INVENTORY", "REQUEST", "The price is not valid"),
    25004: (400, "API_INVENTORY", "REQUEST", "The quantity is not valid"),
    25005: (400, "API_INVENTORY", "REQUEST", "The category is not valid"),
    25006: (400, "API_INVENTORY", "REQUEST", "A listing option is not valid"),
    25007: (400, "API_INVENTORY", "REQUEST", "The fulfilment policy cannot be used"),
    25008: (400, "API_INVENTORY", "REQUEST", "The payment policy cannot be used"),
    25009: (400, "API_INVENTORY", "REQUEST", "The return policy cannot be used"),
    25012: (400, "API_INVENTORY", "REQUEST", "The inventory location cannot be used"),
    25013: (400, "API_INVENTORY", "REQUEST", "The data of the inventory item group are not valid"),
    25014: (400, "API_INVENTORY", "REQUEST", "The pictures are not valid"),
    25015: (400, "API_INVENTORY", "REQUEST", "A picture address is not valid"),
    25016: (400, "API_INVENTORY", "REQUEST", "A value is not valid"),
    25017: (400, "API_INVENTORY", "REQUEST", "A field is missing"),
    25018: (400, "API_INVENTORY", "REQUEST", "The account is not complete"),
    25019: (400, "API_INVENTORY", "REQUEST", "The listing cannot be revised now"),
    25021: (400, "API_INVENTORY", "REQUEST", "The condition is not valid"),
    25025: (500, "API_INVENTORY", "APPLICATION", "Another call is working on this item"),
    25026: (400, "API_INVENTORY", "REQUEST", "The selling limit is reached"),
    25029: (400, "API_INVENTORY", "REQUEST", "A field is required in this category"),
    25035: (400, "API_INVENTORY", "REQUEST", "No such policy on this marketplace"),
    25036: (400, "API_INVENTORY", "REQUEST", "The policy is of another type"),
    25402: (200, "API_INVENTORY", "APPLICATION", "Warning"),
    25502: (400, "API_INVENTORY", "REQUEST", "An attribute is not valid"),
    25604: (400, "API_INVENTORY", "REQUEST", "Input error"),
    25702: (400, "API_INVENTORY", "REQUEST", "The SKU is not known"),
    25703: (400, "API_INVENTORY", "REQUEST", "The SKU is a member of another group already"),
    25704: (400, "API_INVENTORY", "REQUEST", "The SKU is listed by itself already"),
    25705: (400, "API_INVENTORY", "REQUEST", "The inventory item group is not known"),
    25706: (400, "API_INVENTORY", "REQUEST", "The page values are not valid"),
    25707: (400, "API_INVENTORY", "REQUEST", "Not a valid value for a SKU"),
    25708: (400, "API_INVENTORY", "REQUEST", "The SKU is not valid"),
    25709: (400, "API_INVENTORY", "REQUEST", "A field or header has a value that is not valid"),
    25710: (404, "API_INVENTORY", "REQUEST", "Nothing found for this request"),
    25713: (404, "API_INVENTORY", "REQUEST", "This offer is not available"),
    25725: (400, "API_INVENTORY", "REQUEST", "No offer found"),
    25727: (400, "API_INVENTORY", "REQUEST", "Too many items in one request"),
    25728: (400, "API_INVENTORY", "REQUEST", "An item is there twice in one request"),
    25729: (400, "API_INVENTORY", "REQUEST", "SKU, marketplace and format are there twice in one request"),
    25730: (400, "API_INVENTORY", "REQUEST", "Too many offers in one request"),
    25731: (400, "API_INVENTORY", "REQUEST", "An offer is there twice in one request"),
    25732: (400, "API_INVENTORY", "REQUEST", "The SKU is part of a group, and this call cannot publish it"),
    25733: (400, "API_INVENTORY", "REQUEST", "Every item needs a valid SKU and locale"),
    25734: (400, "API_INVENTORY", "REQUEST", "A SKU is there twice in one request"),
    25735: (400, "API_INVENTORY", "REQUEST", "SKU, marketplace or format is not valid"),
    25801: (400, "API_INVENTORY", "REQUEST", "A field of the location is missing"),
    25802: (400, "API_INVENTORY", "REQUEST", "The location is not valid"),
    25803: (409, "API_INVENTORY", "REQUEST", "The location exists already"),
    25805: (404, "API_INVENTORY", "REQUEST", "No such location"),
    46001: (400, "API_METADATA", "REQUEST", "No such marketplace"),
    62002: (400, "API_TAXONOMY", "REQUEST", "The marketplace is missing"),
    62003: (400, "API_TAXONOMY", "REQUEST", "No such marketplace"),
    62004: (400, "API_TAXONOMY", "REQUEST", "No such category tree"),
    62005: (400, "API_TAXONOMY", "REQUEST", "The category is not in this tree"),
    62006: (400, "API_TAXONOMY", "REQUEST", "The category is missing"),
    62007: (400, "API_TAXONOMY", "REQUEST", "The words are missing"),
    62009: (400, "API_TAXONOMY", "REQUEST", "The category is not a leaf"),
    190200: (404, "API_MEDIA", "REQUEST", "No such picture"),
    190204: (400, "API_MEDIA", "REQUEST", "No picture can be loaded from this address"),
    195001: (404, "API_NOTIFICATION", "REQUEST", "No such key"),
}


def vendor_error(error_id: int, words: str = "", **parameters: str) -> Json:
    """One entry of `errors` or `warnings` as eBay writes it. An id we have no words for is sent as a request error."""
    _, domain, category, message = CATALOGUE.get(error_id, (400, "API_INVENTORY", "REQUEST", "Refused"))
    return {
        "errorId": error_id,
        "domain": domain,
        "subdomain": "Selling",
        "category": category,
        "message": f"{message}. {words}" if words else f"{message}.",
        "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
    }


def status_of(error_id: int) -> int:
    """The HTTP status this error comes with."""
    return CATALOGUE[error_id][0] if error_id in CATALOGUE else 400


class RefusedError(Exception):
    """The call, or one entry of a bulk call, is refused. status: HTTP status; errors: what eBay's body lists."""

    def __init__(self, errors: Sequence[Json], status: int | None = None) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)
        self.status = status if status is not None else status_of(errors[0]["errorId"])


def refused(error_id: int, words: str = "", **parameters: str) -> RefusedError:
    """A refusal with one error, to be raised."""
    return RefusedError([vendor_error(error_id, words, **parameters)])
