"""How a seller's feeds go on: one after the other, each message as a submission of its own, then the report."""

from __future__ import annotations

import asyncio

from adapters.sandbox.amazon.errors import Json, RefusedError, issue
from adapters.sandbox.amazon.feed_desk import Feed, Status, Tally
from adapters.sandbox.amazon.feed_messages import KINDS, as_call, feed_problem, message_problem, read, report_of
from adapters.sandbox.amazon.feeds import LISTINGS_FEED, document_of, report_document
from adapters.sandbox.amazon.reads import item_document
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.submissions import Result, Submission, submit
from adapters.sandbox.amazon.writes import note
from adapters.sandbox.faults import Faults
from adapters.sandbox.journal import Journal

_ROUTE = "feed"
_CHUNK = 100
_TOLD = ("feedId", "feedType", "processingStatus", "resultFeedDocumentId")


class FeedWork:
    """Works on the feeds of all sellers, as far as their time has come, whenever somebody calls."""

    def __init__(self, journal: Journal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._busy: set[str] = set()
        self._free: dict[str, float] = {}

    async def advance(self, shop: Shop) -> None:
        """Let the seller's feeds go on. One caller at a time does it; others see them IN_PROGRESS meanwhile."""
        name = shop.seller.name
        if name in self._busy:
            return
        self._busy.add(name)
        try:
            for feed in shop.feeds.open:
                await self._go_on(shop, feed)
                if feed.open:
                    return
                self._free[name] = feed.ended
        finally:
            self._busy.discard(name)

    async def _go_on(self, shop: Shop, feed: Feed) -> None:
        starts = max(feed.created, self._free.get(shop.seller.name, 0.0)) + shop.rules.feed_waits
        if feed.status is Status.IN_QUEUE:
            if shop.clock() < starts or self._faults.holds("feed_stuck", shop.seller.name):
                return
            feed.status, feed.started = Status.IN_PROGRESS, starts
            document = read(feed.body) if feed.feed_type == LISTINGS_FEED else None
            struck = self._faults.entry("feed_fatal", _ROUTE, shop.seller.name, "")
            if document is None or struck is not None:
                self._end(shop, feed, Status.FATAL, starts)
                return
            await self._perform(shop, feed, document)
        if shop.clock() >= feed.ended:
            self._end(shop, feed, Status.DONE, feed.ended)

    async def _perform(self, shop: Shop, feed: Feed, document: Json) -> None:
        """Submit every message; then it is known when the feed ends."""
        problem = feed_problem(document, shop.seller.merchant_id)
        feed.tally = tally = Tally({} if problem else document["header"])
        if problem:
            tally.issues.append({"severity": "ERROR", "code": "4000003", "message": problem})
        messages = [] if problem else document["messages"]
        seen: set[object] = set()
        for place, message in enumerate(messages, start=1):
            self._message(shop, feed, message, seen)
            if place % _CHUNK == 0:
                await asyncio.sleep(0)  # calls go on meanwhile
        rules = shop.rules
        takes = rules.feed_takes + rules.feed_message_takes * len(messages)
        feed.ended = feed.started + takes + (rules.judged_after if tally.included else 0.0)

    def _message(self, shop: Shop, feed: Feed, message: Json, seen: set[object]) -> None:
        tally, number = feed.tally, message.get("messageId")
        problem = message_problem(message, seen)
        seen.add(number)
        issues = [issue("4000001", problem, "INVALID_ATTRIBUTE")] if problem else self._submit(shop, feed, message)
        named = {"messageId": number} if isinstance(number, int) else {}
        for found in issues:
            about = {"attributeName": found["attributeNames"][0]} if found["attributeNames"] else {}
            plain = {name: found[name] for name in ("code", "severity", "message")}
            tally.issues.append({**named, "sku": str(message.get("sku")), **plain, **about})
        tally.processed += 1
        if any(one["severity"] == "ERROR" for one in issues):
            tally.invalid += 1
        else:
            tally.accepted.append(message["sku"])

    def _submit(self, shop: Shop, feed: Feed, message: Json) -> list[Json]:
        operation = message["operationType"]
        route = f"{_ROUTE}_{operation.lower()}"
        submission = Submission(KINDS[operation], route, message["sku"], feed.marketplaces, as_call(message))
        entry = self._journal.add(note(shop, submission))
        try:
            result = submit(shop, self._faults, submission)
        except RefusedError as error:
            words = error.body["errors"][0]["message"]
            result = Result([issue("4000001", words, "INVALID_ATTRIBUTE")], "refused")
        entry.status, entry.effect, entry.offer_id = 200, result.effect, feed.feed_id
        entry.error_id = result.issues[0]["code"] if result.invalid else None
        return result.issues

    def _end(self, shop: Shop, feed: Feed, status: Status, at: float) -> None:
        feed.status, feed.ended, feed.body = status, at, b""
        if status is Status.DONE:
            feed.result = report_document(shop, _report(shop, feed))
        feed.tally = Tally({})
        shop.notices.feed_ended(at, {name: value for name, value in document_of(feed).items() if name in _TOLD})


def _report(shop: Shop, feed: Feed) -> Json:
    tally = feed.tally
    counts = {
        "messagesProcessed": tally.processed,
        "messagesAccepted": len(tally.accepted),
        "messagesInvalid": tally.invalid,
    }
    items = None
    if tally.included:
        items = []
        for sku in dict.fromkeys(tally.accepted):
            found = [one for place in feed.marketplaces if (one := shop.find(sku, place)) is not None]
            if found:
                items.append(item_document(shop, found, tally.included))
    return report_of(feed.feed_id, shop.seller.merchant_id, tally.header, tally.issues, counts, items)
