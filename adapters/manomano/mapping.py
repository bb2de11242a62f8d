"""Versions of a listing -> the API's bodies. Pure.

The same figures have three shapes: PUT writes `stock` and `pricing.price_vat_included`, PATCH `stock.quantity` and
`price.price_vat_included`, GET reads `stock` and `price`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.manomano.settings import ManomanoAccount
from adapters.manomano.versions import Version, versions_of
from adapters.model import Listing, Rendered

_CENT = Decimal("0.01")
_GRAM = Decimal("0.001")


def render(listing: Listing, account: ManomanoAccount) -> Rendered:
    """What would be sent: content by the feed, shipping with it by the API; price and stock by the API alone."""
    versions = versions_of(listing)
    content = {
        "title": listing.title,
        "description": listing.description,
        "category": listing.category,
        "brand": listing.brand,
        "versions": [_content(version) for version in versions],
        "shipping": [_shipping(version.weight, account) for version in versions],
        "packaging": _packaging(account),
    }
    figures = [[version.sku, str(cents(version.price.amount)), version.quantity] for version in versions]
    return Rendered(content=content, offer={"offers": figures, "currency": listing.price.currency})


def put_body(
    sku: str, price: Decimal, quantity: int, weight: Decimal | None, account: ManomanoAccount
) -> dict[str, Any]:
    """One offer of PUT, whole. weight: kilograms."""
    return {
        "sku": sku,
        "stock": quantity,
        "pricing": {"price_vat_included": float(cents(price))},
        "shipping": _shipping(weight, account),
        "packaging": _packaging(account),
    }


def patch_body(sku: str, quantity: int, price: Decimal | None = None) -> dict[str, Any]:
    """One offer of PATCH. price: None = it stays."""
    body: dict[str, Any] = {"sku": sku, "stock": {"quantity": quantity}}
    if price is not None:
        body["price"] = {"price_vat_included": float(cents(price))}
    return body


def references_of(price: Decimal | None, weight: Decimal | None) -> dict[str, str]:
    """What a take-down has to send once more: ManoMano demands price and weight even then."""
    found = {"price": None if price is None else cents(price), "weight": None if weight is None else grams(weight)}
    return {name: str(value) for name, value in found.items() if value is not None}


def cents(amount: Decimal) -> Decimal:
    """With two decimals, half a cent upwards."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def grams(weight: Decimal) -> Decimal:
    """Kilograms to the gram, and at least one: ManoMano takes no 0."""
    return max(_GRAM, weight.quantize(_GRAM, ROUND_HALF_UP)) if weight > 0 else weight


def _content(version: Version) -> Mapping[str, Any]:
    return {
        "sku": version.sku,
        "title": version.title,
        "parent": version.parent,
        "images": list(version.images),
        "gtins": list(version.gtins),
        "mpn": version.mpn,
        "attributes": {name: list(values) for name, values in sorted(version.attributes.items())},
    }


def _shipping(weight: Decimal | None, account: ManomanoAccount) -> dict[str, Any]:
    known = weight if weight is not None else Decimal(0)
    return {
        "display_weight": float(grams(known)),
        "carrier_grid": [
            {
                "name": grid.name,
                "shipping_time_min": grid.shipping_time_min,
                "shipping_time_max": grid.shipping_time_max,
            }
            for grid in account.grids_for(known)
        ],
    }


def _packaging(account: ManomanoAccount) -> dict[str, Any]:
    return {"min_quantity": account.min_quantity, "increment": account.increment}
