"""The control plane under /_sandbox/: what a buyer sees, what arrived, faults to switch, the clock, a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from adapters.sandbox.buyers import bought
from adapters.sandbox.control import ControlPlane, Served
from adapters.sandbox.ebay import sales
from adapters.sandbox.ebay.errors import Json
from adapters.sandbox.ebay.faults import FAULTS
from adapters.sandbox.ebay.offers import listing_status
from adapters.sandbox.ebay.state import Offer, Shop
from adapters.sandbox.ebay.world import DEFAULT_LOCATION, POLICY_KINDS
from adapters.sandbox.server import Reply, Request

if TYPE_CHECKING:
    from adapters.sandbox.ebay.app import EbaySandbox


class Control:
    """Answers calls under /_sandbox/. None of them appears in the journal."""

    def __init__(self, sandbox: EbaySandbox) -> None:
        self._sandbox = sandbox
        own: Served = {
            ("GET", "listings"): self._listings,
            ("GET", "account"): self._account,
            ("POST", "buy"): lambda request: bought(request, self._buy),
            **{("POST", name): self._with_order for name in ("pay", "cancel", "return")},
            ("GET", "orders"): self._orders,
        }
        self._plane = ControlPlane(sandbox, FAULTS.kinds, own)

    async def answer(self, request: Request) -> Reply:
        """The answer; 404 names what there is, 400 says what is wrong."""
        return await self._plane.answer(request)

    def _listings(self, request: Request) -> Reply:
        """What a buyer sees now, hidden ones left out. ?seller= ?sku= ?group= ?fields=full adds the content.

        A listing with variations has a row for each of them, with the group's key.
        """
        wanted = request.query.get("group")
        rows = [
            _row(shop, offer, full=request.query.get("fields") == "full")
            for shop in self._shops(request)
            for offer in self._offers(shop, request)
            if offer.listing is not None and not offer.listing.hidden and wanted in (None, offer.listing.group)
        ]
        return Reply(200, {"listings": sorted(rows, key=lambda row: (row["seller"], row["sku"]))})

    def _buy(self, request: Request, lines: list[tuple[str, int]], wishes: Json) -> str:
        return sales.buy(self._shops(request)[0], lines, wishes)

    def _with_order(self, request: Request) -> Reply:
        """pay, cancel (`requested`: the buyer only asks for it) or return (`amount`: of a part): {"order_id": ..}."""
        document = orjson.loads(request.body)
        order_id, act = document["order_id"], request.segments[1]
        for shop in self._sandbox.shops.values():
            if (order := shop.orders.get(order_id)) is None:
                continue
            if act == "pay":
                sales.pay(shop, order)
            elif act == "cancel":
                sales.cancel(shop, order, requested=bool(document.get("requested")))
            else:
                sales.give_back(shop, order, document.get("amount"))
            return Reply(200, {"order_id": order_id})
        return Reply(404, {"error": f"no order {order_id}"})

    def _orders(self, request: Request) -> Reply:
        """Every order with its parcels. ?seller="""
        rows = [
            {"order": order, "parcels": shop.parcels[order_id]}
            for shop in self._shops(request)
            for order_id, order in shop.orders.items()
        ]
        return Reply(200, {"orders": rows})

    def _shops(self, request: Request) -> list[Shop]:
        seller = request.query.get("seller")
        return [shop for name, shop in self._sandbox.shops.items() if seller in (None, name)]

    def _offers(self, shop: Shop, request: Request) -> list[Offer]:
        sku = request.query.get("sku")
        return list(shop.offers.values()) if sku is None else shop.offers_of(sku)

    def _account(self, request: Request) -> Reply:
        """What a client has to set for each seller, but the secrets. ?marketplace= (default EBAY_IT)."""
        marketplace = request.query.get("marketplace", "EBAY_IT")
        rows = [
            {
                "seller": seller.name,
                "client_id": seller.client_id,
                "marketplace_id": marketplace,
                "merchant_location_key": DEFAULT_LOCATION,
                **{f"{kind}_policy_id": seller.policy_id(kind, marketplace) for kind in POLICY_KINDS},
            }
            for seller in self._sandbox.sellers
        ]
        return Reply(200, {"accounts": rows})


def _row(shop: Shop, offer: Offer, *, full: bool) -> Json:
    listing = offer.listing
    content = listing.content if listing else {}
    row = {
        "seller": shop.seller.name,
        "sku": offer.sku,
        "marketplace": offer.marketplace,
        "title": content.get("title"),
        "price": content.get("price"),
        "currency": content.get("currency"),
        "quantity": shop.shown_quantity(offer),
        "listing_id": listing.listing_id if listing else None,
        "offer_id": offer.offer_id,
        "status": listing_status(shop, offer),
        "group": listing.group if listing else "",
    }
    return {**row, "content": content} if full else row
