"""The ways from a command to ManoMano: show a listing whole, change price and stock or stock alone, take it away.

Content goes into our feed, which ManoMano fetches; offers go by the API. What is in our feed is for sale, what is not
stays at stock 0: ManoMano's API cannot delete, and a sold-out offer looks like one that was taken down.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from adapters.errors import PermanentError, RejectedListingError, UnderReviewError, UnknownListingError
from adapters.feeds import FeedItems
from adapters.manomano.client import ManomanoClient
from adapters.manomano.content import feed_item, record
from adapters.manomano.mapping import patch_body, put_body, references_of
from adapters.manomano.sending import Parcel, patch, put, settle
from adapters.manomano.settings import ManomanoAccount
from adapters.manomano.taxonomy import Taxonomy
from adapters.manomano.versions import versions_of
from adapters.manomano.work import Work, alive
from adapters.model import Operation

FROZEN = {"frozen": "price stock"}
"""Kept of a listing whose figures went by PATCH: ManoMano lets no import of a feed overwrite them any more."""


class Steps:
    """Performs works for one account. Every way may be gone again from its beginning after any failure."""

    def __init__(self, client: ManomanoClient, items: FeedItems, taxonomy: Taxonomy, account: ManomanoAccount) -> None:
        self._client = client
        self._items = items
        self._taxonomy = taxonomy
        self._account = account

    async def show(self, works: Sequence[Work]) -> None:
        """Content into the feed, then the offers whole. Versions that the listing has no more are taken down.

        The feed comes first: ManoMano takes no offer of a product whose content it has not approved, and approving
        takes long. Price and stock of an offer that is there already do not wait for that.
        """
        await self._take_down_versions(works)
        await self._put_content(alive(works))
        sent = alive(works)
        parcels = [
            Parcel(work, put_body(one.sku, one.price.amount, one.quantity, one.weight, self._account))
            for work in sent
            for one in versions_of(work.listing)
        ]
        settle(parcels, await put(self._client, parcels))
        for work in sent:
            work.references = _references(work)
        await self._patch_meanwhile(
            [w for w in sent if w.command.operation is not Operation.CREATE and isinstance(w.error, UnderReviewError)]
        )

    async def revise(self, works: Sequence[Work]) -> None:
        """Price and stock. What our feed does not have is shown whole: its offer was taken down, or never made."""
        known = [work for work in works if {one.sku for one in versions_of(work.listing)} <= work.in_feed]
        await self._patch_figures(known)
        await self.show([work for work in works if work not in known])

    async def revise_stock(self, works: Sequence[Work]) -> None:
        """Stock of what our feed has; of the rest nothing is for sale."""
        parcels = [
            Parcel(work, patch_body(sku, quantity))
            for work in works
            for sku, quantity in _quantities(work).items()
            if sku in work.in_feed
        ]
        settle(parcels, await patch(self._client, parcels), may_be_gone=True)

    async def withdraw(self, works: Sequence[Work]) -> None:
        """Stock 0 for all offers, then out of the feed. An offer that was never there is a success."""
        await self._zero([(work, sku) for work in works for sku in work.known_skus()])
        if shown := [sku for work in alive(works) for sku in work.in_feed]:
            await self._items.remove(shown)

    async def _take_down_versions(self, works: Sequence[Work]) -> None:
        gone = []
        for work in works:
            wanted = {one.sku for one in versions_of(work.listing)}
            known = (*work.command.variants, *work.in_feed)
            gone += [(work, sku) for sku in dict.fromkeys(known) if sku not in wanted]
        if gone:
            await self._zero(gone)
            await self._items.remove([sku for work, sku in gone if work.error is None])

    async def _put_content(self, works: Sequence[Work]) -> None:
        items = {}
        for work in works:
            for version in versions_of(work.listing):
                made = record(work.listing, version, self._taxonomy.columns)
                work.warnings += made.left_out
                items[version.sku] = (work, feed_item(work.listing, version, made))
        refused = await self._items.put([item for _, item in items.values()]) if items else {}
        for key, owner in refused.items():
            work, _ = items[key]
            words = f"SKU {key} belongs to {owner} on this account. Give one of them another SKU"
            work.fail(RejectedListingError(words, code="sku_twice"))

    async def _patch_figures(self, works: Sequence[Work]) -> None:
        parcels = [
            Parcel(work, patch_body(one.sku, one.quantity, one.price.amount))
            for work in works
            for one in versions_of(work.listing)
        ]
        settle(parcels, await patch(self._client, parcels))
        for work in works:
            work.references = _references(work) | (FROZEN if work.error is None else {})

    async def _patch_meanwhile(self, works: Sequence[Work]) -> None:
        """The content of a revision waits for ManoMano; its price and stock must not."""
        parcels = [
            Parcel(work, patch_body(one.sku, one.quantity, one.price.amount))
            for work in works
            for one in versions_of(work.listing)
        ]
        for parcel, result in zip(parcels, await patch(self._client, parcels), strict=True):
            if result.error is None:
                parcel.work.references |= FROZEN
            elif not isinstance(result.error, UnknownListingError):
                parcel.work.fail(result.error)  # to be tried again sooner than the content

    async def _zero(self, offers: Sequence[tuple[Work, str]]) -> None:
        """PUT demands price and weight even for stock 0. Where they are not known, or it is refused, PATCH does it."""
        whole, bare = [], []
        for work, sku in offers:
            price, weight = work.last(sku)
            if price is None or weight is None or not self._account.grids_for(weight):
                bare.append(Parcel(work, patch_body(sku, 0)))
            else:
                whole.append(Parcel(work, put_body(sku, price, 0, weight, self._account)))
        for parcel, result in zip(whole, await put(self._client, whole), strict=True):
            if isinstance(result.error, PermanentError | UnderReviewError):
                bare.append(Parcel(parcel.work, patch_body(parcel.sku, 0)))
            else:
                parcel.work.take(result)
        settle(bare, await patch(self._client, bare), may_be_gone=True)


def _references(work: Work) -> dict[str, str]:
    """Of a group the feed remembers each version."""
    versions = versions_of(work.listing)
    weight: Decimal | None = versions[0].weight
    return references_of(work.listing.price.amount, None if work.listing.variants else weight)


def _quantities(work: Work) -> dict[str, int]:
    """SKU -> wanted stock of a command that is about nothing else."""
    command = work.command
    if command.quantities:
        return dict(command.quantities)
    if command.quantity is None:
        raise ValueError(f"{command.operation} needs a quantity")
    return {command.sku: command.quantity}
