"""What buyers do at ManoMano's stand-in: they order, the money comes, they regret it, they give back."""

from __future__ import annotations

from decimal import Decimal

from adapters.sandbox.buyers import SoldOutError, moment, person_of
from adapters.sandbox.manomano.errors import Json
from adapters.sandbox.manomano.state import Offer, Shop

_RATES = {"IT": Decimal(22), "FR": Decimal(20), "ES": Decimal(21), "DE": Decimal(19), "GB": Decimal(20)}


def buy(shop: Shop, lines: list[tuple[str, int]], wishes: Json) -> str:
    """A new order; its reference. wishes: `status` to begin with, PENDING if none is named.

    Raises SoldOutError where a buyer could not order so many pieces.
    """
    offers = [_offer(shop, sku, pieces) for sku, pieces in lines]
    for offer, (_, pieces) in zip(offers, lines, strict=True):
        offer.stock -= pieces
    number = len(shop.orders) + 1
    reference = f"M{shop.contract}{number:07d}"
    now = moment(shop.clock())
    products = [_product(shop, offer, pieces) for offer, (_, pieces) in zip(offers, lines, strict=True)]
    home = _home(number)
    shop.orders[reference] = {
        "order_reference": reference,
        "seller_contract_id": shop.contract,
        "status": str(wishes.get("status", "PENDING")),
        "created_at": now,
        # One that nobody has touched has none: the contract allows it, and a walk over changes alone would miss it.
        "status_updated_at": None,
        "is_mmf": False,
        "customer": {"firstname": person_of(number).first, "lastname": person_of(number).last},
        "addresses": {"billing": home, "shipping": home, "relay": None},
        "products": products,
        "total_price": _summed(products, "total_price", shop.currency),
        "total_price_excluding_vat": _summed(products, "total_price_excluding_vat", shop.currency),
        "shipping_price": _money(Decimal(0), shop.currency),
        "vat": {"is_b2b": False},
    }
    return reference


def move(shop: Shop, order: Json, status: str) -> None:
    """The order stands elsewhere from now on."""
    changed = order | {"status": status, "status_updated_at": moment(shop.clock())}
    shop.orders[order["order_reference"]] = changed


def _offer(shop: Shop, sku: str, pieces: int) -> Offer:
    offer = shop.offers.get(sku)
    if offer is None or not shop.is_online(offer):
        raise SoldOutError(f"{sku} is not on sale")
    if offer.stock < pieces:
        raise SoldOutError(f"{sku}: {offer.stock} pieces are there, {pieces} are wanted")
    return offer


def _product(shop: Shop, offer: Offer, pieces: int) -> Json:
    price, rate = Decimal(offer.price), _RATES[shop.market]
    net = (price / (1 + rate / 100)).quantize(Decimal("0.01"))
    title = dict(shop.approved(offer.sku) or {}).get("title") or offer.sku
    return {
        "seller_sku": offer.sku,
        "title": title,
        "product_title": title,
        "quantity": pieces,
        "carrier": "BRT",
        "vat_rate": f"{rate:.2f}",
        "price": _money(price, shop.currency),
        "price_excluding_vat": _money(net, shop.currency),
        "shipping_price": _money(Decimal(0), shop.currency),
        "total_price": _money(price * pieces, shop.currency),
        "total_price_excluding_vat": _money(net * pieces, shop.currency),
    }


def _home(number: int) -> Json:
    person = person_of(number)
    return {
        "firstname": person.first,
        "lastname": person.last,
        "address_line1": person.street,
        "zipcode": person.postal_code,
        "city": person.city,
        "province": person.region,
        "country": "Italy",
        "country_iso": person.country,
        "phone": person.phone,
        "email": person.email,
    }


def _summed(products: list[Json], name: str, currency: str) -> Json:
    return _money(sum((Decimal(str(one[name]["amount"])) for one in products), Decimal(0)), currency)


def _money(value: Decimal, currency: str) -> Json:
    return {"amount": float(value), "currency": currency}
