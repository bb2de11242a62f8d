"""Orders of one eBay seller: read by last change, and parcels told with a look before.

Source: sell_fulfillment_v1 (1.20.6). getOrders gives two years back, 200 orders at once and nothing of the future.
createShippingFulfillment repeats itself when it is repeated, so what eBay has already is read first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.ebay.calls import Calls, mapping_of, quoted
from adapters.ebay.faults import unreadable
from adapters.ebay.order_reading import order_of, parcel_of
from adapters.ebay.settings import EbayAccount
from adapters.errors import RejectedListingError
from adapters.order_amounts import utc_text
from adapters.order_cursor import Position, position_of
from adapters.orders import (
    NeedsNoAnswer,
    Order,
    OrderCall,
    OrderPage,
    OrderStatus,
    Parcel,
    Shipment,
    ShipmentAnswer,
    holds_what_was_asked,
)
from adapters.rate_limits import DAY, Cost, Limit, Scope

PAGE_SIZE = 200
_OLDEST = timedelta(days=729)  # eBay answers 30830 for what lies two years back
_LAG = timedelta(seconds=10)  # the end of a window, before now: clocks differ, and eBay answers 30850 for the future
_ORDER = "/sell/fulfillment/v1/order"
_TRACKING = re.compile(r"[A-Za-z0-9]+")
# 100,000 calls of the Fulfillment API a day for an application, by eBay's page on call limits; shared by its sellers.
_CALLS_A_DAY = 100_000


class EbayOrders(NeedsNoAnswer):
    """See `OrderChannel`. clock: seconds since 1970."""

    channel = "ebay"
    poll = 60.0

    def __init__(self, calls: Calls, account: EbayAccount, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._account = account
        self._clock = clock

    @property
    def limits(self) -> Mapping[OrderCall, Sequence[Limit]]:
        """One budget of the application for all calls; a shipment is two or three of them."""

        def share(calls: int) -> Sequence[Limit]:
            cost = Cost(call=calls)
            limit = Limit("fulfillment", _CALLS_A_DAY, DAY, Scope.APPLICATION, self._account.app_id, {}, reading=cost)
            return (limit,)

        return {OrderCall.SEARCH: share(1), OrderCall.READ: share(2), OrderCall.SHIP: share(3), OrderCall.ANSWER: ()}

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._calls.close()

    async def orders(self, since: datetime, cursor: str = "") -> OrderPage:
        """First without an end, so that the newest order comes at once; what does not fit is walked up to an end."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        if cursor:
            position = position_of(cursor)
            found, total = await self._page(since, position.until, position.place)
            behind = position.after(PAGE_SIZE, total)
            return OrderPage(found, str(behind)) if behind else OrderPage(found, until=position.until)
        found, total = await self._page(since, None, 0)
        if total > len(found):
            return OrderPage(found, str(Position(max(now - _LAG, since))))
        return OrderPage(found, until=max(now, since))

    async def order(self, order_id: str) -> Order:
        """getOrder and getShippingFulfillments."""
        answer = await self._calls.call("GET", f"{_ORDER}/{quoted(order_id)}?fieldGroups=TAX_BREAKDOWN")
        return order_of(mapping_of(answer), await self._parcels(order_id))

    async def ship(self, shipment: Shipment) -> ShipmentAnswer:
        """createShippingFulfillment, unless eBay has this parcel."""
        tracking = _tracking(shipment.tracking_number)
        order = await self.order(shipment.order_id)
        wanted = _wanted(shipment, order)
        for parcel in order.parcels:
            if _same(parcel, tracking, shipment):
                return ShipmentAnswer(parcel.parcel_id, repeated=True)
        _refuse_unshippable(order, wanted)
        body: dict[str, Any] = {
            "lineItems": [{"lineItemId": line, "quantity": pieces} for line, pieces in wanted.items()],
            "shippedDate": utc_text(shipment.shipped_at),
        }
        if tracking:
            body["shippingCarrierCode"] = self._account.carriers.get(shipment.carrier, shipment.carrier)
            body["trackingNumber"] = tracking
        answer = await self._calls.call("POST", f"{_ORDER}/{quoted(order.order_id)}/shipping_fulfillment", body)
        return ShipmentAnswer(answer.headers.get("location", "").rstrip("/").rsplit("/", 1)[-1] or tracking)

    async def _parcels(self, order_id: str) -> list[Parcel]:
        answer = await self._calls.call("GET", f"{_ORDER}/{quoted(order_id)}/shipping_fulfillment")
        found = mapping_of(answer).get("fulfillments")
        if not isinstance(found, list):
            raise unreadable("getShippingFulfillments was answered without a list")
        return [parcel_of(one) for one in found if isinstance(one, Mapping)]

    async def _page(self, since: datetime, until: datetime | None, place: int) -> tuple[tuple[Order, ...], int]:
        """Orders from a place of the window, and how many it has."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        begin = min(max(since, now - _OLDEST), until or now)
        span = f"lastmodifieddate:[{utc_text(begin)}..{utc_text(until) if until else ''}]"
        query = f"filter={quoted(span)}&limit={PAGE_SIZE}&offset={place}&fieldGroups=TAX_BREAKDOWN"
        answer = await self._calls.call("GET", f"{_ORDER}?{query}")
        body = mapping_of(answer)
        orders, total = body.get("orders"), body.get("total")
        if not isinstance(total, int) or not isinstance(orders if total else [], list):
            raise unreadable("getOrders was answered without orders or their number")  # it may hold people
        return tuple(order_of(one) for one in orders or ()), total


def _tracking(number: str) -> str:
    """eBay takes letters and digits; spaces and hyphens, which people write into numbers, are left out."""
    bare = number.replace(" ", "").replace("-", "")
    if bare and not _TRACKING.fullmatch(bare):
        raise RejectedListingError(f"tracking_number: eBay takes letters and digits only, not {number!r}")
    return bare


def _wanted(shipment: Shipment, order: Order) -> dict[str, int]:
    """Line id -> pieces of the parcel: those named, or all that are not on their way."""
    if shipment.lines:
        return {line.line_id: line.quantity for line in shipment.lines}
    return {line_id: pieces for line_id, pieces in _left(order).items() if pieces > 0}


def _left(order: Order) -> dict[str, int]:
    """Line id -> pieces that are in no parcel yet. eBay calls a line fulfilled from its first piece on, so what is in
    the parcels counts, and that word only for lines that no parcel names."""
    sent = Counter[str]()
    for parcel in order.parcels:
        sent.update(parcel.quantities)
    return {line.line_id: line.quantity - line.canceled - sent.get(line.line_id, line.shipped) for line in order.lines}


def _same(parcel: Parcel, tracking: str, shipment: Shipment) -> bool:
    """Whether eBay knows this parcel. Its number and what is in it tell; without a number, when it left."""
    if parcel.tracking_number != tracking if tracking else parcel.shipped_at != shipment.shipped_at:
        return False
    return holds_what_was_asked(parcel, shipment)


def _refuse_unshippable(order: Order, wanted: Mapping[str, int]) -> None:
    if order.status in (OrderStatus.CANCELED, OrderStatus.PENDING, OrderStatus.REFUNDED):
        raise RejectedListingError(f"order_id: eBay says {order.vendor_status}, so nothing of it may be sent")
    left = _left(order)
    for line_id, pieces in wanted.items():
        if line_id not in left:
            raise RejectedListingError(f"lines: the order has no line {line_id}; it has {', '.join(left)}")
        if pieces > left[line_id]:
            raise RejectedListingError(f"lines: {pieces} of line {line_id}, of which {left[line_id]} are left to send")
    if not wanted:
        raise RejectedListingError("lines: all of this order is on its way already, under another tracking number")
