"""What buyers do at eBay's stand-in: they order, pay late or never, cancel, and give back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.sandbox.buyers import SoldOutError, moment, person_of
from adapters.sandbox.ebay.errors import Json
from adapters.sandbox.ebay.state import Item, Offer, Shop

_DELIVERY = Decimal("5.90")


def buy(shop: Shop, lines: list[tuple[str, int]], wishes: Json) -> str:
    """A new order; its id. wishes: `paid` False = the payment is still to come, `vat` = what eBay collects, per cent.

    Raises SoldOutError where a buyer could not order so many pieces.
    """
    offers = [_offer(shop, sku, pieces) for sku, pieces in lines]
    number = next(shop.numbers.orders)
    order_id = f"{shop.seller.number + 10:02d}-{number:05d}-{10_000 + number * 7:05d}"
    now = moment(shop.clock())
    rows = [
        _line(shop, f"{number:09d}{place:02d}", offer, pieces, Decimal(str(wishes.get("vat", 0))))
        for place, (offer, (_, pieces)) in enumerate(zip(offers, lines, strict=True), 1)
    ]
    for offer, (sku, pieces) in zip(offers, lines, strict=True):
        _take(shop, offer, sku, pieces)
    shop.orders[order_id] = _order(shop, order_id, rows, number, now, paid=wishes.get("paid", True))
    shop.parcels[order_id] = []
    return order_id


def pay(shop: Shop, order: Json) -> None:
    """The payment of an order comes in."""
    change(shop, order, orderPaymentStatus="PAID", paymentSummary=_payments(order["pricingSummary"]["total"], "PAID"))


def cancel(shop: Shop, order: Json, *, requested: bool = False) -> None:
    """The buyer is given the money back, or asks for it. requested: the seller has still to say yes."""
    if requested:
        change(shop, order, cancelStatus={"cancelState": "IN_PROGRESS", "cancelRequests": [_request(shop)]})
        return
    status = {"cancelState": "CANCELED", "cancelledDate": moment(shop.clock()), "cancelRequests": []}
    change(shop, order, cancelStatus=status)
    give_back(shop, order)


def give_back(shop: Shop, order: Json, amount: str | None = None) -> None:
    """A refund of the whole order, or of an amount."""
    total = order["pricingSummary"]["total"]
    back = {**total, "value": amount or total["value"]}
    now, whole = moment(shop.clock()), back["value"] == total["value"]
    refund = {"amount": back, "refundDate": now, "refundId": f"R{len(order['paymentSummary']['refunds']) + 1}"}
    summary = order["paymentSummary"]
    refunds = [*summary["refunds"], {**refund, "refundStatus": "REFUNDED"}]
    paid = "FULLY_REFUNDED" if whole else "PARTIALLY_REFUNDED"
    change(shop, order, orderPaymentStatus=paid, paymentSummary={**summary, "refunds": refunds})


def change(shop: Shop, order: Json, **fields: Any) -> None:
    """Some of an order's fields become others, now."""
    shop.orders[order["orderId"]] = order | fields | {"lastModifiedDate": moment(shop.clock())}
    order.update(shop.orders[order["orderId"]])


def _offer(shop: Shop, sku: str, pieces: int) -> Offer:
    live = [offer for offer in shop.live_offers_of(sku) if offer.listing and not offer.listing.hidden]
    if not live:
        raise SoldOutError(f"{sku} is not on sale")
    if (there := shop.shown_quantity(live[0])) < pieces:
        raise SoldOutError(f"{sku}: {there} pieces are there, {pieces} are wanted")
    return live[0]


def _take(shop: Shop, offer: Offer, sku: str, pieces: int) -> None:
    """eBay itself takes what it sold off what it shows."""
    item = shop.items[sku]
    availability = item.document.get("availability") or {}
    ship_to = {**(availability.get("shipToLocationAvailability") or {}), "quantity": (item.quantity or 0) - pieces}
    there = {**availability, "shipToLocationAvailability": ship_to}
    shop.items[sku] = Item(sku, item.locale, {**item.document, "availability": there})
    if (here := offer.document.get("availableQuantity")) is not None:
        offer.document = {**offer.document, "availableQuantity": here - pieces}
    if offer.listing is not None:
        offer.listing.sold += pieces


def _line(shop: Shop, line_id: str, offer: Offer, pieces: int, vat: Decimal) -> Json:
    price = offer.price
    cost = Decimal(price["value"]) * pieces
    taxes = [] if not vat else [{**_collected(cost * vat / 100, price["currency"])}]
    return {
        "lineItemId": line_id,
        "sku": offer.sku,
        "legacyItemId": offer.listing.listing_id if offer.listing else "0",
        "title": str((offer.listing.content if offer.listing else {}).get("title") or offer.sku),
        "quantity": pieces,
        "lineItemCost": _amount(cost, price["currency"]),
        "total": _amount(cost + sum(Decimal(tax["amount"]["value"]) for tax in taxes), price["currency"]),
        "deliveryCost": {"shippingCost": _amount(Decimal(0), price["currency"])},
        "taxes": [],
        **({"ebayCollectAndRemitTaxes": taxes} if taxes else {}),
        "appliedPromotions": [],
        "refunds": [],
        "listingMarketplaceId": offer.marketplace,
        "purchaseMarketplaceId": offer.marketplace,
        "soldFormat": "FIXED_PRICE",
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "lineItemFulfillmentInstructions": {
            "minEstimatedDeliveryDate": moment(shop.clock() + 2 * 86_400),
            "maxEstimatedDeliveryDate": moment(shop.clock() + 5 * 86_400),
            "shipByDate": moment(shop.clock() + 86_400),
            "guaranteedDelivery": False,
        },
        "properties": {"buyerProtection": True},
    }


def _order(shop: Shop, order_id: str, rows: list[Json], number: int, now: str, *, paid: bool) -> Json:
    currency = rows[0]["lineItemCost"]["currency"]
    goods = sum((Decimal(row["lineItemCost"]["value"]) for row in rows), Decimal(0))
    whole = sum((Decimal(row["total"]["value"]) for row in rows), Decimal(0))
    total = _amount(whole + _DELIVERY, currency)
    tax = {"tax": _amount(whole - goods, currency)} if whole != goods else {}
    buyer = person_of(number)
    home = {
        "addressLine1": buyer.street,
        "city": buyer.city,
        "stateOrProvince": buyer.region,
        "postalCode": buyer.postal_code,
        "countryCode": buyer.country,
    }
    contact = {"fullName": buyer.name, "contactAddress": home, "email": buyer.email}
    contact["primaryPhone"] = {"phoneNumber": buyer.phone}
    taxed = {"countryCode": buyer.country, "postalCode": buyer.postal_code}
    step = {"shippingCarrierCode": "GENERIC", "shippingServiceCode": "IT_StandardDelivery", "shipTo": contact}
    status = "PAID" if paid else "PENDING"
    return {
        "orderId": order_id,
        "creationDate": now,
        "lastModifiedDate": now,
        "sellerId": shop.seller.name,
        "buyer": {"username": buyer.login, "taxAddress": taxed, "buyerRegistrationAddress": contact},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "fulfillmentHrefs": [],
        "fulfillmentStartInstructions": [{"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": step}],
        "lineItems": rows,
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": status,
        "paymentSummary": _payments(total, status),
        "pricingSummary": {
            "priceSubtotal": _amount(goods, currency),
            "deliveryCost": _amount(_DELIVERY, currency),
            **tax,
            "total": total,
        },
        "totalFeeBasisAmount": total,
    }


def _payments(total: Json, status: str) -> Json:
    payment = {"amount": total, "paymentMethod": "EBAY", "paymentStatus": status}
    return {"payments": [payment], "refunds": [], "totalDueSeller": total}


def _request(shop: Shop) -> Json:
    return {
        "cancelInitiator": "BUYER",
        "cancelReason": "BUYER_ASKED_CANCEL",
        "cancelRequestedDate": moment(shop.clock()),
        "cancelRequestId": "5000000001",
        "cancelRequestState": "REQUESTED",
    }


def _collected(amount: Decimal, currency: str) -> Json:
    return {"amount": _amount(amount, currency), "taxType": "VAT", "collectionMethod": "NET"}


def _amount(value: Decimal, currency: str) -> Json:
    return {"value": str(value.quantize(Decimal("0.01"))), "currency": currency}
