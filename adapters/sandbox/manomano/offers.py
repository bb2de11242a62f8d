"""What the calls do to offers: PUT, PATCH, unfreeze, and the list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.sandbox.manomano.errors import NOT_FOUND, Json, invalid
from adapters.sandbox.manomano.state import Offer, Shop

_CENT = Decimal("0.01")


def upsert(shop: Shop, entry: Mapping[str, Any]) -> list[str]:
    """PUT: a whole offer. It is stored only if it can be shown. Returns why not, none = taken."""
    known = shop.offers.get(entry["sku"])
    offer = Offer(
        sku=entry["sku"],
        number=known.number if known is not None else shop.next_number(),
        price=_text(entry["pricing"]["price_vat_included"]),
        stock=entry["stock"],
        weight=entry["shipping"]["display_weight"],
        grids=tuple(entry["shipping"]["carrier_grid"]),
        retail=_text(entry["pricing"].get("retail_price_vat_included")) or None,
        frozen=known.frozen if known is not None else frozenset(),
        eco="eco_participation" in entry,
    )
    complaints = shop.complaints(offer)
    if not complaints:
        shop.offers[offer.sku] = offer
    return complaints


def patch(shop: Shop, item: Mapping[str, Any]) -> list[str]:
    """PATCH: price, stock or both of an offer that exists, frozen from then on."""
    offer = shop.offers.get(item["sku"])
    if offer is None:
        return [NOT_FOUND]
    if "price" in item:
        offer.price = _text(item["price"]["price_vat_included"])
        offer.frozen |= {"PRICE"}
    if "stock" in item:
        offer.stock = item["stock"]["quantity"]
        offer.frozen |= {"STOCK"}
    return []


def unfreeze(shop: Shop, body: Mapping[str, Any]) -> None:
    """Feeds may overwrite these again. SKUs that are not known are passed over."""
    for sku in body["skus"]:
        if offer := shop.offers.get(sku):
            offer.frozen -= set(body["fields"])


def list_offers(shop: Shop, query: Mapping[str, str]) -> Json:
    """A page of offers. A SKU with a comma cannot be asked for: the list is split at commas."""
    page, limit = _number(query, "page", 1, 10**9), _number(query, "limit", 50, 1000)
    skus = query.get("skus")
    wanted = set(skus.split(",")) if skus is not None else None
    found = [offer for sku, offer in sorted(shop.offers.items()) if wanted is None or sku in wanted]
    content = [offer_info(shop, offer) for offer in found[(page - 1) * limit : page * limit]]
    return {"content": content, "pagination": pagination(page, limit, len(found))}


def offer_info(shop: Shop, offer: Offer) -> Json:
    """An offer as GET tells it: flat figures."""
    complaints = shop.complaints(offer)
    grid = offer.grids[0] if offer.grids else {}
    times = (grid.get("shipping_time_min"), grid.get("shipping_time_max"))
    return {
        "sku": offer.sku,
        "price": float(offer.price),
        "retail_price": float(offer.retail) if offer.retail else None,
        "stock": offer.stock,
        "id_me": offer.number,
        "id_me_link": f"https://www.manomano.it/p/x-{offer.number}",
        "carrier": grid.get("name"),
        "shipping_time": f"{times[0]}#{times[1]}" if grid else None,
        "offer_is_online": shop.is_online(offer),
        "frozen_price": "PRICE" in offer.frozen,
        "frozen_retail_price": False,
        "frozen_stock": "STOCK" in offer.frozen,
        "status": "ERROR" if complaints else "COMPLETED",
        "errors": complaints,
    }


def pagination(page: int, limit: int, items: int) -> Json:
    """How the list is cut into pages; an empty one has none."""
    links: Json = dict.fromkeys(("first", "previous", "next", "last", "goto"))
    return {"page": page, "pages": math.ceil(items / limit), "items": items, "limit": limit, "links": links}


def page_of(query: Mapping[str, str], rows: list[Json], most: int) -> Json:
    """A page of any list."""
    page, limit = _number(query, "page", 1, 10**9), _number(query, "limit", most, most)
    return {
        "content": rows[(page - 1) * limit : page * limit],
        "pagination": pagination(page, limit, len(rows)),
    }


def _number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(f"{name} must be a number from 1 to {most}")
    return int(text)


def _text(amount: float | None) -> str:
    return "" if amount is None else str(Decimal(str(amount)).quantize(_CENT))
