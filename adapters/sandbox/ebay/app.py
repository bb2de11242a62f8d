"""The stand-in itself: who calls, which operation serves, which fault strikes, what is counted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from adapters.sandbox.clock import Clock
from adapters.sandbox.ebay.asks import Ask
from adapters.sandbox.ebay.control import Control
from adapters.sandbox.ebay.errors import RefusedError, refused
from adapters.sandbox.ebay.faults import FAULTS
from adapters.sandbox.ebay.oauth import TOKEN_PATH, Tokens, bearer_of
from adapters.sandbox.ebay.requests import refuse_bad_accept_language
from adapters.sandbox.ebay.routes import Operation, Read, Write, operation_of
from adapters.sandbox.ebay.state import Numbers, Shop
from adapters.sandbox.ebay.world import Rules, Seller
from adapters.sandbox.ebay.writes import Writes
from adapters.sandbox.faults import Faults, Verdict
from adapters.sandbox.journal import Journal
from adapters.sandbox.server import Exchange, Observer, Reply, Request

_DAY = 86_400
_TOKEN_ROUTE = "token"  # noqa: S105  # a route's name


class EbaySandbox:
    """eBay for a few sellers, all in memory. observer: sees every request to the vendor's API with its answer."""

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
        """Back to the world before the first call: no items, only the given tokens, no faults, an empty journal."""
        self.clock.offset = 0.0
        self.faults.switch_off()
        self.journal.clear()
        numbers = Numbers()
        self.shops = {s.name: Shop(s, self.rules, numbers=numbers, clock=self.clock) for s in self.sellers}
        self._tokens = Tokens(
            self.sellers, self.rules, clock=self.clock, revoked=lambda seller: self.faults.revoked(seller.name)
        )
        self._writes = Writes(self.journal, self.faults)
        self._used: Counter[tuple[str, int]] = Counter()

    async def answer(self, request: Request) -> Reply:
        """The answer to any request, of the vendor's API or of the control plane."""
        if request.segments[0] == "_sandbox":
            return await self._control.answer(request)
        if request.path == TOKEN_PATH and request.method == "POST":
            route, entries, reply = _TOKEN_ROUTE, 0, await self._token(request)
        else:
            operation = operation_of(request)
            route = operation.name if operation else "unknown"
            try:
                entries, reply = await self._call(operation, request)
            except RefusedError as error:
                entries, reply = 0, Reply(error.status, {"errors": error.errors})
        reply.body = reply.encoded()
        sent = 0 if reply.cut else len(reply.body)
        status = 0 if reply.cut else reply.status
        self.journal.count(route, status, entries=entries, bytes_in=len(request.body), bytes_out=sent)
        if self._observer is not None:
            self._observer(Exchange(request, reply))
        return reply

    async def _token(self, request: Request) -> Reply:
        verdict = self.faults.judge(_TOKEN_ROUTE, "", ())
        if verdict.wait_before:
            await asyncio.sleep(verdict.wait_before)
        if verdict.cut_before:
            return Reply(cut=True)
        reply = verdict.reply or self._tokens.answer(request)
        if verdict.wait_after:
            await asyncio.sleep(verdict.wait_after)
        reply.cut = verdict.cut_after
        return reply

    async def _call(self, operation: Operation | None, request: Request) -> tuple[int, Reply]:
        """How many entries the call had, and its answer. Raises RefusedError when all of it is refused."""
        if request.method in ("POST", "PUT") and not request.body:
            return 0, Reply(411)
        if operation is None:
            raise refused(2002, request.path)
        api = request.segments[1]
        self._count(api)
        if isinstance(operation, Ask):
            self._tokens.refuse_stranger(request.headers)
            return 0, await self._ask(operation, request)
        writing = isinstance(operation, Write) or operation.write
        shop = self.shops[self._tokens.seller_of(request.headers, operation.scope, write=writing).name]
        if api == "inventory":
            refuse_bad_accept_language(request, self.rules)
        if isinstance(operation, Read):
            return 0, await self._read(operation, shop, request)
        entries = operation.parse(request, self.rules)
        notes = self._writes.arrive(operation, shop, entries)
        verdict = self._judge(operation, shop, request, [entry.sku for entry in entries])
        return len(entries), await self._writes.perform(operation, shop, entries, notes, verdict)

    def used(self, api: str) -> int:
        """Calls of an API on this day."""
        day = int(self.clock() // _DAY)
        return self._used[api, day]

    def _count(self, api: str) -> None:
        """Raises RefusedError 429/2001 beyond an API's calls of the day."""
        self._used[api, int(self.clock() // _DAY)] += 1
        if api in self.rules.quotas and self.used(api) > self.rules.quotas[api][1]:
            raise refused(2001)

    async def _ask(self, operation: Ask, request: Request) -> Reply:
        verdict = self.faults.judge(operation.name, "", ())
        if verdict.expire_token:
            self._tokens.expire(bearer_of(request.headers))
        return await self._answered(verdict, lambda: operation.answer(self, request))

    async def _read(self, operation: Read, shop: Shop, request: Request) -> Reply:
        verdict = self._judge(operation, shop, request, [*request.segments[4:5], request.query.get("sku", "")])
        return await self._answered(verdict, lambda: operation.answer(shop, request))

    async def _answered(self, verdict: Verdict, answer: Callable[[], Reply]) -> Reply:
        """An answer in one step, as far as the verdict lets it."""
        if verdict.wait_before:
            await asyncio.sleep(verdict.wait_before)
        if verdict.cut_before:
            return Reply(cut=True)
        try:
            reply = verdict.reply or answer()
        except RefusedError as error:
            reply = Reply(error.status, {"errors": error.errors})
        if verdict.wait_after:
            await asyncio.sleep(verdict.wait_after)
        reply.cut = verdict.cut_after
        return reply

    def _judge(self, operation: Read | Write, shop: Shop, request: Request, skus: Sequence[str]) -> Verdict:
        verdict = self.faults.judge(operation.name, shop.seller.name, skus)
        if verdict.expire_token:
            self._tokens.expire(bearer_of(request.headers))
        return verdict
