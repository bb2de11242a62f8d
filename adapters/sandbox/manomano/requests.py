"""From the bytes of a write to its offers. What fails here fails the whole call, also for one bad offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.sandbox.manomano.errors import TOO_MANY, Json, invalid, refused
from adapters.sandbox.manomano.world import Rules
from adapters.sandbox.server import Request

_FIELDS = frozenset({"PRICE", "STOCK"})


def parse_upsert(request: Request, rules: Rules) -> tuple[str | None, list[Json]]:
    """PUT: a bare list. The contract stands in the query."""
    body = _body(request)
    if not isinstance(body, list) or not body or not all(isinstance(entry, dict) for entry in body):
        raise invalid("a list of offers is expected")
    if len(body) > rules.offers_per_put:
        raise refused(TOO_MANY, f"maximum {rules.offers_per_put} offers per request")
    for entry in body:
        _check_upsert(entry)
    return request.query.get("seller_contract_id"), body


def parse_patch(request: Request, rules: Rules) -> tuple[str | None, list[Json]]:
    """PATCH: items under their contract, in the body. Ours takes one contract a call."""
    body = _body(request)
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise invalid("content is expected to be a list of one contract")
    items = content[0].get("items")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise invalid("items is expected to be a list of offers")
    for item in items:
        _check_patch(item)
    return _contract(content[0]), items


def parse_unfreeze(request: Request) -> tuple[str | None, Json]:
    """Unfreeze: the contract stands in the body."""
    body = _body(request)
    if not isinstance(body, dict) or not isinstance(body.get("skus"), list) or not isinstance(body.get("fields"), list):
        raise invalid("skus and fields are expected")
    if not body["skus"] or not body["fields"] or not set(body["fields"]) <= _FIELDS:
        raise invalid("fields are PRICE and STOCK")
    return _contract(body), body


def _body(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise invalid("the content type is not application/json")
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise invalid("the body is not JSON") from None


def _contract(body: Mapping[str, Any]) -> str | None:
    contract = body.get("seller_contract_id")
    return str(contract) if isinstance(contract, int) else None


def _check_upsert(entry: Json) -> None:
    _only(entry, {"sku", "stock", "pricing", "shipping", "packaging", "eco_participation"})
    _check_sku(entry)
    if not _whole(entry.get("stock"), 0):
        raise invalid("stock must be a whole number of 0 or more")
    pricing = _part(entry, "pricing", {"price_vat_included", "retail_price_vat_included", "eco_participation"})
    _check_price(pricing)
    shipping = _part(entry, "shipping", {"display_weight", "carrier_grid"})
    if not _positive(shipping.get("display_weight")):
        raise invalid("display_weight must be greater than 0")
    grids = shipping.get("carrier_grid")
    if not isinstance(grids, list) or not grids or not all(_is_grid(grid) for grid in grids):
        raise invalid("carrier_grid must be a list of name, shipping_time_min and shipping_time_max")
    packaging = _part(entry, "packaging", {"min_quantity", "increment"})
    if not _whole(packaging.get("min_quantity"), 1) or not _whole(packaging.get("increment"), 1):
        raise invalid("min_quantity and increment must be 1 or more")


def _check_patch(item: Json) -> None:
    _only(item, {"sku", "price", "stock"})
    _check_sku(item)
    if "price" not in item and "stock" not in item:
        raise invalid("price or stock is expected")
    if "price" in item:
        _check_price(_part(item, "price", {"price_vat_included", "retail_price_vat_included"}))
    if "stock" in item and not _whole(_part(item, "stock", {"quantity"}).get("quantity"), 0):
        raise invalid("quantity must be a whole number of 0 or more")


def _check_sku(entry: Json) -> None:
    if not isinstance(entry.get("sku"), str) or not entry["sku"]:
        raise invalid("sku is expected")


def _check_price(pricing: Json) -> None:
    price, retail = pricing.get("price_vat_included"), pricing.get("retail_price_vat_included")
    if not _positive(price):
        raise invalid("price_vat_included must be greater than 0")
    if retail is not None and (not _positive(retail) or retail <= price):
        raise invalid("retail_price_vat_included must be higher than price_vat_included")


def _part(entry: Json, name: str, known: set[str]) -> Json:
    part = entry.get(name)
    if not isinstance(part, dict):
        raise invalid(f"{name} is expected to be an object")
    _only(part, known)
    return part


def _only(document: Json, known: set[str]) -> None:
    if unknown := set(document) - known:
        raise invalid(f"unknown fields: {', '.join(sorted(unknown))}")


def _is_grid(grid: Any) -> bool:
    if not isinstance(grid, dict) or set(grid) != {"name", "shipping_time_min", "shipping_time_max"}:
        return False
    times = _whole(grid["shipping_time_min"], 0) and _whole(grid["shipping_time_max"], 1)
    return times and isinstance(grid["name"], str) and bool(grid["name"])


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
