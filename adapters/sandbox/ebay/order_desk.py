"""The Fulfillment API of the stand-in: orders read by window and place, parcels noted."""

from __future__ import annotations

import re
from typing import Any

from adapters.sandbox.buyers import since_1970
from adapters.sandbox.ebay import shapes
from adapters.sandbox.ebay.errors import Json, RefusedError, refused
from adapters.sandbox.ebay.requests import body_of
from adapters.sandbox.ebay.sales import change
from adapters.sandbox.ebay.state import Shop
from adapters.sandbox.server import Reply, Request

_WINDOW = re.compile(r"(creationdate|lastmodifieddate):\[([^.\]]*(?:\.\d+)?Z)\.\.([^\]]*)\]")
_TWO_YEARS = 730 * 86_400
_MOST = 200


def list_orders(shop: Shop, request: Request) -> Reply:
    """getOrders: by window, oldest change first. Requests to cancel are not shown here, as eBay's page says."""
    query = request.query
    limit, place = _number(query, "limit", 50, 31100), _number(query, "offset", 0, 31000)
    if not 1 <= limit <= _MOST:
        raise refused(31100, f"limit is 1 to {_MOST}")
    _refuse_other_groups(query)
    wanted = _filtered(shop, query.get("filter", ""))
    shown = [_listed(order) for order in wanted[place : place + limit]]
    base = f"https://api.ebay.com/sell/fulfillment/v1/order?limit={limit}&offset="
    body: Json = {"href": f"{base}{place}", "limit": limit, "offset": place, "total": len(wanted), "orders": shown}
    if place + limit < len(wanted):
        body["next"] = f"{base}{place + limit}"
    return Reply(200, body)


def get_order(shop: Shop, request: Request) -> Reply:
    """getOrder."""
    _refuse_other_groups(request.query)
    return Reply(200, _order(shop, request))


def list_parcels(shop: Shop, request: Request) -> Reply:
    """getShippingFulfillments."""
    found = shop.parcels[_order(shop, request)["orderId"]]
    return Reply(200, {"fulfillments": found, "total": len(found)})


def create_parcel(shop: Shop, request: Request) -> Reply:
    """createShippingFulfillment: a parcel more each time it is called. Any piece ships its whole line."""
    order, wanted = _order(shop, request), body_of(request, shapes.PARCEL)
    lines = wanted.get("lineItems") or []
    _refuse_bad_lines(order, lines)
    carrier, tracking = wanted.get("shippingCarrierCode") or "", wanted.get("trackingNumber") or ""
    if bool(carrier) != bool(tracking) or (tracking and not re.fullmatch(r"[A-Za-z0-9]+", tracking)):
        raise refused(32300, "a carrier and a tracking number of letters and digits, or neither")
    if order["orderPaymentStatus"] not in ("PAID", "PARTIALLY_REFUNDED"):
        raise refused(32600, "the order is not paid")
    parcel: Json = {"fulfillmentId": tracking or "999", "lineItems": lines}
    if tracking:
        parcel |= {"shipmentTrackingNumber": tracking, "shippingCarrierCode": carrier}
    if wanted.get("shippedDate"):
        parcel["shippedDate"] = _time(wanted["shippedDate"], 32500) and wanted["shippedDate"]
    shop.parcels[order["orderId"]].append(parcel)
    _mark(shop, order, {line["lineItemId"] for line in lines})
    here = f"https://api.ebay.com/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment/"
    return Reply(201, {}, {"Location": here + parcel["fulfillmentId"]})


def _mark(shop: Shop, order: Json, sent: set[str]) -> None:
    rows = [
        row | {"lineItemFulfillmentStatus": "FULFILLED"} if row["lineItemId"] in sent else row
        for row in order["lineItems"]
    ]
    done = all(row["lineItemFulfillmentStatus"] == "FULFILLED" for row in rows)
    change(shop, order, lineItems=rows, orderFulfillmentStatus="FULFILLED" if done else "IN_PROGRESS")


def _refuse_bad_lines(order: Json, lines: list[Json]) -> None:
    ids = [line.get("lineItemId") for line in lines]
    if len(set(ids)) != len(ids):
        raise refused(32210)
    known = {row["lineItemId"]: row["quantity"] for row in order["lineItems"]}
    for line in lines:
        if line.get("lineItemId") not in known:
            raise refused(32200, str(line.get("lineItemId")))
        if not 1 <= int(line.get("quantity") or 0) <= known[line["lineItemId"]]:
            raise refused(32600, "quantity")
    if not lines:
        raise refused(32600, "lineItems")


def _filtered(shop: Shop, text: str) -> list[Json]:
    """The orders of a window; without one those of the last 90 days, as eBay says."""
    begin, end, field = shop.clock() - 90 * 86_400, shop.clock(), "creationDate"
    if text:
        window = _WINDOW.search(text)
        if window is None:
            raise refused(30800, text)
        name, first, last = window.groups()
        field = "creationDate" if name == "creationdate" else "lastModifiedDate"
        begin, end = _time(first, 30810), _time(last, 30810) if last else shop.clock()
    if begin > shop.clock() or end > shop.clock():
        raise refused(30850)
    if begin > end:
        raise refused(30840)
    if begin < shop.clock() - _TWO_YEARS:
        raise refused(30830)
    # To the millisecond, as times are written: one at the very end of the window is in it.
    found = [order for order in shop.orders.values() if begin - 0.001 <= since_1970(order[field]) <= end + 0.001]
    return sorted(found, key=lambda order: (str(order[field]), str(order["orderId"])))


def _order(shop: Shop, request: Request) -> Json:
    order_id = request.segments[4]
    if order_id not in shop.orders:
        raise RefusedError(refused(32100, order_id).errors, 404 if len(request.segments) == 5 else 400)
    return shop.orders[order_id]


def _listed(order: Json) -> Json:
    return order | {"cancelStatus": order["cancelStatus"] | {"cancelRequests": []}}


def _refuse_other_groups(query: Any) -> None:
    if query.get("fieldGroups", "TAX_BREAKDOWN") != "TAX_BREAKDOWN":
        raise refused(32800, query["fieldGroups"])


def _number(query: Any, name: str, default: int, error_id: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise refused(error_id, text)
    return int(text)


def _time(text: str, error_id: int) -> float:
    try:
        return since_1970(text)
    except ValueError:
        raise refused(error_id, text) from None
