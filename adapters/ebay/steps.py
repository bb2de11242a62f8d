"""The ways from a command to eBay: show a listing whole, change its price and stock or its stock alone, take it away.

Each way may be gone again from its beginning after any failure: items and offers are replaced whole, an
offer that exists is adopted, publishing a published offer keeps its listing, withdrawing twice is once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.ebay.client import EbayClient, Entry
from adapters.ebay.faults import ANY_MISTAKE, BAD_QUANTITY
from adapters.ebay.mapping import item_document, new_offer_document, offer_document, price_and_quantity, stock
from adapters.ebay.media import Pictures
from adapters.ebay.setup import Setup
from adapters.ebay.work import BulkCall, Work, alive
from adapters.errors import AdapterError, RejectedListingError, UnknownListingError

SOLD_OUT = "Sold out: eBay shows a new listing from its first piece of stock on"
_CONFLICT = 409  # not in the contract; seen as the answer to a second offer in one client's recordings


class Steps:
    """Performs works for one account.

    parallel_calls: calls in flight at once, counted apart for whole listings and for what is urgent, so that an empty
    shelf does not wait behind a hundred new descriptions. pictures: copies them to eBay's server; None = they stay
    where they are.
    """

    def __init__(self, client: EbayClient, setup: Setup, parallel_calls: int, pictures: Pictures | None) -> None:
        self._client = client
        self._setup = setup
        self._pictures = pictures
        self._whole = asyncio.Semaphore(parallel_calls)
        self._urgent = asyncio.Semaphore(parallel_calls)

    async def show(self, works: Sequence[Work]) -> None:
        """Item, offer, publication: afterwards a buyer sees exactly the wanted state.

        A revision of content publishes too: an offer that was ended behind our back takes an update without a word, and
        the listing would be thought live. Publishing one that is live changes nothing.

        A new listing needs stock. With none its offer stays unpublished: a buyer finds nothing to buy, which is
        true, and the first revision that brings stock publishes it.
        """
        await self.prepare(works)
        await self._publish(alive(works))

    async def upload(self, works: Sequence[Work]) -> None:
        """Copy the pictures to eBay's server, where the account wants that."""
        if self._pictures is not None:
            await self._pictures.upload(works)

    async def prepare(self, works: Sequence[Work]) -> None:
        """Item and offer, as they are wanted; what is published already changes at once."""
        await self.upload(works)
        await self._replace_items(alive(works))
        await self.each_whole([work for work in alive(works) if work.offer_id], self._update_known_offer)
        await self._create_offers([work for work in alive(works) if not work.offer_id])

    async def revise(self, works: Sequence[Work]) -> None:
        """Price and stock only; content is not touched.

        Where eBay has no live listing to revise, the wanted state is shown whole instead: to report the
        listing as unknown would leave this update undone until the product's next change.
        """
        await self.show(await self.revise_live(works))

    async def revise_live(self, works: Sequence[Work]) -> list[Work]:
        """Price and stock of what is live. Returns the works that eBay has no live listing for."""
        not_live: list[Work] = []

        async def look(work: Work) -> None:
            if not await self._is_live(work):
                not_live.append(work)

        async def look_again(work: Work) -> None:
            error, used = work.error, work.offer_id
            work.error = None
            if not await self._is_live(work) or work.offer_id != used:
                not_live.append(work)
            elif error is not None:
                work.fail(error)  # live under this very offer: eBay refuses the figures

        await self.each_urgent([work for work in works if not work.offer_id], look)
        live = [work for work in alive(works) if work not in not_live]
        await self._revise_figures(live, lambda work: price_and_quantity(work.listing, work.offer_id))
        await self.each_urgent([work for work in live if may_be_gone(work.error)], look_again)
        return not_live

    async def revise_stock(self, works: Sequence[Work]) -> None:
        """Stock only, of live listings only: nothing is published, and where nothing is live nothing can be sold."""
        live: list[Work] = []

        async def look(work: Work) -> None:
            error, used = work.error, work.offer_id
            work.error = None
            if not is_for_sale(await self._find_offer(work)):
                return
            if error is not None and work.offer_id == used:
                work.fail(error)  # live under this very offer: eBay refuses the figure
            else:
                live.append(work)

        known = [work for work in works if work.offer_id]
        await self._revise_figures(known, _stock)
        await self.each_urgent([work for work in works if not work.offer_id or may_be_gone(work.error)], look)
        await self._revise_figures(live, _stock)

    async def withdraw(self, works: Sequence[Work]) -> None:
        """End the listings. One that is not there, or is ended already, is a success."""
        await self.each_urgent(works, self._withdraw)

    async def _replace_items(self, works: Sequence[Work]) -> None:
        async def send(some: Sequence[Work]) -> list[Entry]:
            account = await self._setup.ready()
            documents = [item_document(work.listing, account, work.pictures) for work in some]
            return await self._client.replace_items(documents)

        await BulkCall(send, _sku, _entry_sku, _settle, self._whole).run(works)

    async def _create_offers(self, works: Sequence[Work]) -> None:
        """Create first and adopt what exists: one call for 25 new listings instead of 25 look-ups."""
        existing: list[Work] = []

        async def send(some: Sequence[Work]) -> list[Entry]:
            account = await self._setup.ready()
            return await self._client.create_offers([new_offer_document(work.listing, account) for work in some])

        def settle(work: Work, entry: Entry) -> None:
            if entry.error is None:
                work.offer_id = entry.offer_id
                work.done(entry.warnings)
                return
            work.fail(entry.error)
            work.offer_id = entry.existing_offer_id or ""
            if work.offer_id or entry.error.code == str(ANY_MISTAKE) or entry.error.status == _CONFLICT:
                existing.append(work)

        await BulkCall(send, _sku, _entry_sku, settle, self._whole).run(works)
        await self.each_whole(existing, self._adopt)

    async def _adopt(self, work: Work) -> None:
        if not work.offer_id:
            offer = await self._client.find_offer(work.sku)
            if offer is None:
                return  # 25002 is any mistake of the caller: the error stands
            work.offer_id = str(offer["offerId"])
        work.error = None
        await self._update_offer(work)

    async def _update_offer(self, work: Work) -> None:
        document = offer_document(work.listing, await self._setup.ready())
        work.done(await self._client.update_offer(work.offer_id, document))

    async def _update_known_offer(self, work: Work) -> None:
        try:
            await self._update_offer(work)
        except UnknownListingError:
            work.offer_id = ""  # deleted since; it is created or found anew in the next step

    async def _publish(self, works: Sequence[Work]) -> None:
        async def send(some: Sequence[Work]) -> list[Entry]:
            return await self._client.publish_offers([work.offer_id for work in some])

        def settle(work: Work, entry: Entry) -> None:
            work.listing_id = entry.listing_id
            if entry.error is not None and entry.error.code == str(BAD_QUANTITY) and work.listing.quantity == 0:
                work.done([SOLD_OUT])
            else:
                _settle(work, entry)

        await BulkCall(send, _offer_id, lambda entry: entry.offer_id, settle, self._whole).run(works)

    async def _revise_figures(self, works: Sequence[Work], document: Callable[[Work], Mapping[str, Any]]) -> None:
        """Price, stock or both of published offers, as the documents say."""

        async def send(some: Sequence[Work]) -> list[Entry]:
            return await self._client.revise_prices_and_quantities([document(work) for work in some])

        def settle(work: Work, entry: Entry) -> None:
            _settle(work, entry)
            if work.error is not None:
                work.error.effect_unknown = True  # the item's quantity may be written, only the offer's part refused

        await BulkCall(send, _sku, _entry_sku, settle, self._urgent).run(works)

    async def _is_live(self, work: Work) -> bool:
        """Whether a listing is live under an offer of this SKU; takes over the offer's id, live or not."""
        offer = await self._find_offer(work)
        if _was_ended_by_ebay(offer):
            raise RejectedListingError("eBay itself ended this listing. Look for its message in the seller's inbox")
        return is_for_sale(offer)

    async def _find_offer(self, work: Work) -> Mapping[str, Any]:
        """The offer of this SKU, empty where there is none; the work takes over its id."""
        offer = await self._client.find_offer(work.sku)
        work.offer_id = str(offer["offerId"]) if offer is not None else ""
        return offer or {}

    async def _withdraw(self, work: Work) -> None:
        tried, refusal = work.offer_id, None
        if tried:
            refusal = await self._try_to_withdraw(work)
            if refusal is None:
                return
        offer = await self._client.find_offer(work.sku)
        if offer is None or offer.get("status") != "PUBLISHED":
            return
        work.offer_id = str(offer["offerId"])
        refusal = refusal if work.offer_id == tried else await self._try_to_withdraw(work)
        if refusal is not None:
            raise refusal

    async def _try_to_withdraw(self, work: Work) -> AdapterError | None:
        """None when the listing is ended; the error when eBay's words may mean that there is none."""
        try:
            work.done(await self._client.withdraw_offer(work.offer_id))
        except AdapterError as error:
            if not may_be_gone(error):
                raise
            return error
        return None

    async def each_whole(self, works: Sequence[Work], step: Callable[[Work], Awaitable[None]]) -> None:
        """A call of whole listings that has no bulk form, for all works at once, as many as may be under way."""
        await self._each(works, step, self._whole)

    async def each_urgent(self, works: Sequence[Work], step: Callable[[Work], Awaitable[None]]) -> None:
        """The same for what is urgent."""
        await self._each(works, step, self._urgent)

    async def _each(
        self, works: Sequence[Work], step: Callable[[Work], Awaitable[None]], gate: asyncio.Semaphore
    ) -> None:
        """A call that has no bulk form, for all works at once within the gate."""

        async def one(work: Work) -> None:
            try:
                async with gate:
                    await step(work)
            except AdapterError as error:
                work.fail(error)

        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(one(work))


def may_be_gone(error: AdapterError | None) -> bool:
    """Whether an error can mean that no such listing is live. 25002 is eBay's word for any mistake of the caller."""
    return isinstance(error, UnknownListingError) or (error is not None and error.code == str(ANY_MISTAKE))


def _was_ended_by_ebay(offer: Mapping[str, Any]) -> bool:
    return bool((offer.get("listing") or {}).get("listingStatus") == "EBAY_ENDED")


def is_for_sale(offer: Mapping[str, Any]) -> bool:
    return offer.get("status") == "PUBLISHED" and not _was_ended_by_ebay(offer)


def _stock(work: Work) -> Mapping[str, Any]:
    return stock(work.sku, work.quantity, work.offer_id)


def _settle(work: Work, entry: Entry) -> None:
    if entry.error is not None:
        work.fail(entry.error)
    else:
        work.done(entry.warnings)


def _sku(work: Work) -> str:
    return work.sku


def _offer_id(work: Work) -> str:
    return work.offer_id


def _entry_sku(entry: Entry) -> str:
    return entry.sku
