"""What Amazon says of an order, in the words that all channels share. Pure.

Source: orders_2026-01-01. A pending order has neither prices nor addresses. Whether a TAX stands beside an item's
amount or inside it is not said, so the sum tells: of the two, the one that makes `proceedsTotal`. Parts for which the
application has no role (buyer, recipient, tax) are absent, which is no error. Refunds are not in this API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.errors import ChannelUnavailableError
from adapters.model import Money
from adapters.order_amounts import each_of, minus, money_of, plus, price_of, sum_of, time_of
from adapters.orders import Address, Buyer, Order, OrderLine, OrderStatus, Parcel, Price

Json = Mapping[str, Any]

STATUSES: Mapping[str, OrderStatus] = {
    "PENDING_AVAILABILITY": OrderStatus.PENDING,
    "PENDING": OrderStatus.PENDING,
    "UNSHIPPED": OrderStatus.TO_SHIP,
    "PARTIALLY_SHIPPED": OrderStatus.PARTLY_SHIPPED,
    "SHIPPED": OrderStatus.SHIPPED,
    "CANCELLED": OrderStatus.CANCELED,
    # of orders for Amazon's own warehouse that come from elsewhere: nothing will ever leave
    "UNFULFILLABLE": OrderStatus.CANCELED,
}
_PAID = (OrderStatus.TO_SHIP, OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED)


def order_of(body: Json) -> Order:
    """One order. Raises ChannelUnavailableError naming the field without which it is none."""
    order_id, placed, changed = (
        body.get("orderId"),
        time_of(body.get("createdTime")),
        time_of(body.get("lastUpdatedTime")),
    )
    rows = body.get("orderItems")
    if not order_id or placed is None or changed is None or not isinstance(rows, list):
        name = order_id or "without orderId"
        raise ChannelUnavailableError(f"Amazon: order {name}: createdTime, lastUpdatedTime or orderItems is missing")
    fulfilment = _part(body, "fulfillment")
    vendor = str(fulfilment.get("fulfillmentStatus") or "")
    status = STATUSES.get(vendor, OrderStatus.UNKNOWN)
    lines = tuple(_line(row, status, vendor) for row in rows)
    to = _part(_part(body, "recipient"), "deliveryAddress")
    return Order(
        order_id=str(order_id),
        status=status,
        vendor_status=vendor,
        placed_at=placed,
        changed_at=changed,
        lines=lines,
        total=_total(body, lines),
        delivery=_delivered(lines),
        paid=True if status in _PAID else False if status is OrderStatus.PENDING else None,
        buyer=_buyer(body),
        ship_to=_address(to),
        parcels=tuple(_parcel(one) for one in body.get("packages") or () if isinstance(one, Mapping)),
        marketplace=str(_part(body, "salesChannel").get("marketplaceId") or ""),
        ship_by=time_of(_part(fulfilment, "shipByWindow").get("latestDateTime")),
        by_channel=fulfilment.get("fulfilledBy") == "AMAZON",
        cancel_requested=any(line.cancel_requested for line in lines),
    )


def _line(body: Any, order: OrderStatus, vendor: str) -> OrderLine:
    line_id = body.get("orderItemId") if isinstance(body, Mapping) else None
    pieces = body.get("quantityOrdered") if isinstance(body, Mapping) else None
    if not line_id or not isinstance(pieces, int):
        raise ChannelUnavailableError(f"Amazon: line {line_id or 'without orderItemId'}: its quantity is missing")
    product, cancellation = _part(body, "product"), _part(body, "cancellation")
    sent = int(_part(body, "fulfillment").get("quantityFulfilled") or 0)
    canceled = order is OrderStatus.CANCELED or bool(cancellation.get("cancellationExecution"))
    price = _amount(body, "ITEM")
    return OrderLine(
        line_id=str(line_id),
        sku=str(product.get("sellerSku") or ""),
        quantity=pieces,
        status=OrderStatus.CANCELED if canceled else _status(order, pieces, sent),
        vendor_status=vendor,
        title=str(product.get("title") or ""),
        item_id=str(product.get("asin") or ""),
        unit_price=each_of(price, pieces),
        price=price,
        delivery=_amount(body, "SHIPPING"),
        shipped=sent,
        canceled=pieces - sent if canceled else 0,
        cancel_requested=bool(cancellation.get("cancellationRequest")) and not canceled,
    )


def _status(order: OrderStatus, pieces: int, sent: int) -> OrderStatus:
    if order is OrderStatus.PENDING or order is OrderStatus.UNKNOWN or not sent:
        return OrderStatus.TO_SHIP if order is OrderStatus.PARTLY_SHIPPED else order
    return OrderStatus.SHIPPED if sent >= pieces else OrderStatus.PARTLY_SHIPPED


def _amount(line: Json, kind: str) -> Price:
    """What a line says of its goods, or of their delivery, with the tax on that."""
    proceeds = _part(line, "proceeds")
    parts = [part for part in proceeds.get("breakdowns") or () if isinstance(part, Mapping)]
    amount = sum_of(_money(part.get("subtotal")) for part in parts if part.get("type") == kind)
    tax = sum_of(_tax(part, kind) for part in parts if part.get("type") == "TAX")
    everything = sum_of(_money(part.get("subtotal")) for part in parts)
    beside = everything is not None and everything == _money(proceeds.get("proceedsTotal"))
    if amount is None or tax is None:
        return price_of(with_vat=amount)
    return price_of(without_vat=amount, vat=tax) if beside else price_of(with_vat=amount, vat=tax)


def _tax(part: Json, kind: str) -> Money | None:
    details = [one for one in part.get("detailedBreakdowns") or () if isinstance(one, Mapping)]
    if not details:
        return _money(part.get("subtotal")) if kind == "ITEM" else None
    return sum_of(_money(one.get("value")) for one in details if one.get("subtype") == kind)


def _total(body: Json, lines: tuple[OrderLine, ...]) -> Price:
    """The grand total is with the tax that its parts say."""
    total = _money(_part(body, "proceeds").get("grandTotal"))
    taxes = [part.vat for line in lines for part in (line.price, line.delivery)]
    return price_of(with_vat=total, vat=sum_of(taxes))


def _delivered(lines: tuple[OrderLine, ...]) -> Price:
    whole, tax = sum_of(line.delivery.with_vat for line in lines), sum_of(line.delivery.vat for line in lines)
    return Price(with_vat=whole, without_vat=minus(whole, tax), vat=plus(tax, None))


def _parcel(body: Json) -> Parcel:
    items = [one for one in body.get("packageItems") or () if isinstance(one, Mapping)]
    return Parcel(
        parcel_id=str(body.get("packageReferenceId") or ""),
        carrier=str(body.get("carrier") or ""),
        tracking_number=str(body.get("trackingNumber") or ""),
        shipped_at=time_of(body.get("shipTime")),
        quantities={str(one.get("orderItemId")): int(one.get("quantity") or 0) for one in items},
    )


def _buyer(body: Json) -> Buyer:
    buyer = _part(body, "buyer")
    registered = next((one for one in _part(body, "tax").get("taxRegistrations") or () if isinstance(one, Mapping)), {})
    return Buyer(
        name=str(buyer.get("buyerName") or ""),
        company=str(buyer.get("buyerCompanyName") or registered.get("legalName") or ""),
        email=str(buyer.get("buyerEmail") or ""),
        tax_id=str(registered.get("taxRegistrationNumber") or ""),
    )


def _address(place: Json) -> Address:
    return Address(
        name=str(place.get("name") or ""),
        company=str(place.get("companyName") or ""),
        lines=tuple(str(place[f"addressLine{n}"]) for n in (1, 2, 3) if place.get(f"addressLine{n}")),
        postal_code=str(place.get("postalCode") or ""),
        city=str(place.get("city") or ""),
        region=str(place.get("stateOrRegion") or place.get("districtOrCounty") or ""),
        country=str(place.get("countryCode") or ""),
        phone=str(place.get("phone") or ""),
    )


def _money(amount: Any) -> Money | None:
    return money_of(amount.get("amount"), amount.get("currencyCode")) if isinstance(amount, Mapping) else None


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}
