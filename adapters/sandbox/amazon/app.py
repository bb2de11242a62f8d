"""The stand-in itself: who calls, which operation serves, which fault strikes, what is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from adapters.sandbox.amazon import feeds, type_reads
from adapters.sandbox.amazon.control import Control
from adapters.sandbox.amazon.errors import DENIED, RefusedError, error_list
from adapters.sandbox.amazon.faults import FAULTS
from adapters.sandbox.amazon.feed_work import FeedWork
from adapters.sandbox.amazon.limits import OPERATIONS, Limits
from adapters.sandbox.amazon.lwa import TOKEN_PATH, Tokens
from adapters.sandbox.amazon.product_types import Definitions
from adapters.sandbox.amazon.requests import refuse_bad_agent
from adapters.sandbox.amazon.routes import Call, Write, operation_of
from adapters.sandbox.amazon.shop import Catalogue, Shop
from adapters.sandbox.amazon.signatures import Signatures
from adapters.sandbox.amazon.submissions import submit
from adapters.sandbox.amazon.world import Rules, Seller
from adapters.sandbox.amazon.writes import answer, application_limits, note
from adapters.sandbox.clock import Clock
from adapters.sandbox.faults import Faults, Verdict
from adapters.sandbox.journal import Journal
from adapters.sandbox.server import Exchange, Observer, Reply, Request

_TOKEN_ROUTE = "token"  # noqa: S105  # a route's name
_TELLING = frozenset({200, 201, 202, 204, 400, 404})  # statuses that the models give the rate with


class AmazonSandbox:
    """Amazon's European region for a few sellers, all in memory. observer: sees every request to the vendor's API, and
    to its signed addresses, with its answer. source: the time, in seconds since the epoch."""

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
        self.definitions = Definitions(self.rules.required)
        self._observer = observer
        self._control = Control(self)
        self._signatures = Signatures(self.clock)
        self.reset()

    def reset(self) -> None:
        """Back to the world before the first call: no items, only the given tokens, no faults, an empty journal."""
        self.clock.offset = 0.0
        self.faults.switch_off()
        self.journal.clear()
        self._requests = 0
        catalogue = Catalogue()
        self.shops = {s.name: self._shop(s, catalogue) for s in self.sellers}
        catalogue.shops = list(self.shops.values())
        self._limits = Limits(self.clock)
        self._feed_work = FeedWork(self.journal, self.faults)
        self._tokens = Tokens(
            self.sellers, self.rules, clock=self.clock, revoked=lambda seller: self.faults.revoked(seller.name)
        )

    async def answer(self, request: Request) -> Reply:
        """The answer to any request, of the vendor's API or of the control plane."""
        if request.segments[0] == "_sandbox":
            await self._advance()
            return await self._control.answer(request)
        self._requests += 1
        route, entries, reply = await self._answered(request)
        reply.body = reply.encoded()
        reply.headers = {**reply.headers, "x-amzn-RequestId": f"00000000-0000-4000-8000-{self._requests:012d}"}
        sent = 0 if reply.cut else len(reply.body)
        status = 0 if reply.cut else reply.status
        self.journal.count(route, status, entries=entries, bytes_in=len(request.body), bytes_out=sent)
        if self._observer is not None:
            self._observer(Exchange(request, reply))
        return reply

    def _shop(self, seller: Seller, catalogue: Catalogue) -> Shop:
        return Shop(seller, self.rules, clock=self.clock, catalogue=catalogue, definitions=self.definitions)

    async def _advance(self) -> None:
        for shop in self.shops.values():
            if shop.feeds.open:
                await self._feed_work.advance(shop)

    async def _answered(self, request: Request) -> tuple[str, int, Reply]:
        """The route, how many listings the call concerned, and its answer."""
        if request.path == TOKEN_PATH and request.method == "POST":
            verdict = self.faults.judge(_TOKEN_ROUTE, "", ())
            return _TOKEN_ROUTE, 0, await _struck(verdict, lambda: self._tokens.answer(request))
        if request.segments[0] in (feeds.DOCUMENTS, type_reads.SCHEMAS):
            return self._file(request)
        operation = operation_of(request)
        route = operation.name if operation else "unknown"
        try:
            if operation is None:
                raise RefusedError(403, DENIED)
            refuse_bad_agent(request)
            seller = self._tokens.holder_of(request.headers, operation.scope).seller
            shop = self.shops[seller.name]
            if shop.feeds.open:
                await self._feed_work.advance(shop)
            if isinstance(operation, Write):
                return await self._write(operation, shop, request)
            return route, 0, await self._call(operation, shop, request)
        except RefusedError as error:
            return route, 0, self._told(Reply(error.status, error.body), route)

    def _file(self, request: Request) -> tuple[str, int, Reply]:
        try:
            if request.segments[0] == feeds.DOCUMENTS:
                return "file", 0, feeds.serve_document(list(self.shops.values()), request, self._signatures)
            return "schema", 0, type_reads.serve_schema(self.definitions, request, self._signatures)
        except (KeyError, ValueError, StopIteration):
            return "file", 0, Reply(404)

    async def _write(self, operation: Write, shop: Shop, request: Request) -> tuple[str, int, Reply]:
        _refuse_other_seller(shop, request)
        submission = operation.parse(shop, request)
        route = submission.route
        entry = self.journal.add(note(shop, submission))
        refusal = self._throttled(route, shop, application_limits(submission))
        verdict = Verdict(reply=refusal) if refusal else self._judge(route, shop, request, [submission.sku])

        def perform() -> Reply:
            entry.effect = "refused"
            try:
                result = submit(shop, self.faults, submission)
            except RefusedError as error:
                return Reply(error.status, error.body)
            number = f"{self._requests:032x}"
            entry.effect, entry.offer_id = ("preview" if submission.preview else result.effect), number
            if result.invalid:
                entry.effect, entry.error_id = "refused", result.issues[0]["code"]
            return answer(shop, request, submission, result, number)

        reply = await _struck(verdict, perform)
        entry.answered = not reply.cut
        if verdict.cut_before:
            entry.effect = "lost"
        else:
            entry.status = reply.status
            entry.effect = "refused" if verdict.reply is not None else entry.effect
        return route, 1, self._told(reply, route)

    async def _call(self, operation: Call, shop: Shop, request: Request) -> Reply:
        if request.segments[0] == "listings":
            _refuse_other_seller(shop, request)
        limit = operation.limit(request) if operation.limit else operation.name
        refusal = self._throttled(limit, shop, ("get",) if operation.name == "get" else ())
        named = [*request.segments[4:5], *request.query.get("identifiers", "").split(",")]
        verdict = Verdict(reply=refusal) if refusal else self._judge(operation.name, shop, request, named)

        def perform() -> Reply:
            try:
                return operation.answer(shop, request, self._signatures)
            except RefusedError as error:
                return Reply(error.status, error.body)

        return self._told(await _struck(verdict, perform), limit)

    def _throttled(self, operation: str, shop: Shop, kinds: Sequence[str]) -> Reply | None:
        """Amazon's refusal of a call that comes too soon."""
        if not self.rules.limits:
            return None
        words = self._limits.refusal(operation, shop.seller.merchant_id, shop.seller.client_id, kinds)
        return Reply(429, error_list(429, words)) if words else None

    def _told(self, reply: Reply, operation: str) -> Reply:
        """With the rate in force, where the model has the header."""
        if self.rules.limits and reply.status in _TELLING and operation in OPERATIONS:
            reply.headers = {**reply.headers, "x-amzn-RateLimit-Limit": str(OPERATIONS[operation].rate)}
        return reply

    def _judge(self, route: str, shop: Shop, request: Request, skus: Sequence[str]) -> Verdict:
        if not self.faults.active:
            return Verdict()
        verdict = self.faults.judge(route, shop.seller.name, skus)
        if verdict.expire_token:
            self._tokens.expire(request.headers.get("x-amz-access-token", ""))
        return verdict


async def _struck(verdict: Verdict, perform: Callable[[], Reply]) -> Reply:
    """What the verdict makes of a call."""
    if verdict.wait_before:
        await asyncio.sleep(verdict.wait_before)
    if verdict.cut_before:
        return Reply(cut=True)
    reply = verdict.reply or perform()
    if verdict.wait_after:
        await asyncio.sleep(verdict.wait_after)
    reply.cut = verdict.cut_after
    return reply


def _refuse_other_seller(shop: Shop, request: Request) -> None:
    if request.segments[3] != shop.seller.merchant_id:
        raise RefusedError(403, DENIED)
