"""The ways from a command for a listing with variants to eBay: one listing, an inventory item group.

A group is always sent with all of its members, so that a change of one never drops another. Its members' items and
offers go the ways of single listings (`steps`), all groups of a call together in eBay's bulk calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Any

from adapters.ebay.client import EbayClient
from adapters.ebay.faults import BAD_QUANTITY
from adapters.ebay.grouping import group_document, members
from adapters.ebay.setup import Setup
from adapters.ebay.steps import SOLD_OUT, Steps, is_for_sale, may_be_gone
from adapters.ebay.work import Work, alive
from adapters.errors import AdapterError, RejectedListingError, UnknownListingError
from adapters.model import Command, Operation

KEPT = "eBay keeps variant {}, as it was sold from this listing: its stock is 0"
_LISTED_ALONE = "25704"
_Ways = Callable[[Sequence[Work]], Awaitable[Any]]


class Groups:
    """Performs works for listings with variants, for one account."""

    def __init__(self, client: EbayClient, setup: Setup, steps: Steps) -> None:
        self._client = client
        self._setup = setup
        self._steps = steps

    async def show(self, works: Sequence[Work]) -> None:
        """Items, offers, group, publication: afterwards a buyer sees exactly the wanted choices in one listing.

        Where the product was a listing without choices before, that one ends first: one SKU, one listing.
        """
        await self._steps.each_whole([work for work in works if work.offer_id], self._end_single)
        await self._steps.upload(alive(works))
        await self._by_member(alive(works), self._steps.prepare)
        await self._steps.each_whole(alive(works), self._put_group)
        await self._steps.each_whole(alive(works), self._publish)

    async def revise(self, works: Sequence[Work]) -> None:
        """Price and stock of all variants. A group that has one which is not live is shown whole."""
        not_live: list[Work] = []

        async def revise(parts: Sequence[Work]) -> None:
            not_live.extend(await self._steps.revise_live(parts))

        await self._by_member(works, revise)
        missing = {work.sku for work in not_live}
        await self.show([w for w in alive(works) if any(variant.sku in missing for variant in w.listing.variants)])

    async def revise_stock(self, works: Sequence[Work]) -> None:
        """Stock of the named variants, of live ones only."""
        await self._by_member(works, self._steps.revise_stock)

    async def withdraw(self, works: Sequence[Work]) -> None:
        """End the listings. Where eBay knows no such group, its variants are looked for one by one."""
        unknown: list[Work] = []

        async def end(work: Work) -> None:
            if work.offer_id:
                await self._end_single(work)
            try:
                work.done(await self._client.withdraw_group(work.sku))
            except UnknownListingError:
                unknown.append(work)

        await self._steps.each_urgent(works, end)
        await self._by_member(unknown, self._steps.withdraw)

    async def dissolve(self, works: Sequence[Work]) -> None:
        """The product is a listing without choices from now on: its group goes first, so that it is not there twice."""

        async def dissolve(work: Work) -> None:
            try:
                await self._client.withdraw_group(work.sku)
                await self._client.delete_group(work.sku)
            except UnknownListingError:
                return

        await self._steps.each_whole(works, dissolve)

    async def _by_member(self, works: Sequence[Work], way: _Ways) -> None:
        """Let the variants of all these groups go a way of single listings; a group fails with its first failure."""
        parts = [(work, _parts(work)) for work in works]
        await way([part for _, some in parts for part in some])
        for work, some in parts:
            for part in some:
                if part.offer_id:
                    work.offers[part.sku] = part.offer_id
                work.warnings.extend(part.warnings)
                work.written = work.written or part.written
            if refused := next((part for part in some if part.error is not None), None):
                work.fail(_of_variant(refused))

    async def _end_single(self, work: Work) -> None:
        try:
            await self._client.withdraw_offer(work.offer_id)
        except AdapterError as error:
            if not may_be_gone(error):
                raise
        work.offer_id = ""

    async def _put_group(self, work: Work) -> None:
        account = await self._setup.ready()
        document = group_document(work.listing, account, pictures=work.pictures)
        try:
            work.done(await self._client.replace_group(work.sku, document))
        except RejectedListingError as error:
            if error.code == _LISTED_ALONE:
                await self._end_alone(work)
                work.done(await self._client.replace_group(work.sku, document))
            else:
                await self._put_with_kept(work, error)

    async def _put_with_kept(self, work: Work, refusal: RejectedListingError) -> None:
        """eBay lets no variant go that was sold from the listing: it stays in the group, without stock."""
        before = await self._client.find_group(work.sku) or {}
        wanted = {variant.sku for variant in work.listing.variants}
        kept = [sku for sku in before.get("variantSKUs") or () if sku not in wanted]
        if not kept:
            raise refusal
        emptied = [Work(Command(Operation.REVISE_STOCK, sku, None, quantity=0)) for sku in kept]
        await self._steps.revise_stock(emptied)
        document = group_document(
            work.listing, await self._setup.ready(), kept=kept, pictures=work.pictures, before=before
        )
        work.done(await self._client.replace_group(work.sku, document))
        work.warnings.extend(KEPT.format(sku) for sku in kept)

    async def _end_alone(self, work: Work) -> None:
        """Variants that are listed by themselves: their listings end, for the group's is to be the only one."""
        for variant in work.listing.variants:
            offer = await self._client.find_offer(variant.sku)
            if offer is not None and is_for_sale(offer):
                await self._client.withdraw_offer(str(offer["offerId"]))

    async def _publish(self, work: Work) -> None:
        try:
            work.listing_id, remarks = await self._client.publish_group(work.sku)
        except RejectedListingError as error:
            if error.code != str(BAD_QUANTITY) or work.listing.quantity:
                raise
            remarks = (SOLD_OUT,)
        work.done(remarks)


def _parts(work: Work) -> list[Work]:
    """A command for each variant."""
    command = work.command
    if command.operation is Operation.REVISE_STOCK:
        return [
            Work(Command(command.operation, sku, None, quantity=quantity), offer_id=work.offers.get(sku, ""))
            for sku, quantity in command.quantities.items()
        ]
    if command.operation is Operation.WITHDRAW:
        return [Work(Command(command.operation, sku, None)) for sku in command.variants]
    return [
        Work(
            Command(command.operation, member.sku, member),
            offer_id=work.offers.get(member.sku, ""),
            pictures=work.pictures,
        )
        for member in members(work.listing)
    ]


def _of_variant(part: Work) -> AdapterError:
    """A variant's failure, saying which one it is."""
    error = copy(part.error) if part.error is not None else UnknownListingError("")
    error.message = f"Variant {part.sku}: {error.message}"
    error.args = (error.message,)
    return error
