"""The stand-in itself: who calls, which operation serves, which fault strikes, what is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from adapters.sandbox.clock import Clock
from adapters.sandbox.faults import Faults, Verdict
from adapters.sandbox.journal import Journal
from adapters.sandbox.manomano import offers, order_desk, requests, world
from adapters.sandbox.manomano.budget import Budget
from adapters.sandbox.manomano.control import Control
from adapters.sandbox.manomano.errors import Json, RefusedError, gateway
from adapters.sandbox.manomano.faults import FAULTS
from adapters.sandbox.manomano.state import Numbers, Shop
from adapters.sandbox.manomano.world import Rules, Seller
from adapters.sandbox.manomano.writes import PATCH, UPSERT, Write, Writes
from adapters.sandbox.server import Exchange, Observer, Reply, Request

_ROUTES = {
    ("PUT", "/api/v1/offers"): "put_offers",
    ("PATCH", "/api/v2/offer-information/offers"): "patch_offers",
    ("PATCH", "/api/v1/offer-information/offers-unfreeze"): "unfreeze",
    ("GET", "/api/v1/offer-information/offers"): "list_offers",
    ("GET", "/api/v2/feeds/fields"): "list_fields",
    ("GET", "/api/v1/products/categories"): "list_categories",
}
_OF_OFFERS = frozenset({"put_offers", "patch_offers", "unfreeze", "list_offers"})
_ADDRESS = "address"  # all calls of a stand-in come from one


class ManomanoSandbox:
    """ManoMano for a few sellers, all in memory. observer: sees every request to the vendor's API with its answer."""

    def __init__(
        self,
        sellers: Sequence[Seller] = (Seller(),),
        rules: Rules | None = None,
        *,
        observer: Observer | None = None,
        source: Callable[[], float] = time.time,
    ) -> None:
        self.rules = rules or Rules()
        self.sellers = tuple(sellers)
        self.clock = Clock(source)
        self.journal = Journal()
        self.faults = Faults(FAULTS, self.clock)
        self._observer = observer
        self._control = Control(self)
        self.reset()

    def reset(self) -> None:
        """Back to the world before the first call: no offers, no content, no faults, an empty journal."""
        self.clock.offset = 0.0
        self.faults.switch_off()
        self.journal.clear()
        numbers = Numbers()
        self.shops = {
            (seller.name, contract): Shop(
                contract, market, self.rules, numbers, clock=self.clock, refuses=self._refuses
            )
            for seller in self.sellers
            for contract, market in seller.contracts
        }
        self.budget = Budget(self.rules.calls_per_hour, self.clock)
        self._of_address = Budget(self.rules.offer_calls_per_hour, self.clock)
        self._writes = Writes(self.journal, self.faults)

    async def answer(self, request: Request) -> Reply:
        """The answer to any request, of the vendor's API or of the control plane."""
        if request.segments[0] == "_sandbox":
            return await self._control.answer(request)
        route = order_desk.route_of(request) or _ROUTES.get((request.method, request.path), "unknown")
        try:
            entries, reply = await self._call(route, request)
        except RefusedError as error:
            entries, reply = 0, Reply(error.status, error.body, error.headers)
        reply.body = reply.encoded()
        status, sent = (0, 0) if reply.cut else (reply.status, len(reply.body))
        self.journal.count(route, status, entries=entries, bytes_in=len(request.body), bytes_out=sent)
        if self._observer is not None:
            self._observer(Exchange(request, reply))
        return reply

    async def _call(self, route: str, request: Request) -> tuple[int, Reply]:
        """How many offers the call had, and its answer. Raises RefusedError when all of it is refused."""
        seller = self._seller(request)
        self.budget.spend(seller.name)
        if route in _OF_OFFERS:
            self._of_address.spend(_ADDRESS)
        if route == "put_offers":
            return await self._write(UPSERT, seller, *requests.parse_upsert(request, self.rules))
        if route == "patch_offers":
            return await self._write(PATCH, seller, *requests.parse_patch(request, self.rules))
        skus = (*request.query.get("skus", "").split(","), *order_desk.named(request))
        verdict = self.faults.judge(route, seller.name, skus)
        if verdict.wait_before:
            await asyncio.sleep(verdict.wait_before)
        if verdict.cut_before:
            return 0, Reply(cut=True)
        reply = verdict.reply or self._other(route, seller, request)
        if verdict.wait_after:
            await asyncio.sleep(verdict.wait_after)
        reply.cut = verdict.cut_after
        return 0, reply

    async def _write(
        self, write: Write, seller: Seller, contract: str | None, entries: list[Json]
    ) -> tuple[int, Reply]:
        shop = self._shop(seller, contract)
        notes = self._writes.arrive(write, seller.name, shop, entries)
        verdict: Verdict = self.faults.judge(write.name, seller.name, [entry["sku"] for entry in entries])
        return len(entries), await self._writes.perform(write, shop, entries, notes, verdict)

    def _other(self, route: str, seller: Seller, request: Request) -> Reply:
        if route == "list_offers":
            shop = self._shop(seller, request.query.get("seller_contract_id"))
            return Reply(200, offers.list_offers(shop, request.query))
        if route == "unfreeze":
            contract, body = requests.parse_unfreeze(request)
            offers.unfreeze(self._shop(seller, contract), body)
            return Reply(204)
        if route == "list_orders":
            shop = self._shop(seller, request.query.get("seller_contract_id"))
            return Reply(200, order_desk.list_orders(shop, request.query))
        if route == "get_order":
            shop = self._shop(seller, request.query.get("seller_contract_id"))
            return Reply(200, order_desk.get_order(shop, request.segments[3]))
        if route in order_desk.ROUTES.values():
            return order_desk.answer(route, request, seller.name, partial(self._shop, seller), self.faults)
        if route == "list_fields":
            return Reply(200, self._fields(request))
        if route == "list_categories":
            return Reply(200, {"content": world.categories()})
        raise gateway(404)

    def _fields(self, request: Request) -> Json:
        found = offers.page_of(request.query, world.fields(), most=50)
        if any(fault.kind == "short_list" for fault in self.faults.active):
            found["content"] = found["content"][: len(found["content"]) // 2]
        return found

    def _seller(self, request: Request) -> Seller:
        key = request.headers.get("x-api-key", "")
        seller = next((one for one in self.sellers if one.api_key == key), None)
        if seller is None or any(
            fault.kind == "key_revoked" and fault.seller in (None, seller.name) for fault in self.faults.active
        ):
            raise gateway(401)
        return seller

    def _shop(self, seller: Seller, contract: str | None) -> Shop:
        """Raises RefusedError: 400 where no contract is named, 403 for one that is not the seller's."""
        if contract is None or not contract.isdigit():
            raise RefusedError(400, {"message": "seller_contract_id is expected to be a number"})
        shop = self.shops.get((seller.name, int(contract)))
        if shop is None:
            raise gateway(403)
        return shop

    def _refuses(self, sku: str) -> bool:
        return any(fault.kind == "content_refused" and fault.sku in (None, sku) for fault in self.faults.active)
