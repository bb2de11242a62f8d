"""The control plane under /_sandbox/: what a buyer sees, what arrived, feeds to import, faults, clock, a new start."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

from adapters.sandbox.buyers import bought
from adapters.sandbox.control import ControlPlane, Served
from adapters.sandbox.manomano import sales
from adapters.sandbox.manomano.contents import import_feed
from adapters.sandbox.manomano.errors import Json
from adapters.sandbox.manomano.faults import KINDS
from adapters.sandbox.manomano.offers import offer_info
from adapters.sandbox.manomano.state import Content, Offer, Shop
from adapters.sandbox.manomano.world import DEFAULT_CATEGORY, DEFAULT_GRID
from adapters.sandbox.server import Reply, Request

if TYPE_CHECKING:
    from adapters.sandbox.manomano.app import ManomanoSandbox

_PULL = 30.0
# A buyer who goes back in time is given the money back; there is no other word for it among ManoMano's.
_MOVES = {"pay": "PENDING", "cancel": "REFUNDED", "return": "REFUNDED"}


class Control:
    """Answers calls under /_sandbox/. None of them appears in the journal, none costs of the hour's budget."""

    def __init__(self, sandbox: ManomanoSandbox) -> None:
        self._sandbox = sandbox
        own: Served = {
            ("GET", "listings"): self._listings,
            ("GET", "offers"): self._offers,
            ("POST", "offers"): self._plant,
            ("POST", "feed"): self._import,
            ("POST", "pull"): self._pull,
            ("GET", "counts"): self._counts,
            ("POST", "buy"): lambda request: bought(request, self._buy),
            **{("POST", name): self._with_order for name in _MOVES},
            ("GET", "orders"): self._orders,
            ("GET", "account"): self._account,
        }
        self._plane = ControlPlane(sandbox, KINDS, own)

    async def answer(self, request: Request) -> Reply:
        """The answer; 404 names what there is, 400 says what is wrong."""
        return await self._plane.answer(request)

    def _listings(self, request: Request) -> Reply:
        """What a buyer finds now. ?seller= ?contract= ?sku= ?fields=full adds the content."""
        full = request.query.get("fields") == "full"
        rows = [
            _row(seller, shop, offer, full=full)
            for seller, shop in self._shops(request)
            for offer in _chosen(shop, request)
            if shop.is_seen(offer)
        ]
        return Reply(200, {"listings": sorted(rows, key=lambda row: (row["seller"], row["sku"]))})

    def _offers(self, request: Request) -> Reply:
        """Every offer as its seller sees it, also those that nobody finds. ?seller= ?contract= ?sku="""
        rows = [
            {"seller": seller, "contract": shop.contract, **offer_info(shop, offer)}
            for seller, shop in self._shops(request)
            for offer in _chosen(shop, request)
        ]
        return Reply(200, {"offers": rows})

    def _plant(self, request: Request) -> Reply:
        """Offers that were there before: [{"sku", "price", "stock", "title"?}]. Their content is approved, and in no
        feed of ours: ghosts, until somebody knows them. ?contract="""
        (_, shop), *_ = self._shops(request)
        for wanted in orjson.loads(request.body):
            grid = {"name": DEFAULT_GRID, "shipping_time_min": 2, "shipping_time_max": 5}
            sku = str(wanted["sku"])
            shop.offers[sku] = Offer(
                sku, shop.next_number(), f"{wanted['price']:.2f}", int(wanted["stock"]), 1.0, (grid,)
            )
            row = {"sku": sku, "title": str(wanted.get("title", sku))}
            shop.contents[sku] = Content(row, shop.clock(), in_feed=False, shown=row)
        return Reply(201, {"offers": len(shop.offers)})

    def _import(self, request: Request) -> Reply:
        """Import a feed that is sent here, as an upload by hand. ?seller= ?contract="""
        return Reply(200, self._imported(request, request.body))

    async def _pull(self, request: Request) -> Reply:
        """Fetch a feed as the automatic import does. ?url= ?seller= ?contract="""
        url = request.query["url"]
        if not url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        return Reply(200, self._imported(request, await asyncio.to_thread(_fetched, url)))

    def _imported(self, request: Request, data: bytes) -> Json:
        (_, shop), *_ = self._shops(request)
        return import_feed(shop, data)

    def _buy(self, request: Request, lines: list[tuple[str, int]], wishes: Json) -> str:
        return sales.buy(self._shops(request)[0][1], lines, wishes)

    def _with_order(self, request: Request) -> Reply:
        """pay, cancel, return, or move to a `status`: {"order_id": ..}."""
        document = orjson.loads(request.body)
        order_id = document["order_id"]
        for _, shop in self._shops(request):
            if (order := shop.orders.get(order_id)) is not None:
                sales.move(shop, order, document.get("status") or _MOVES[request.segments[1]])
                return Reply(200, {"order_id": order_id})
        return Reply(404, {"error": f"no order {order_id}"})

    def _orders(self, request: Request) -> Reply:
        """Every order with its parcels. ?seller= ?contract="""
        rows = [
            {"order": order, "parcels": shop.parcels.get(order_id, [])}
            for _, shop in self._shops(request)
            for order_id, order in shop.orders.items()
        ]
        return Reply(200, {"orders": rows})

    def _shops(self, request: Request) -> list[tuple[str, Shop]]:
        """Those of this seller and contract; all where none is named. Raises ValueError where there is none."""
        seller, contract = request.query.get("seller"), request.query.get("contract")
        found = [
            (name, shop)
            for (name, number), shop in self._sandbox.shops.items()
            if seller in (None, name) and contract in (None, str(number))
        ]
        if not found:
            raise ValueError("there is no such contract")
        return found

    def _counts(self, request: Request) -> Reply:
        """Calls by route, and how much of the hour's budget each seller has used."""
        sandbox = self._sandbox
        used = {seller.name: sandbox.budget.used(seller.name) for seller in sandbox.sellers}
        return Reply(200, {**sandbox.journal.summary(), "used_of_hour": used})

    def _account(self, request: Request) -> Reply:
        """What a client has to set for each contract, but the key."""
        rows = [
            {
                "seller": seller.name,
                "seller_contract_id": contract,
                "market": market,
                "carrier_grids": [{"name": DEFAULT_GRID, "shipping_time_min": 2, "shipping_time_max": 5}],
                "category": DEFAULT_CATEGORY,
            }
            for seller in self._sandbox.sellers
            for contract, market in seller.contracts
        ]
        return Reply(200, {"accounts": rows})


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_PULL) as answer:  # noqa: S310  # the scheme was looked at
        return bytes(answer.read())


def _chosen(shop: Shop, request: Request) -> Iterator[Offer]:
    sku = request.query.get("sku")
    return (offer for offer in list(shop.offers.values()) if sku in (None, offer.sku))


def _row(seller: str, shop: Shop, offer: Offer, *, full: bool) -> Json:
    content = dict(shop.approved(offer.sku) or {})
    row = {
        "seller": seller,
        "sku": offer.sku,
        "contract": shop.contract,
        "title": content.get("title"),
        "price": offer.price,
        "currency": shop.currency,
        "quantity": offer.stock,
        "listing_id": str(offer.number),
        "status": "ONLINE" if shop.is_online(offer) else "SOLD_OUT",
    }
    shipping = {"weight": offer.weight, "grids": list(offer.grids)}
    return {**row, "content": {**content, "shipping": shipping}} if full else row
