"""The control plane under /_sandbox/: what a buyer sees, what arrived, faults to switch, the clock, a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

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
        except (ValueError, TypeError) as error:  # orjson's own error is a ValueError
            return Reply(400, {"error": str(error)})

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

    def _shops(self, request: Request) -> list[Shop]:
        seller = request.query.get("seller")
        return [shop for name, shop in self._sandbox.shops.items() if seller in (None, name)]

    def _offers(self, shop: Shop, request: Request) -> list[Offer]:
        sku = request.query.get("sku")
        return list(shop.offers.values()) if sku is None else shop.offers_of(sku)

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
