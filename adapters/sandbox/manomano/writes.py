"""How a write runs: noted on arrival, struck by faults, offer by offer, and what the answer tells of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from adapters.sandbox.faults import Faults, Verdict
from adapters.sandbox.journal import Journal, JournalEntry
from adapters.sandbox.manomano import offers
from adapters.sandbox.manomano.errors import NO_ECO, NOT_FOUND, Json
from adapters.sandbox.manomano.state import Shop
from adapters.sandbox.server import Reply

_WORDS = {400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Write:
    """One kind of write. perform: does one offer, returns why not. every: whether the answer tells of every offer."""

    name: str
    perform: Callable[[Shop, Mapping[str, Any]], list[str]]
    every: bool


UPSERT = Write("put_offers", offers.upsert, every=True)
PATCH = Write("patch_offers", offers.patch, every=False)


class Writes:
    """Performs writes for all sellers."""

    def __init__(self, journal: Journal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._requests = count(1)

    def arrive(self, write: Write, seller: str, shop: Shop, entries: Sequence[Json]) -> list[JournalEntry]:
        """Note that a call came."""
        return [self._journal.add(_note(write.name, seller, shop, entry)) for entry in entries]

    async def perform(
        self, write: Write, shop: Shop, entries: Sequence[Json], notes: Sequence[JournalEntry], verdict: Verdict
    ) -> Reply:
        """Do what the call asks, as far as the verdict lets it, and say so in its notes."""
        if verdict.wait_before:
            await asyncio.sleep(verdict.wait_before)
        if verdict.cut_before or verdict.reply is not None:
            return _struck(notes, verdict)
        refused: dict[str, tuple[int, list[str]]] = {}
        for entry, note in zip(entries, notes, strict=True):
            status, complaints = self._entry(write, shop, entry, note)
            note.status, note.answered = status, not verdict.cut_after
            note.error_id = complaints[0] if complaints else None
            if complaints:
                refused[entry["sku"]] = (status, complaints)
        if verdict.wait_after:
            await asyncio.sleep(verdict.wait_after)
        reply = self._reply(write, entries, refused)
        reply.cut = verdict.cut_after
        return reply

    def _entry(self, write: Write, shop: Shop, entry: Json, note: JournalEntry) -> tuple[int, list[str]]:
        fault = self._faults.entry("status", write.name, note.seller, note.sku)
        if fault is not None:
            note.effect = "refused"
            return fault.status or 500, [f"{fault.error_id or 'ERR_500'}: {fault.words}"]
        fault = self._faults.entry("refused_sku", write.name, note.seller, note.sku)
        if fault is not None:
            note.effect = "refused"
            return fault.status or 400, [str(fault.error_id or NO_ECO)]
        if self._faults.entry("silence", write.name, note.seller, note.sku) is not None:
            note.effect = "silent"
            return 200, []
        complaints = write.perform(shop, entry)
        note.effect = "refused" if complaints else "done"
        status = 404 if NOT_FOUND in complaints else 400
        return (status, complaints) if complaints else (200, [])

    def _reply(self, write: Write, entries: Sequence[Json], refused: Mapping[str, tuple[int, list[str]]]) -> Reply:
        """PUT tells of every offer in a 200; PATCH of refused ones in a 207, and else gives a number alone."""
        if any(fault.kind == "unsaid" for fault in self._faults.active):
            return Reply(200, {"offers": []})
        if not write.every and not refused:
            return Reply(200, {"request_id": f"r-{next(self._requests)}"})
        told = [entry["sku"] for entry in entries if write.every or entry["sku"] in refused]
        content = [_result(sku, *refused.get(sku, (200, []))) for sku in told]
        return Reply(200 if write.every else 207, {"content": content})


def _struck(notes: Sequence[JournalEntry], verdict: Verdict) -> Reply:
    for note in notes:
        note.effect = "lost" if verdict.cut_before else "refused"
        note.answered = not verdict.cut_before
        note.status = verdict.reply.status if verdict.reply is not None and not verdict.cut_before else None
    return Reply(cut=True) if verdict.cut_before or verdict.reply is None else verdict.reply


def _result(sku: str, status: int, complaints: list[str]) -> Json:
    response = {"status": status, "reason_phrase": _WORDS.get(status, "OK" if status < 300 else "Error")}
    result: Json = {"sku": sku, "response": response}
    return {**result, "errors": complaints} if complaints else result


def _note(operation: str, seller: str, shop: Shop, entry: Json) -> JournalEntry:
    """Price and stock in whichever shape they were sent."""
    pricing = entry.get("pricing") or entry.get("price") or {}
    price, stock = pricing.get("price_vat_included"), entry.get("stock")
    known = shop.offers.get(entry["sku"])
    return JournalEntry(
        number=0,
        time=shop.clock(),
        seller=seller,
        operation=operation,
        sku=entry["sku"],
        offer_id=str(known.number) if known is not None else "",
        price=None if price is None else f"{price:.2f}",
        quantity=stock.get("quantity") if isinstance(stock, dict) else stock,
        title=None,
    )
