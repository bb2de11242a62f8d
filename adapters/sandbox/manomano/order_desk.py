"""The order calls of the stand-in: lists by window, one order, and answers that tell of every line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from adapters.sandbox.buyers import since_1970
from adapters.sandbox.faults import Faults
from adapters.sandbox.manomano import offers
from adapters.sandbox.manomano.errors import Json, gateway, invalid
from adapters.sandbox.manomano.sales import move
from adapters.sandbox.manomano.state import Shop
from adapters.sandbox.server import Reply, Request

ORDERS = "/orders/v1/orders"
ROUTES = {
    ("POST", "/orders/v1/accept-orders"): "accept_orders",
    ("POST", "/orders/v1/refuse-orders"): "refuse_orders",
    ("POST", "/orders/v1/shippings"): "ship_orders",
    ("GET", ORDERS): "list_orders",
}
_MOST = 50
_REFERENCE = frozenset({"order_reference", "seller_contract_id"})
_PARCEL = frozenset({"carrier", "tracking_number", "tracking_url"})
# route -> the status that an order has to have, and the one that it gets
_MOVES = {
    "accept_orders": ("PENDING", "PREPARATION"),
    "refuse_orders": ("PENDING", "REFUSED"),
    "ship_orders": ("PREPARATION", "SHIPPED"),
}


def route_of(request: Request) -> str | None:
    """The order call that a request asks for, if it is one."""
    if request.method == "GET" and request.path.startswith(f"{ORDERS}/") and len(request.segments) == 4:
        return "get_order"
    return ROUTES.get((request.method, request.path))


def named(request: Request) -> list[str]:
    """The orders that a call names, for faults of single orders."""
    if request.method == "GET":
        return list(request.segments[3:4])
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return []
    rows = body if isinstance(body, list) else []
    return [str(row.get("order_reference")) for row in rows if isinstance(row, dict)]


def list_orders(shop: Shop, query: Mapping[str, str]) -> Json:
    """Newest last. `status_updated_at` of an order that was never touched is in no window."""
    found = [order for order in shop.orders.values() if _in_window(order, query)]
    if status := query.get("status"):
        found = [order for order in found if order["status"] == status]
    return offers.page_of(query, found, most=100)


def get_order(shop: Shop, reference: str) -> Json:
    """Raises RefusedError 404 where the contract has no such order."""
    if reference not in shop.orders:
        raise gateway(404)
    return {"content": shop.orders[reference]}


def answer(route: str, request: Request, seller: str, shop_of: Callable[[str | None], Shop], faults: Faults) -> Reply:
    """accept, refuse or ship: 204 where all lines are done, else 207 with what came of each."""
    rows = _rows(request, route)
    results = [_line(route, row, seller, shop_of(str(row["seller_contract_id"])), faults) for row in rows]
    if all(result["result"]["http_code"] < 300 for result in results):
        return Reply(204)
    if any(fault.kind == "unsaid" for fault in faults.active):
        results = [result for result in results if result["result"]["http_code"] < 300]
    return Reply(207, {"content": results})


def _line(route: str, row: Json, seller: str, shop: Shop, faults: Faults) -> Json:
    reference = row["order_reference"]
    fault = faults.entry("status", route, seller, reference) or faults.entry("refused_sku", route, seller, reference)
    if fault is not None:
        return _result(row, fault.status or 500, str(fault.error_id or "ERR_500"), fault.words)
    order = shop.orders.get(reference)
    if order is None:
        return _result(row, 404, "ORDER_NOT_FOUND", "order not found")
    before, after = _MOVES[route]
    if order["status"] != before:
        return _result(row, 409, "INVALID_ORDER_STATUS", f"the order is {order['status']}, not {before}")
    if route == "ship_orders":
        known = {product["seller_sku"] for product in order["products"]}
        for product in row.get("products") or ():
            if product.get("seller_sku") not in known:
                return _result(row, 400, "INVALID_PRODUCT", f"{product.get('seller_sku')} is not in the order")
        shop.parcels.setdefault(reference, []).append(row)
    move(shop, order, after)
    return _result(row, 200, None, None)


def _rows(request: Request, route: str) -> list[Json]:
    try:
        rows: Any = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise invalid("the body is not JSON") from None
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST:
        raise invalid(f"a list of 1 to {_MOST} orders is expected")
    needed = _REFERENCE | _PARCEL if route == "ship_orders" else _REFERENCE
    for row in rows:
        missing = [name for name in needed if not (isinstance(row, dict) and row.get(name))]
        if missing:
            raise invalid(f"{', '.join(sorted(missing))} is expected")
    return rows


def _in_window(order: Json, query: Mapping[str, str]) -> bool:
    for field in ("created_at", "status_updated_at"):
        first, last = query.get(f"{field}_start"), query.get(f"{field}_end")
        if first is None and last is None:
            continue
        if order[field] is None:
            return False
        time = since_1970(order[field])
        if (first and time < since_1970(first)) or (last and time > since_1970(last)):
            return False
    return True


def _result(row: Json, status: int, code: str | None, words: str | None) -> Json:
    error = None if code is None else {"app_code": code, "message": words}
    told = {"http_code": status, "error": error}
    return {
        "order_reference": row["order_reference"],
        "seller_contract_id": row["seller_contract_id"],
        "result": told,
    }
