"""Orders of one Amazon seller on one marketplace: searched by last change, packages confirmed after a look.

Amazon accepts orders by itself. Its order acknowledgement (a feed of XML) only tells it the seller's own order number,
and it asks for none; cancelling is done in Seller Central.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.amazon.order_client import OrderClient
from adapters.amazon.order_reading import order_of
from adapters.amazon.settings import AmazonAccount
from adapters.errors import RejectedListingError
from adapters.order_amounts import utc_text
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
from adapters.rate_limits import Cost, Limit, Scope

_BEHIND = timedelta(minutes=2)  # Amazon searches up to two minutes before now
_OLDEST = timedelta(days=729)  # and nothing that is older than two years
# Carrier codes of Amazon's list that sellers in Europe use. Any other carrier is "Other" with its name.
_CARRIERS = frozenset({
    "BRT", "Chronopost", "Correos", "DHL", "DPD", "Deutsche Post", "FedEx", "GLS", "Hermes Logistik Gruppe", "La Poste",
    "MRW", "Nacex", "Parcelforce", "Poste Italiane", "Royal Mail", "SDA", "Seur", "TNT", "UPS", "Yodel",
})  # fmt: skip
_OTHER = "Other"


class AmazonOrders(NeedsNoAnswer):
    """See `OrderChannel`. clock: seconds since 1970."""

    channel = "amazon"
    # searchOrders: one in 179 seconds, after a burst of 20.
    poll = 200.0

    def __init__(self, client: OrderClient, account: AmazonAccount, clock: Callable[[], float]) -> None:
        self._client = client
        self._account = account
        self._clock = clock

    @property
    def limits(self) -> Mapping[OrderCall, Sequence[Limit]]:
        """Usage plans of the models: burst, and the seconds in which it fills again."""
        seller = f"{self._account.app_id}/{self._account.merchant_id}/{self._account.place.region}"

        def plan(name: str, burst: int, period: float) -> Limit:
            return Limit(name, burst, period, Scope.APPLICATION, seller, {}, reserve=0.0, reading=Cost(), refills=True)

        search, get = plan("searchOrders", 20, 20 / 0.0056), plan("getOrder", 30, 60.0)
        confirm = plan("confirmShipment", 10, 5.0)
        return {
            OrderCall.SEARCH: (search,),
            OrderCall.READ: (get,),
            OrderCall.SHIP: (get, confirm),
            OrderCall.ANSWER: (),
        }

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.close()

    async def orders(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page of searchOrders. What happened in the last two minutes comes with a later walk."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        found = await self._client.search(max(since, now - _OLDEST), cursor)
        orders = tuple(order_of(body) for body in found.orders)
        if found.token:
            return OrderPage(orders, found.token)
        return OrderPage(orders, until=max(since, found.until or now - _BEHIND))

    async def order(self, order_id: str) -> Order:
        """getOrder."""
        return order_of(await self._client.get(order_id))

    async def ship(self, shipment: Shipment) -> ShipmentAnswer:
        """confirmShipment, unless Amazon has this package."""
        if not shipment.tracking_number:
            raise RejectedListingError("tracking_number: Amazon confirms no package without one")
        order = await self.order(shipment.order_id)
        reference = _reference(shipment.shipment_id)
        for parcel in order.parcels:
            if _is_told(parcel, reference, shipment):
                return ShipmentAnswer(parcel.parcel_id, repeated=True)
        items = _items(shipment, order)
        package = {
            "packageReferenceId": reference,
            **self._carrier(shipment.carrier),
            "trackingNumber": shipment.tracking_number,
            "shipDate": utc_text(shipment.shipped_at),
            "orderItems": [{"orderItemId": line, "quantity": pieces} for line, pieces in items.items()],
        }
        await self._client.confirm_shipment(order.order_id, package)
        return ShipmentAnswer(reference)

    def _carrier(self, name: str) -> dict[str, Any]:
        meant = self._account.carriers.get(name, name)
        code = next((known for known in _CARRIERS if known.casefold() == meant.casefold()), _OTHER)
        return {"carrierCode": code} if code != _OTHER else {"carrierCode": code, "carrierName": meant}


def _is_told(parcel: Parcel, reference: str, shipment: Shipment) -> bool:
    """Whether Amazon knows this package. Raises RejectedListingError where it knows another one under its number,
    which telling it again would overwrite."""
    same = holds_what_was_asked(parcel, shipment)
    if parcel.parcel_id == reference and not same:
        raise RejectedListingError(f"shipment_id: Amazon has {shipment.shipment_id!r} with other lines; take another")
    return same and (parcel.parcel_id == reference or parcel.tracking_number == shipment.tracking_number)


def _reference(shipment_id: str) -> str:
    """Amazon takes positive numbers only; the same shipment gives the same one."""
    if shipment_id.isascii() and shipment_id.isdigit() and int(shipment_id) > 0:
        return str(int(shipment_id))
    return str(zlib.crc32(shipment_id.encode()) or 1)


def _items(shipment: Shipment, order: Order) -> dict[str, int]:
    """Line -> pieces of the package. Raises RejectedListingError for what cannot be sent."""
    if order.by_channel:
        raise RejectedListingError("order_id: Amazon sends this order itself")
    if order.status not in (OrderStatus.TO_SHIP, OrderStatus.PARTLY_SHIPPED, OrderStatus.UNKNOWN):
        raise RejectedListingError(f"order_id: Amazon says {order.vendor_status}, so nothing more of it can be sent")
    left = {line.line_id: line.quantity - line.shipped - line.canceled for line in order.lines}
    wanted = {line.line_id: line.quantity for line in shipment.lines}
    if not wanted:
        return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}
    for line_id, pieces in wanted.items():
        if line_id not in left:
            raise RejectedListingError(f"lines: the order has no line {line_id}; it has {', '.join(left)}")
        if pieces > left[line_id]:
            raise RejectedListingError(f"lines: {pieces} of line {line_id}, of which {left[line_id]} are left to send")
    return wanted
