"""The control plane under /_sandbox/: what a buyer sees, what arrived, faults to switch, the clock, a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from adapters.sandbox.amazon import sales
from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.faults import FAULTS
from adapters.sandbox.amazon.listing import DISCOVERABLE, Listing, offer_of, price_of, value_of
from adapters.sandbox.amazon.reads import parent_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.buyers import bought
from adapters.sandbox.control import ControlPlane, Served
from adapters.sandbox.server import Reply, Request

if TYPE_CHECKING:
    from adapters.sandbox.amazon.app import AmazonSandbox

_OFFER = frozenset({"purchasable_offer", "fulfillment_availability"})


class Control:
    """Answers calls under /_sandbox/. None of them appears in the journal."""

    def __init__(self, sandbox: AmazonSandbox) -> None:
        self._sandbox = sandbox
        own: Served = {
            ("GET", "listings"): self._listings,
            ("GET", "account"): self._account,
            ("GET", "notifications"): self._notifications,
            ("PUT", "fba"): self._keep_stock,
            ("POST", "buy"): lambda request: bought(request, self._buy),
            **{("POST", name): self._with_order for name in ("pay", "cancel")},
            ("GET", "orders"): self._orders,
        }
        self._plane = ControlPlane(sandbox, FAULTS.kinds, own)

    async def answer(self, request: Request) -> Reply:
        """The answer; 404 names what there is, 400 says what is wrong."""
        return await self._plane.answer(request)

    def _listings(self, request: Request) -> Reply:
        """What a buyer sees now, hidden ones and parents of variations left out.

        ?seller= ?sku= ?marketplace= ?fields=full adds the content, which is all but price and stock.
        """
        full, place = request.query.get("fields") == "full", request.query.get("marketplace")
        rows = [
            _row(shop, listing, full=full)
            for shop in self._shops(request)
            for listing in _listings(shop, request.query.get("sku"))
            if place in (None, listing.marketplace) and DISCOVERABLE in shop.status(listing) and not listing.parent
        ]
        return Reply(200, {"listings": sorted(rows, key=lambda row: (row["seller"], row["sku"], row["marketplace"]))})

    def _buy(self, request: Request, lines: list[tuple[str, int]], wishes: Json) -> str:
        return sales.buy(self._shops(request)[0], lines, wishes)

    def _with_order(self, request: Request) -> Reply:
        """pay, or cancel (`requested`: the buyer only asks for it): {"order_id": ..}. Returns are in no order."""
        document = orjson.loads(request.body)
        order_id = document["order_id"]
        for shop in self._sandbox.shops.values():
            if (order := shop.orders.get(order_id)) is None:
                continue
            if document.get("requested"):
                sales.ask_to_cancel(shop, order)
            else:
                sales.move(shop, order, "UNSHIPPED" if request.segments[1] == "pay" else "CANCELLED")
            return Reply(200, {"order_id": order_id})
        return Reply(404, {"error": f"no order {order_id}"})

    def _orders(self, request: Request) -> Reply:
        """Every order, with its packages. ?seller="""
        return Reply(200, {"orders": [order for shop in self._shops(request) for order in shop.orders.values()]})

    def _shops(self, request: Request) -> list[Shop]:
        seller = request.query.get("seller")
        return [shop for name, shop in self._sandbox.shops.items() if seller in (None, name)]

    def _account(self, request: Request) -> Reply:
        """What a client has to set for each seller, but the secrets."""
        rows = [
            {
                "seller": seller.name,
                "client_id": seller.client_id,
                "merchant_id": seller.merchant_id,
                "marketplace_ids": list(seller.marketplaces),
            }
            for seller in self._sandbox.sellers
        ]
        return Reply(200, {"accounts": rows})

    def _notifications(self, request: Request) -> Reply:
        """What a seller's queue would have. ?seller= ?after=N (how many were seen)"""
        after = int(request.query.get("after", 0))
        return Reply(200, {"notifications": [one for shop in self._shops(request) for one in shop.notices.due(after)]})

    def _keep_stock(self, request: Request) -> Reply:
        """{"sku", "quantity", "seller"?}: Amazon keeps so many pieces; from now on the seller cannot set its stock."""
        document = orjson.loads(request.body)
        name = document.get("seller", self._sandbox.sellers[0].name)
        shop, quantity = self._sandbox.shops[name], int(document["quantity"])
        shop.fba[str(document["sku"])] = quantity
        return Reply(200, {"seller": name, "sku": document["sku"], "quantity": quantity})


def _listings(shop: Shop, sku: str | None) -> list[Listing]:
    if sku is None:
        return list(shop.all())
    found = (shop.find(sku, marketplace) for marketplace in list(shop.items.get(sku, ())))
    return [listing for listing in found if listing is not None]


def _row(shop: Shop, listing: Listing, *, full: bool) -> Json:
    shown = listing.shown or {}
    stocks = shop.stock(listing.sku, shown)
    row = {
        "seller": shop.seller.name,
        "sku": listing.sku,
        "marketplace": listing.marketplace,
        "title": value_of(shown, "item_name"),
        "price": price_of(shown),
        "currency": offer_of(shown).get("currency"),
        "quantity": sum(stock.get("quantity", 0) for stock in stocks),
        "listing_id": listing.asin,
        "offer_id": listing.asin,
        "status": shop.status(listing),
        "parent": parent_of(listing),
    }
    if not full:
        return row
    return {**row, "content": {name: value for name, value in shown.items() if name not in _OFFER}}
