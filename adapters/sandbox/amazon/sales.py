"""What buyers do at Amazon's stand-in: they order, pay, cancel or ask for it."""

from __future__ import annotations

from decimal import Decimal

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.listing import BUYABLE, Listing, offer_of, price_of, value_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.world import MARKETPLACES
from adapters.sandbox.buyers import SoldOutError, moment, person_of

_VAT = Decimal(22)
_HIDDEN = ("proceeds", "recipient", "buyer")  # what a pending order does not tell


def buy(shop: Shop, lines: list[tuple[str, int]], wishes: Json) -> str:
    """A new order; its id. wishes: `paid` False = pending, `marketplace` (default: the seller's first).

    Raises SoldOutError where a buyer could not order so many pieces.
    """
    place = str(wishes.get("marketplace") or shop.seller.marketplaces[0])
    listings = [_listing(shop, sku, pieces, place) for sku, pieces in lines]
    for listing, (sku, pieces) in zip(listings, lines, strict=True):
        _take(shop, listing, sku, pieces)
    number = len(shop.orders) + 1
    order_id = f"{400 + shop.seller.number:03d}-{number:07d}-{1_000_000 + number:07d}"
    now = moment(shop.clock())
    rows = [
        _row(shop, f"{number:09d}{at:02d}", listing, pieces)
        for at, (listing, (_, pieces)) in enumerate(zip(listings, lines, strict=True), 1)
    ]
    fba = all(sku in shop.fba for sku, _ in lines)
    shop.orders[order_id] = {
        "orderId": order_id,
        "createdTime": now,
        "lastUpdatedTime": now,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": place},
        "buyer": {"buyerName": person_of(number).name, "buyerEmail": person_of(number).email},
        "recipient": {"deliveryAddress": _home(number)},
        "proceeds": {"grandTotal": _summed(rows)},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED" if wishes.get("paid", True) else "PENDING",
            "fulfilledBy": "AMAZON" if fba else "MERCHANT",
            "shipByWindow": {"earliestDateTime": now, "latestDateTime": moment(shop.clock() + 2 * 86_400)},
        },
        "orderItems": rows,
        "packages": [],
    }
    return order_id


def shown(order: Json) -> Json:
    """The order as Amazon tells of it: one that is pending has neither prices nor people."""
    if not order["fulfillment"]["fulfillmentStatus"].startswith("PENDING"):
        return order
    rows = [{k: v for k, v in row.items() if k != "proceeds"} for row in order["orderItems"]]
    return {name: value for name, value in order.items() if name not in _HIDDEN} | {"orderItems": rows}


def move(shop: Shop, order: Json, status: str) -> None:
    """The order stands elsewhere from now on; a cancelled one is cancelled line by line."""
    rows = order["orderItems"]
    if status == "CANCELLED":
        done = {"cancellationExecution": {"cancelledBy": "BUYER", "cancelReason": "NO_LONGER_NEEDED"}}
        rows = [row | {"cancellation": done} for row in rows]
    change(shop, order, orderItems=rows, fulfillment=order["fulfillment"] | {"fulfillmentStatus": status})


def ask_to_cancel(shop: Shop, order: Json) -> None:
    """The buyer wants it off; the seller has still to do it."""
    asked = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "NO_LONGER_NEEDED"}}
    change(shop, order, orderItems=[row | {"cancellation": asked} for row in order["orderItems"]])


def change(shop: Shop, order: Json, **fields: object) -> None:
    """Some of an order's fields become others, now."""
    shop.orders[order["orderId"]] = order | fields | {"lastUpdatedTime": moment(shop.clock())}


def _listing(shop: Shop, sku: str, pieces: int, place: str) -> Listing:
    listing = shop.find(sku, place)
    if listing is None or BUYABLE not in shop.status(listing):
        raise SoldOutError(f"{sku} is not on sale")
    there = sum(stock.get("quantity", 0) for stock in shop.stock(sku, listing.shown or {}))
    if there < pieces:
        raise SoldOutError(f"{sku}: {there} pieces are there, {pieces} are wanted")
    return listing


def _take(shop: Shop, listing: Listing, sku: str, pieces: int) -> None:
    """Amazon takes what it sold off the seller's figure, or off its own shelf."""
    if sku in shop.fba:
        shop.fba[sku] -= pieces
        return
    attributes = listing.shown or {}
    rows = [
        {**row, "quantity": row["quantity"] - pieces} if "quantity" in row else row
        for row in attributes.get("fulfillment_availability", ())
    ]
    listing.shown = {**attributes, "fulfillment_availability": rows}
    if listing.attributes is not None:
        listing.attributes = {**listing.attributes, "fulfillment_availability": rows}


def _row(shop: Shop, item_id: str, listing: Listing, pieces: int) -> Json:
    """Prices in Europe are with VAT; the tax stands beside what is left of them."""
    attributes = listing.shown or {}
    currency = str(offer_of(attributes).get("currency") or MARKETPLACES[listing.marketplace].currency)
    each = Decimal(str(price_of(attributes) or 0))
    whole = each * pieces
    tax = whole - (whole / (1 + _VAT / 100)).quantize(Decimal("0.01"))
    return {
        "orderItemId": item_id,
        "quantityOrdered": pieces,
        "product": {
            "asin": listing.asin,
            "title": str(value_of(attributes, "item_name") or listing.sku),
            "sellerSku": listing.sku,
            "price": {"unitPrice": _money(each, currency)},
        },
        "proceeds": {
            "proceedsTotal": _money(whole, currency),
            "breakdowns": [
                {"type": "ITEM", "subtotal": _money(whole - tax, currency)},
                {
                    "type": "TAX",
                    "subtotal": _money(tax, currency),
                    "detailedBreakdowns": [{"subtype": "ITEM", "value": _money(tax, currency)}],
                },
            ],
        },
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": pieces},
    }


def _summed(rows: list[Json]) -> Json:
    amounts = [row["proceeds"]["proceedsTotal"] for row in rows]
    return _money(sum((Decimal(one["amount"]) for one in amounts), Decimal(0)), amounts[0]["currencyCode"])


def _home(number: int) -> Json:
    person = person_of(number)
    return {
        "name": person.name,
        "addressLine1": person.street,
        "city": person.city,
        "stateOrRegion": person.region,
        "postalCode": person.postal_code,
        "countryCode": person.country,
        "phone": person.phone,
    }


def _money(value: Decimal, currency: str) -> Json:
    return {"amount": str(value.quantize(Decimal("0.01"))), "currencyCode": currency}
