"""What ManoMano says of an order, in the words that all channels share. Pure.

Source: public clients of the Partners API. Amounts include VAT unless their name says otherwise. Lines have no number
of their own, so the SKU is it, with the place behind it where a SKU comes twice. Some clients read a piece's price from
`price`, one from `product_price`; both are taken, the first one first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.errors import ChannelUnavailableError
from adapters.model import Money
from adapters.order_amounts import money_of, price_of, time_of
from adapters.orders import Address, Buyer, Order, OrderLine, OrderStatus, Price

Json = Mapping[str, Any]

STATUSES: Mapping[str, OrderStatus] = {
    "PENDING": OrderStatus.TO_ACCEPT,
    "WAITING_PAYMENT": OrderStatus.PENDING,
    "REMORSE_PERIOD": OrderStatus.PENDING,
    "PREPARATION": OrderStatus.TO_SHIP,
    "SHIPPED": OrderStatus.SHIPPED,
    "REFUSED": OrderStatus.REFUSED,
    "REFUNDING": OrderStatus.REFUNDED,
    "REFUNDED": OrderStatus.REFUNDED,
}
"""A buyer may still go back in the remorse period; what is being refunded must not leave any more."""

_PAID = (OrderStatus.TO_SHIP, OrderStatus.SHIPPED, OrderStatus.REFUNDED)


def order_of(body: Json, currency: str) -> Order:
    """One order. currency: of amounts that name none. Raises ChannelUnavailableError naming what is missing."""
    order_id, placed = body.get("order_reference"), time_of(body.get("created_at"))
    changed = time_of(body.get("status_updated_at")) or placed
    rows = body.get("products")
    if not order_id or changed is None or not isinstance(rows, list):
        name = order_id or "without order_reference"
        raise ChannelUnavailableError(f"ManoMano: order {name}: created_at or products is missing")
    vendor = str(body.get("status") or "")
    status = STATUSES.get(vendor, OrderStatus.UNKNOWN)
    places = _part(body, "addresses")
    total = _price(body, "total_price", currency, vat=body.get("total_price_vat"))
    return Order(
        order_id=str(order_id),
        status=status,
        vendor_status=vendor,
        placed_at=placed or changed,
        changed_at=changed,
        lines=_lines(rows, status, vendor, currency),
        total=total,
        delivery=_price(body, "shipping_price", currency, rate=body.get("shipping_price_vat_rate")),
        paid=True if status in _PAID else False if vendor == "WAITING_PAYMENT" else None,
        refunded=total.with_vat if vendor == "REFUNDED" else None,
        buyer=_buyer(body),
        ship_to=_address(_part(places, "relay") or _part(places, "shipping")),
        bill_to=_address(_part(places, "billing")),
        marketplace=str(body.get("seller_contract_id") or ""),
        by_channel=body.get("is_mmf") is True,
    )


def _lines(rows: list[Any], status: OrderStatus, vendor: str, currency: str) -> tuple[OrderLine, ...]:
    seen: Counter[str] = Counter()
    lines = []
    for row in rows:
        sku = str(row.get("seller_sku") or "") if isinstance(row, Mapping) else ""
        pieces = row.get("quantity") if isinstance(row, Mapping) else None
        if not isinstance(pieces, int) or pieces < 0:
            raise ChannelUnavailableError(f"ManoMano: line {sku or 'without seller_sku'}: its quantity is missing")
        seen[sku] += 1
        each = _price(row, "price" if row.get("price") else "product_price", currency, rate=row.get("vat_rate"))
        lines.append(
            OrderLine(
                line_id=sku if seen[sku] == 1 else f"{sku}#{seen[sku]}",
                sku=sku,
                quantity=pieces,
                status=status,
                vendor_status=vendor,
                title=str(row.get("title") or row.get("product_title") or ""),
                unit_price=each,
                price=_times(each, pieces),
                delivery=_delivery(row, currency),
                shipped=pieces if status is OrderStatus.SHIPPED else 0,
                canceled=pieces if status is OrderStatus.REFUSED else 0,
            )
        )
    return tuple(lines)


def _delivery(row: Json, currency: str) -> Price:
    name = "sum_shipping_price" if row.get("sum_shipping_price") else "shipping_price"
    return _price(row, name, currency, rate=row.get("shipping_vat_rate"))


def _price(body: Json, name: str, currency: str, *, vat: Any = None, rate: Any = None) -> Price:
    gross, net = _money(body.get(name), currency), _money(body.get(f"{name}_excluding_vat"), currency)
    return price_of(gross, net, _money(vat, currency), rate)


def _times(each: Price, pieces: int) -> Price:
    def whole(part: Money | None) -> Money | None:
        return Money(part.amount * Decimal(pieces), part.currency) if part else None

    return Price(
        with_vat=whole(each.with_vat),
        without_vat=whole(each.without_vat),
        vat=whole(each.vat),
        vat_rate=each.vat_rate,
    )


def _money(amount: Any, currency: str) -> Money | None:
    return money_of(amount.get("amount"), amount.get("currency") or currency) if isinstance(amount, Mapping) else None


def _buyer(body: Json) -> Buyer:
    customer, vat = _part(body, "customer"), _part(body, "vat")
    billing = _part(_part(body, "addresses"), "billing")
    numbers = (vat.get("intraco_vat_number"), vat.get("local_vat_number"), body.get("billing_fiscal_number"))
    tax_id = next((str(number) for number in (*numbers, customer.get("fiscal_number")) if number), "")
    return Buyer(
        name=_joined(customer, "firstname", "lastname"),
        company=str(billing.get("company") or ""),
        email=str(billing.get("email") or ""),
        tax_id=tax_id,
    )


def _address(place: Json) -> Address:
    return Address(
        name=_joined(place, "firstname", "lastname") or str(place.get("name") or ""),
        company=str(place.get("company") or ""),
        lines=tuple(str(place[f"address_line{n}"]) for n in (1, 2, 3) if place.get(f"address_line{n}")),
        postal_code=str(place.get("zipcode") or ""),
        city=str(place.get("city") or ""),
        region=str(place.get("province") or ""),
        country=str(place.get("country_iso") or place.get("country") or ""),
        phone=str(place.get("phone") or ""),
        email=str(place.get("email") or ""),
    )


def _joined(body: Json, *names: str) -> str:
    return " ".join(str(body[name]) for name in names if body.get(name))


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}
