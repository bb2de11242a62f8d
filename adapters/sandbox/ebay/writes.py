"""How a write runs: noted on arrival, struck by faults, one call at a time per SKU, entry by entry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.sandbox.ebay.errors import Json, RefusedError, refused, vendor_error
from adapters.sandbox.ebay.items import Entry, Result
from adapters.sandbox.ebay.routes import Write
from adapters.sandbox.ebay.state import Item, Shop
from adapters.sandbox.faults import Faults, Verdict
from adapters.sandbox.journal import Journal, JournalEntry
from adapters.sandbox.server import Reply

_PUBLISHES = frozenset({"publish", "bulk_publish", "publish_group"})
_REVISES = frozenset(
    {"replace_item", "bulk_replace_item", "update_offer", "bulk_price_quantity", "withdraw", *_PUBLISHES}
)


class Writes:
    """Performs writes for all sellers. A SKU that another call is working on is refused with 500/25025."""

    def __init__(self, journal: Journal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._busy: set[tuple[str, str]] = set()

    def arrive(self, operation: Write, shop: Shop, entries: Sequence[Entry]) -> list[JournalEntry]:
        """Note that a call came, and fill in the SKUs of entries that name only an offer."""
        notes = []
        for entry in entries:
            if not entry.sku and entry.offer_id in shop.offers:
                entry.sku = shop.offers[entry.offer_id].sku
            notes.append(self._journal.add(_note(operation.name, shop, entry)))
        return notes

    async def perform(
        self, operation: Write, shop: Shop, entries: Sequence[Entry], notes: Sequence[JournalEntry], verdict: Verdict
    ) -> Reply:
        """Do what the call asks, as far as the verdict lets it, and say so in its notes."""
        if verdict.cut_before or verdict.reply is not None:
            return await self._strike(notes, verdict)
        wanted = {(shop.seller.name, entry.sku) for entry in entries}
        taken, free = wanted & self._busy, wanted - self._busy
        self._busy |= free
        try:
            if verdict.wait_before:
                await asyncio.sleep(verdict.wait_before)
            results = []
            for entry, note in zip(entries, notes, strict=True):
                result, note.effect = self._entry(operation, shop, entry, taken=(shop.seller.name, entry.sku) in taken)
                results.append(result)
                _complete(note, result, answered=not verdict.cut_after)
            if verdict.wait_after:
                await asyncio.sleep(verdict.wait_after)
        finally:
            self._busy -= free
        reply = operation.join(entries, results)
        reply.cut = verdict.cut_after
        return reply

    async def _strike(self, notes: Sequence[JournalEntry], verdict: Verdict) -> Reply:
        if verdict.wait_before:
            await asyncio.sleep(verdict.wait_before)
        for note in notes:
            note.effect = "lost" if verdict.cut_before else "refused"
            note.answered = not verdict.cut_before
            note.status = verdict.reply.status if verdict.reply is not None and not verdict.cut_before else None
        return Reply(cut=True) if verdict.cut_before or verdict.reply is None else verdict.reply

    def _entry(self, operation: Write, shop: Shop, entry: Entry, *, taken: bool) -> tuple[Result, str]:
        """The result of one entry and its effect, in the journal's words."""
        try:
            if taken:
                raise refused(25025, entry.sku)
            self._refuse_by_fault(operation, shop, entry)
            if self._silenced(operation, shop, entry):
                return _perform_silently(operation, shop, entry), "silent"
            return operation.perform(shop, entry), "done"
        except RefusedError as error:
            return Result(status=error.status, errors=error.errors), "refused"

    def _refuse_by_fault(self, operation: Write, shop: Shop, entry: Entry) -> None:
        seller = shop.seller.name
        fault = self._faults.entry("status", operation.name, seller, entry.sku)
        if fault is not None:
            raise RefusedError([vendor_error(int(fault.error_id or 25001), fault.words)], fault.status or 500)
        if operation.name in _PUBLISHES:
            fault = self._faults.entry("refused_sku", operation.name, seller, entry.sku)
            if fault is not None:
                raise RefusedError([vendor_error(int(fault.error_id or 25002), fault.words)], fault.status or 400)

    def _silenced(self, operation: Write, shop: Shop, entry: Entry) -> bool:
        if operation.name not in _PUBLISHES and not (operation.name in _REVISES and shop.live_offers_of(entry.sku)):
            return False
        return self._faults.entry("silence", operation.name, shop.seller.name, entry.sku) is not None


def _perform_silently(operation: Write, shop: Shop, entry: Entry) -> Result:
    """Answer as if done. A new listing is there and never shown; anything else is taken back."""
    memento = shop.remember(entry.sku)
    result = operation.perform(shop, entry)
    if operation.name in _PUBLISHES and not any(offer.listing for offer in memento.offers):
        group = shop.groups.get(entry.sku) if operation.name == "publish_group" else None
        for sku in group.skus if group else (entry.sku,):
            for offer in shop.live_offers_of(sku):
                if offer.listing is not None:
                    offer.listing.hidden = True
    else:
        shop.restore(entry.sku, memento)
    return result


def _complete(note: JournalEntry, result: Result, *, answered: bool) -> None:
    note.status, note.answered = result.status, answered
    note.error_id = result.errors[0]["errorId"] if result.errors else None
    note.offer_id = note.offer_id or result.fields.get("offerId", "")


def _note(operation: str, shop: Shop, entry: Entry) -> JournalEntry:
    price, quantity, title = _carried(entry.document)
    if not entry.document and entry.offer_id in shop.offers:
        offer, item = shop.offers[entry.offer_id], shop.items.get(entry.sku)
        price, quantity = offer.price.get("value"), shop.shown_quantity(offer)
        title = item.product.get("title") if item else None
    return JournalEntry(
        number=0,
        time=shop.clock(),
        seller=shop.seller.name,
        operation=operation,
        sku=entry.sku,
        offer_id=entry.offer_id,
        price=price,
        quantity=quantity,
        title=title,
    )


def _carried(document: Json) -> tuple[str | None, int | None, str | None]:
    """Price, quantity and title in what was sent, in whichever part they stand."""
    offer: Json = document.get("offer") or {}
    item = Item(sku="", locale="", document=document)
    price = (document.get("pricingSummary") or {}).get("price") or offer.get("price") or {}
    quantity = item.quantity
    for part in (document, offer):
        quantity = part.get("availableQuantity") if quantity is None else quantity
    if quantity is None:
        quantity = (document.get("item") or {}).get("quantity")
    return price.get("value"), quantity, item.product.get("title")
