"""The control plane under /_sandbox/: what a buyer sees, what arrived, faults to switch, the clock, a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.faults import FAULTS
from adapters.sandbox.amazon.listing import DISCOVERABLE, Listing, offer_of, price_of, value_of
from adapters.sandbox.amazon.reads import parent_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.server import Reply, Request

if TYPE_CHECKING:
    from adapters.sandbox.amazon.app import AmazonSandbox

_OFFER = frozenset({"purchasable_offer", "fulfillment_availability"})


class Control:
    """Answers calls under /_sandbox/. None of them appears in the journal."""

    def __init__(self, sandbox: AmazonSandbox) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request) -> Reply:
        """The answer; 404 names what there is, 400 says what is wrong."""
        served = {
            ("GET", "listings"): self._listings,
            ("GET", "calls"): self._calls,
            ("GET", "counts"): self._counts,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._switch_on,
            ("DELETE", "faults"): self._switch_off,
            ("GET", "account"): self._account,
            ("GET", "notifications"): self._notifications,
            ("PUT", "fba"): self._keep_stock,
            ("GET", "clock"): self._clock,
            ("PUT", "clock"): self._move_clock,
            ("POST", "clear"): self._clear,
            ("POST", "reset"): self._reset,
        }
        key = (request.method, request.segments[1] if len(request.segments) > 1 else "")
        if key not in served:
            return Reply(404, {"error": "no such call", "calls": [f"{m} /_sandbox/{name}" for m, name in served]})
        try:
            return served[key](request)
        except (KeyError, ValueError, TypeError) as error:  # orjson's own error is a ValueError
            return Reply(400, {"error": str(error)})

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

    def _shops(self, request: Request) -> list[Shop]:
        seller = request.query.get("seller")
        return [shop for name, shop in self._sandbox.shops.items() if seller in (None, name)]

    def _calls(self, request: Request) -> Reply:
        """The journal. ?after=N (a number already seen) ?limit= ?sku="""
        journal, query = self._sandbox.journal, request.query
        limit = int(query["limit"]) if "limit" in query else None
        calls = journal.select(after=int(query.get("after", 0)), limit=limit, sku=query.get("sku"))
        return Reply(200, {"calls": calls, "dropped": journal.dropped})

    def _counts(self, request: Request) -> Reply:
        return Reply(200, self._sandbox.journal.summary())

    def _faults(self, request: Request) -> Reply:
        return Reply(200, {"faults": [fault.public() for fault in self._sandbox.faults.active], "kinds": FAULTS.kinds})

    def _switch_on(self, request: Request) -> Reply:
        """One fault or a list of them."""
        document = orjson.loads(request.body)
        documents: list[dict[str, Any]] = document if isinstance(document, list) else [document]
        if not all(isinstance(one, dict) for one in documents):
            raise ValueError("a fault is an object")
        added = [self._sandbox.faults.switch_on(one).public() for one in documents]
        return Reply(201, {"faults": added})

    def _switch_off(self, request: Request) -> Reply:
        """All faults, or one: DELETE /_sandbox/faults/{id}."""
        fault_id = int(request.segments[2]) if len(request.segments) > 2 else None
        return Reply(200, {"removed": self._sandbox.faults.switch_off(fault_id)})

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

    def _clock(self, request: Request) -> Reply:
        clock = self._sandbox.clock
        return Reply(200, {"time": clock(), "offset": clock.offset})

    def _move_clock(self, request: Request) -> Reply:
        """{"advance": seconds} moves it on, {"offset": seconds} sets its distance from the true time."""
        document = orjson.loads(request.body)
        if not isinstance(document, dict):
            raise ValueError("an object with advance or offset is needed")
        clock = self._sandbox.clock
        clock.offset = float(document.get("offset", clock.offset)) + float(document.get("advance", 0))
        return self._clock(request)

    def _clear(self, request: Request) -> Reply:
        """Empty the journal and the counts; listings stay."""
        self._sandbox.journal.clear()
        return Reply(204)

    def _reset(self, request: Request) -> Reply:
        """Forget everything: items, tokens given out, faults, journal, clock."""
        self._sandbox.reset()
        return Reply(204)


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
