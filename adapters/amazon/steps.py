"""The ways from a command to Amazon: show a listing whole, change price and stock or stock alone, take it away.

Each way may be gone again from its beginning after any failure: a PUT replaces, a patch carries whole values, deleting
what is not there is a success. Of a group the parent goes first, and every version is written each time, so that a
change of one never drops another and what failed half way is healed by the next send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from adapters.amazon.client import SEARCH_SIZE, AmazonClient, Submission
from adapters.amazon.definitions import Definitions
from adapters.amazon.looking import Lookup
from adapters.amazon.mapping import (
    child_content,
    content,
    offer_patches,
    patch_body,
    put_body,
    sales_terms,
    sold_alone,
    stock_patches,
)
from adapters.amazon.marketplaces import MERCHANT_CHANNEL
from adapters.amazon.reading import STOCK_PARTS, Item, channel_of
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.stocks import shared_out
from adapters.amazon.work import Work, alive
from adapters.errors import AdapterError, ChannelHaltedError, RateLimitedError, UnknownListingError
from adapters.model import Listing


class Steps:
    """Performs works for one account.

    parallel_calls: calls in flight at once, counted apart for whole listings and for what is urgent, so that an empty
    shelf does not wait behind new descriptions.
    """

    def __init__(
        self, client: AmazonClient, account: AmazonAccount, definitions: Definitions, parallel_calls: int
    ) -> None:
        self._client = client
        self._account = account
        self._definitions = definitions
        self._lookup = Lookup(client, parallel_calls)
        self._whole = asyncio.Semaphore(parallel_calls)
        self._urgent = asyncio.Semaphore(parallel_calls)

    async def show(self, works: Sequence[Work]) -> None:
        """Everything: afterwards, once Amazon has digested it, a buyer sees exactly the wanted state.

        What is there under the SKU is adopted, for a PUT replaces it. Whose stock it is must be known before, so that
        no stock is set over what lies in Amazon's warehouses.
        """
        await self.learn_channels(works)
        await self._each(alive(works), self._show, self._whole)

    async def learn_channels(self, works: Sequence[Work]) -> None:
        """Whose stock each SKU is: as the account says, as earlier outcomes told, or as Amazon says now.

        A SKU that Amazon does not have is the seller's own.
        """
        if self._account.stock_channel:
            for work in works:
                work.channels.update(dict.fromkeys(work.sold(), self._account.stock_channel))
            return
        unknown = [work for work in works if any(sku not in work.channels for sku in work.sold())]
        found = await self._find(unknown, {work.sku: work.sold() for work in unknown}) or {}
        for work in alive(unknown):
            for sku in work.sold():
                item = found.get(sku)
                work.channels.setdefault(sku, channel_of(item, self._account) if item else MERCHANT_CHANNEL)

    async def learn_many_channels(self, works: Sequence[Work]) -> None:
        """The same for a whole feed, call by call: hundreds at once would be too many for Amazon's rate.

        Where it says so all the same, those that are known by then may go, and the rest comes with the next feed.
        """
        for start in range(0, len(works), SEARCH_SIZE):
            some = works[start : start + SEARCH_SIZE]
            await self.learn_channels(some)
            if stop := next((error for work in some for error in work.failures.values()), None):
                for work in works[start + SEARCH_SIZE :]:
                    if work.sku not in work.channels:
                        work.fail(work.sku, stop)
                return

    async def revise(self, works: Sequence[Work]) -> None:
        """Price and stock only; content is not touched.

        Amazon takes a patch of what is not there without a word. So it is asked before, and where it has no such
        listing, the wanted state is shown whole instead. Where it could not be asked, what is known has to do.
        """
        gone: list[Work] = []
        found = await self._find(works, {work.sku: work.sold() for work in works})

        async def confirm(work: Work) -> None:
            if found is None:
                return
            for sku in work.sold():
                item = found.get(sku) or await self._client.get_item(sku, STOCK_PARTS)
                if item is None:
                    gone.append(work)
                    return
                work.channels[sku] = channel_of(item, self._account)

        await self._each(alive(works), confirm, self._urgent)
        there = [work for work in alive(works) if work not in gone]
        await self._each(there, self._revise, self._urgent)
        await self.show(gone)

    async def revise_stock(self, works: Sequence[Work]) -> None:
        """Stock only, of what is there only: nothing is made, and where nothing is nothing can be sold."""
        await self._each(works, self._learn_family, self._urgent)
        single = [work for work in alive(works) if not work.children]
        found = await self._find(single, {work.sku: [work.sku] for work in single}) or {}
        for work in alive(single):
            if item := found.get(work.sku):
                work.channels[work.sku] = channel_of(item, self._account)
        await self._each(alive(works), self._revise_stock, self._urgent)

    async def withdraw(self, works: Sequence[Work]) -> None:
        """Delete the listings, of a group every version and then the parent. One that is not there is a success."""
        await self._each(works, self._withdraw, self._urgent)

    async def _show(self, work: Work) -> None:
        listing = work.listing
        product_type = listing.category or ""
        shapes = self._definitions.of(product_type).shapes
        attributes = content(listing, self._account, shapes)
        if not listing.variants:
            terms = sales_terms(listing, self._account, work.channels[work.sku])
            body = put_body(product_type, {**attributes, **terms})
            work.settle(work.sku, await self._client.put_item(work.sku, body))
            await self._drop(work, set())
            return
        work.settle(work.sku, await self._client.put_item(work.sku, put_body(product_type, attributes, parent=True)))
        if work.failures:
            return
        for variant in listing.variants:
            work.children.add(variant.sku)
            terms = sales_terms(sold_alone(listing, variant), self._account, work.channels[variant.sku])
            child = child_content(listing, variant, self._account, shapes)
            body = put_body(product_type, {**child, **terms})
            await self._try(work, variant.sku, self._client.put_item(variant.sku, body))
        await self._drop(work, {variant.sku for variant in listing.variants})

    async def _drop(self, work: Work, kept: set[str]) -> None:
        """Versions that the group no longer has are deleted; one that could not be is tried with the next send."""
        for sku in sorted(work.children - kept):
            await self._try(work, sku, self._deleted(sku))
            if sku not in work.failures:
                work.children.discard(sku)

    async def _revise(self, work: Work) -> None:
        listing = work.listing
        if not listing.variants:
            work.settle(work.sku, await self._patch_offer(work, listing))
            return
        for variant in listing.variants:
            work.children.add(variant.sku)
            await self._try(work, variant.sku, self._patch_offer(work, sold_alone(listing, variant)))

    def _patch_offer(self, work: Work, sold: Listing) -> Awaitable[Submission]:
        patches = offer_patches(sold, self._account, work.channels[sold.sku])
        return self._client.patch_item(sold.sku, patch_body(patches))

    async def _learn_family(self, work: Work) -> None:
        """Where nothing is known of this SKU, ask whether it is a group."""
        if not work.told():
            self._meet(work, await self._lookup.children(work.sku, STOCK_PARTS))

    def _meet(self, work: Work, children: Mapping[str, Item]) -> None:
        work.children.update(children)
        work.channels.update({sku: channel_of(item, self._account) for sku, item in children.items()})

    async def _revise_stock(self, work: Work) -> None:
        if not work.children:
            await self._patch_stock(work, work.sku, work.quantity)
            return
        for sku, quantity in (await self._figures(work)).items():
            try:
                await self._patch_stock(work, sku, quantity)
            except AdapterError as error:
                work.fail(sku, error)

    async def _figures(self, work: Work) -> Mapping[str, int]:
        """The stock of each version: as it was told, else none, or what there is shared out."""
        wanted = work.command.quantities
        if not wanted and not work.quantity:
            wanted = dict.fromkeys(sorted(work.children), 0)
        if wanted and all(sku in work.channels for sku in wanted):
            return wanted
        children = await self._lookup.children(work.sku, STOCK_PARTS)
        self._meet(work, children)
        return wanted or shared_out(work.quantity, children)

    async def _patch_stock(self, work: Work, sku: str, quantity: int) -> None:
        """Nothing is sent for what Amazon does not have, nor for what lies in its warehouses."""
        channel = work.channels.get(sku)
        patches = stock_patches(quantity, self._account, channel) if channel else []
        if patches:
            work.settle(sku, await self._client.patch_item(sku, patch_body(patches)))

    async def _withdraw(self, work: Work) -> None:
        await self._learn_family(work)
        await self._drop(work, set())
        if not work.failures:
            work.settle(work.sku, await self._deleted(work.sku))

    async def _deleted(self, sku: str) -> Submission:
        try:
            return await self._client.delete_item(sku)
        except UnknownListingError:
            return Submission()

    async def _try(self, work: Work, sku: str, call: Awaitable[Submission]) -> None:
        """One SKU of a group: its failure is told of it alone, unless the account as a whole is in the way."""
        try:
            work.settle(sku, await call)
        except (RateLimitedError, ChannelHaltedError):
            raise
        except AdapterError as error:
            work.fail(sku, error)

    async def _find(self, works: Sequence[Work], skus: Mapping[str, Iterable[str]]) -> dict[str, Item] | None:
        """What of these is on Amazon; None where it could not be asked: then those of which nothing is known fail."""
        if not works:
            return {}
        try:
            return await self._lookup.find((sku for some in skus.values() for sku in some), STOCK_PARTS)
        except AdapterError as error:
            for work in works:
                if not isinstance(error, ChannelHaltedError) and all(sku in work.channels for sku in skus[work.sku]):
                    continue
                work.fail(work.sku, error)
            return None

    async def _each(
        self, works: Sequence[Work], step: Callable[[Work], Awaitable[None]], gate: asyncio.Semaphore
    ) -> None:
        """Once Amazon says that the account calls too often, or may not call at all, the rest is not even asked."""
        stop: list[AdapterError] = []

        async def one(work: Work) -> None:
            async with gate:
                if stop:
                    work.fail(work.sku, stop[0])
                    return
                try:
                    await step(work)
                except AdapterError as error:
                    work.fail(work.sku, error)
                    if isinstance(error, RateLimitedError | ChannelHaltedError):
                        stop.append(error)

        await asyncio.gather(*(one(work) for work in works))
