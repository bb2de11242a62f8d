"""What eBay says of an order, in the words that all channels share. Pure.

Source: sell_fulfillment_v1 (1.20.6). `cancelRequests` is empty in lists, the state is not. Costs come before taxes:
what eBay collects, and what the seller charges beside the price, is added to them. Where neither is named, as with
VAT in the EU, the cost is what the buyer pays. Any shipped piece marks its whole line as fulfilled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.ebay.faults import unreadable
from adapters.model import Money
from adapters.order_amounts import each_of, money_of, price_of, sum_of, time_of
from adapters.orders import Address, Buyer, Order, OrderLine, OrderStatus, Parcel, Price

Json = Mapping[str, Any]

_FULFILMENT = {
    "NOT_STARTED": OrderStatus.TO_SHIP,
    "IN_PROGRESS": OrderStatus.PARTLY_SHIPPED,
    "FULFILLED": OrderStatus.SHIPPED,
}
_PAYMENT = {
    "PENDING": OrderStatus.PENDING,
    "FAILED": OrderStatus.PENDING,
    "FULLY_REFUNDED": OrderStatus.REFUNDED,
}
_PAID = ("PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED")
_CANCEL_STATES = ("NONE_REQUESTED", "IN_PROGRESS", "CANCELED")


def order_of(body: Json, parcels: Iterable[Parcel] = ()) -> Order:
    """One order. Raises ChannelUnavailableError naming the field without which it is none."""
    order_id, placed = body.get("orderId"), time_of(body.get("creationDate"))
    lines = body.get("lineItems")
    if not order_id or placed is None or not isinstance(lines, list):
        raise unreadable(f"order {order_id or 'without orderId'}: creationDate or lineItems is missing")
    payment, cancel = str(body.get("orderPaymentStatus") or ""), _cancel_state(body)
    fulfilment = str(body.get("orderFulfillmentStatus") or "")
    status = _status(fulfilment, payment, cancel)
    steps = [step for step in body.get("fulfillmentStartInstructions") or () if isinstance(step, Mapping)]
    found = tuple(_line(line, status) for line in lines)
    return Order(
        order_id=str(order_id),
        status=status,
        vendor_status="/".join((fulfilment, payment, cancel)),
        placed_at=placed,
        changed_at=time_of(body.get("lastModifiedDate")) or placed,
        lines=found,
        total=_summed(_part(body, "pricingSummary")),
        delivery=price_of(with_vat=_money(_part(body, "pricingSummary").get("deliveryCost"))),
        paid=payment in _PAID if payment in (*_PAID, *_PAYMENT) else None,
        refunded=_refunded(_part(body, "paymentSummary").get("refunds")),
        buyer=_buyer(body),
        ship_to=_address(_part(_part(steps[0], "shippingStep"), "shipTo")) if steps else Address(),
        bill_to=_address(_part(_part(body, "buyer"), "buyerRegistrationAddress")),
        parcels=tuple(parcels),
        marketplace=str(lines[0].get("purchaseMarketplaceId") or "") if lines else "",
        ship_by=min((line.ship_by for line in found if line.ship_by), default=None),
        by_channel=any(step.get("fulfillmentInstructionsType") == "FULFILLED_BY_EBAY" for step in steps),
        cancel_requested=cancel == "IN_PROGRESS",
    )


def parcel_of(body: Json) -> Parcel:
    """One shipping fulfilment."""
    lines = [line for line in body.get("lineItems") or () if isinstance(line, Mapping)]
    return Parcel(
        parcel_id=str(body.get("fulfillmentId") or ""),
        carrier=str(body.get("shippingCarrierCode") or ""),
        tracking_number=str(body.get("shipmentTrackingNumber") or ""),
        shipped_at=time_of(body.get("shippedDate")),
        quantities={str(line.get("lineItemId")): int(line.get("quantity") or 0) for line in lines},
    )


def _status(fulfilment: str, payment: str, cancel: str) -> OrderStatus:
    """The worst news decides: cancelled, then money, then parcels."""
    if cancel == "CANCELED":
        return OrderStatus.CANCELED
    if payment in _PAYMENT:
        return _PAYMENT[payment]
    if payment not in _PAID or cancel not in _CANCEL_STATES:
        return OrderStatus.UNKNOWN
    return _FULFILMENT.get(fulfilment, OrderStatus.UNKNOWN)


def _line(body: Json, order: OrderStatus) -> OrderLine:
    line_id, pieces = body.get("lineItemId"), body.get("quantity")
    if not line_id or not isinstance(pieces, int):
        raise unreadable(f"line {line_id or 'without lineItemId'}: its quantity is missing")
    vendor = str(body.get("lineItemFulfillmentStatus") or "")
    own = _FULFILMENT.get(vendor, OrderStatus.UNKNOWN)
    follows = order in (OrderStatus.CANCELED, OrderStatus.PENDING, OrderStatus.REFUNDED)
    cost = _taxed(body.get("discountedLineItemCost") or body.get("lineItemCost"), _taxes(body))
    return OrderLine(
        line_id=str(line_id),
        sku=str(body.get("sku") or ""),
        quantity=pieces,
        status=order if follows else own,
        vendor_status=vendor,
        title=str(body.get("title") or ""),
        item_id=str(body.get("legacyItemId") or ""),
        unit_price=each_of(cost, pieces),
        price=cost,
        delivery=price_of(with_vat=_money(_part(body, "deliveryCost").get("shippingCost"))),
        shipped=pieces if own is OrderStatus.SHIPPED else 0,
        canceled=pieces if order is OrderStatus.CANCELED else 0,
        refunded=_refunded(body.get("refunds")),
        ship_by=time_of(_part(body, "lineItemFulfillmentInstructions").get("shipByDate")),
    )


def _taxes(line: Json) -> Money | None:
    told = [*(line.get("taxes") or ()), *(line.get("ebayCollectAndRemitTaxes") or ())]
    return sum_of(_money(tax.get("amount")) for tax in told if isinstance(tax, Mapping))


def _taxed(cost: Any, taxes: Money | None) -> Price:
    amount = _money(cost)
    return price_of(without_vat=amount, vat=taxes) if taxes else price_of(with_vat=amount)


def _summed(summary: Json) -> Price:
    return price_of(with_vat=_money(summary.get("total")), vat=_money(summary.get("tax")))


def _refunded(refunds: Any) -> Money | None:
    """What was given back; refunds that failed or wait do not count."""
    done = [
        one for one in refunds or () if isinstance(one, Mapping) and one.get("refundStatus", "REFUNDED") == "REFUNDED"
    ]
    return sum_of(_money(one.get("amount")) for one in done)


def _cancel_state(body: Json) -> str:
    return str(_part(body, "cancelStatus").get("cancelState") or "NONE_REQUESTED")


def _buyer(body: Json) -> Buyer:
    buyer = _part(body, "buyer")
    contact = _part(buyer, "buyerRegistrationAddress")
    return Buyer(
        login=str(buyer.get("username") or ""),
        name=str(contact.get("fullName") or ""),
        company=str(contact.get("companyName") or ""),
        email=str(contact.get("email") or ""),
        tax_id=str(_part(buyer, "taxIdentifier").get("taxpayerId") or ""),
        note=str(body.get("buyerCheckoutNotes") or ""),
    )


def _address(contact: Json) -> Address:
    place = _part(contact, "contactAddress")
    return Address(
        name=str(contact.get("fullName") or ""),
        company=str(contact.get("companyName") or ""),
        lines=tuple(str(place[name]) for name in ("addressLine1", "addressLine2") if place.get(name)),
        postal_code=str(place.get("postalCode") or ""),
        city=str(place.get("city") or ""),
        region=str(place.get("stateOrProvince") or place.get("county") or ""),
        country=str(place.get("countryCode") or ""),
        phone=str(_part(contact, "primaryPhone").get("phoneNumber") or ""),
        email=str(contact.get("email") or ""),
    )


def _money(amount: Any) -> Money | None:
    return money_of(amount.get("value"), amount.get("currency")) if isinstance(amount, Mapping) else None


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}
