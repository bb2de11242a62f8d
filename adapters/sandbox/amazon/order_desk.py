"""The order calls of the stand-in: Orders 2026-01-01 for reading, confirmShipment of v0."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from adapters.sandbox.amazon.errors import Json, RefusedError
from adapters.sandbox.amazon.requests import listed, marketplaces_of
from adapters.sandbox.amazon.sales import change, shown
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.buyers import moment, since_1970
from adapters.sandbox.server import Reply, Request

_BEHIND = 120.0
_TWO_YEARS = 730 * 86_400
_TOKEN_LASTS = 86_400.0
_DATA = {
    "BUYER": "buyer",
    "RECIPIENT": "recipient",
    "PROCEEDS": "proceeds",
    "PACKAGES": "packages",
    "FULFILLMENT": "fulfillment",
    "CANCELLATION": "cancellation",
    "TAX": "tax",
    "EXPENSE": "expense",
    "PROMOTION": "promotion",
    "PAYMENT": "payment",
    "FULFILLMENT_ORDERS": "fulfillmentOrders",
}


def search_orders(shop: Shop, request: Request) -> Reply:
    """searchOrders: by creation or by last change, oldest first; pages by a token that belongs to its filters."""
    query = request.query
    begin, end, field = _window(shop, request)
    end, after = _place(shop, query, end)
    limit = int(query.get("maxResultsPerPage", "100")) if query.get("maxResultsPerPage", "100").isdigit() else 0
    if not 1 <= limit <= 100:
        raise RefusedError(400, "maxResultsPerPage is 1 to 100")
    places = marketplaces_of(request, shop.seller)
    found = [
        order
        for order in shop.orders.values()
        if begin <= since_1970(order[field]) <= end and order["salesChannel"]["marketplaceId"] in places
    ]
    found = sorted((order for order in found if _mark(order, field) > after), key=lambda order: _mark(order, field))
    page = found[:limit]
    body: Json = {
        "orders": [_told(order, request) for order in page],
        "lastUpdatedBefore" if field == "lastUpdatedTime" else "createdBefore": moment(end),
    }
    if len(found) > limit:
        body["pagination"] = {"nextToken": _token(shop, query, end, _mark(page[-1], field))}
    return Reply(200, body)


def get_order(shop: Shop, request: Request) -> Reply:
    """getOrder."""
    return Reply(200, {"order": _told(_order(shop, request.segments[3]), request)})


def confirm_shipment(shop: Shop, request: Request) -> Reply:
    """confirmShipment: the package of this reference is new, or what is said of it replaces what was said before."""
    order = _order(shop, request.segments[3])
    try:
        body: Any = orjson.loads(request.body)
        package = body["packageDetail"]
        reference, tracking = str(package["packageReferenceId"]), str(package["trackingNumber"])
        carrier, sent_at = str(package["carrierCode"]), str(package["shipDate"])
        items = {str(one["orderItemId"]): int(one["quantity"]) for one in package["orderItems"]}
        since_1970(sent_at)
    except (KeyError, TypeError, ValueError):
        raise RefusedError(400, "The request has an invalid parameter") from None
    _refuse_bad_package(order, body, reference, items)
    if carrier == "Other" and not package.get("carrierName"):
        raise RefusedError(400, "carrierName is required when carrierCode is Other")
    row = {
        "packageReferenceId": reference,
        "carrier": package.get("carrierName") or carrier,
        "trackingNumber": tracking,
        "shipTime": sent_at,
        "packageStatus": {"status": "SHIPPED"},
        "packageItems": [{"orderItemId": item, "quantity": pieces} for item, pieces in items.items()],
    }
    others = [one for one in order["packages"] if one["packageReferenceId"] != reference]
    _note_packages(shop, order, [*others, row])
    return Reply(204)


def _note_packages(shop: Shop, order: Json, packages: list[Json]) -> None:
    rows = []
    for row in order["orderItems"]:
        sent = sum(
            item["quantity"]
            for package in packages
            for item in package["packageItems"]
            if item["orderItemId"] == row["orderItemId"]
        )
        left = max(0, row["quantityOrdered"] - sent)
        rows.append(row | {"fulfillment": {"quantityFulfilled": sent, "quantityUnfulfilled": left}})
    done = all(row["fulfillment"]["quantityUnfulfilled"] == 0 for row in rows)
    status = "SHIPPED" if done else "PARTIALLY_SHIPPED"
    told = order["fulfillment"] | {"fulfillmentStatus": status}
    change(shop, order, packages=packages, orderItems=rows, fulfillment=told)


def _refuse_bad_package(order: Json, body: Json, reference: str, items: dict[str, int]) -> None:
    if body.get("marketplaceId") != order["salesChannel"]["marketplaceId"]:
        raise RefusedError(400, "The marketplace is not the order's")
    if order["fulfillment"]["fulfillmentStatus"] not in ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"):
        raise RefusedError(400, "The order cannot be shipped")
    if not re.fullmatch(r"[1-9]\d*", reference):
        raise RefusedError(400, "packageReferenceId is a positive number")
    known = {row["orderItemId"]: row["quantityOrdered"] for row in order["orderItems"]}
    if not items or any(not 1 <= pieces <= known.get(item, 0) for item, pieces in items.items()):
        raise RefusedError(400, "orderItems name what is not in the order")


def _window(shop: Shop, request: Request) -> tuple[float, float, str]:
    """Beginning, end and field of a search. Exactly one beginning is needed."""
    query = request.query
    named = [name for name in ("createdAfter", "lastUpdatedAfter") if name in query]
    if len(named) != 1:
        raise RefusedError(400, "exactly one of createdAfter and lastUpdatedAfter is required")
    kind = named[0].removesuffix("After")
    begin = _time(query[named[0]])
    latest = shop.clock() - (_BEHIND if shop.rules.orders_behind else 0.0)
    end = _time(query[f"{kind}Before"]) if f"{kind}Before" in query else latest
    if end > latest + 1 or begin < shop.clock() - _TWO_YEARS:
        raise RefusedError(400, f"{kind}Before is at least two minutes ago, {kind}After at most two years")
    return begin, end, "createdTime" if kind == "created" else "lastUpdatedTime"


def _told(order: Json, request: Request) -> Json:
    """With the data sets that were asked for; the others are absent."""
    wanted = set(listed(request, "includedData", tuple(_DATA), ()))
    hidden = {field for name, field in _DATA.items() if name not in wanted}
    told = {name: value for name, value in shown(order).items() if name not in hidden}
    told["orderItems"] = [
        {name: value for name, value in row.items() if name not in hidden} for row in told["orderItems"]
    ]
    return told


def _order(shop: Shop, order_id: str) -> Json:
    order = shop.orders.get(order_id)
    if order is None:
        raise RefusedError(404, f"The order {order_id} is not found")
    return order


def _mark(order: Json, field: str) -> str:
    return f"{order[field]} {order['orderId']}"


def _token(shop: Shop, query: Any, end: float, last: str) -> str:
    text = orjson.dumps([end, last, _filters(query), shop.clock()])
    return base64.urlsafe_b64encode(text).decode()


def _place(shop: Shop, query: Any, end: float) -> tuple[float, str]:
    """Where the window of a token ends, and behind which order its page begins. Raises RefusedError for a token that
    is too old, or of another search."""
    if "paginationToken" not in query:
        return end, ""
    try:
        until, last, filters, given = orjson.loads(base64.urlsafe_b64decode(query["paginationToken"]))
    except (binascii.Error, ValueError):
        raise RefusedError(400, "paginationToken is not valid") from None
    if filters != _filters(query) or shop.clock() - given > _TOKEN_LASTS:
        raise RefusedError(400, "paginationToken has expired, or is of another search")
    return float(until), str(last)


def _filters(query: Any) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(query.items()) if name != "paginationToken")


def _time(text: str) -> float:
    try:
        return since_1970(text)
    except ValueError:
        raise RefusedError(400, f"{text} is no ISO 8601 time") from None
