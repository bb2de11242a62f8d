"""ManoMano as a channel: one contract. Offers go by the API, content goes into a feed that ManoMano fetches.

`apply` sorts its commands by way and lets the ways run side by side. What a way does: `steps`. What ManoMano's errors
mean: `faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from adapters.base import AnswersAtOnce
from adapters.errors import AdapterError, ConfigurationError
from adapters.feeds import FeedItems, StoredItem
from adapters.manomano import grammar, mapping, validation
from adapters.manomano.client import SKUS_PER_READ, ManomanoClient
from adapters.manomano.quotas import BATCH_SIZE, limits_of
from adapters.manomano.reading import group, seen
from adapters.manomano.settings import ManomanoAccount
from adapters.manomano.steps import Steps
from adapters.manomano.taxonomy import Taxonomy
from adapters.manomano.work import Work
from adapters.model import ChannelListing, Command, Listing, ListingPage, Operation, Outcome, Problem, Rendered


class ManomanoAdapter(AnswersAtOnce):
    """Keeps the contract of `adapters.base.Adapter`."""

    channel = "manomano"
    batch_size = BATCH_SIZE

    def __init__(self, client: ManomanoClient, items: FeedItems, taxonomy: Taxonomy, account: ManomanoAccount) -> None:
        self.limits = limits_of(account.api_key)
        self._client = client
        self._items = items
        self._taxonomy = taxonomy
        self._account = account
        self._steps = Steps(client, items, taxonomy, account)

    async def close(self) -> None:
        """Release connections. Idempotent."""
        await self._client.close()

    async def test_connection(self) -> None:
        """Read one page of the contract's offers, which needs a key that is for this contract.

        Raises ConfigurationError where the account has no shipping grid, AuthenticationError, TemporaryError.
        """
        if not self._account.carrier_grids:
            raise ConfigurationError(
                "MANOMANO_CARRIER_GRIDS is not set: copy name and times of a shipping grid from the Toolbox"
            )
        await self._client.list_offers(1)

    def fit(self, listing: Listing) -> Listing:
        """The listing with a description of plain formatting."""
        return grammar.fit(listing)

    async def learn(self, listings: Sequence[Listing]) -> None:
        """ManoMano's columns and categories, once a day."""
        if listings:
            await self._taxonomy.refresh()

    def knows(self, listing: Listing) -> bool:
        """Whether columns and categories are of today."""
        return self._taxonomy.is_fresh()

    def schema_print(self, listing: Listing) -> str:
        """Changes with the columns and with whether the listing's category is one."""
        digest = self._taxonomy.columns.digest()
        if not self._taxonomy.leaves:
            return digest
        return f"{digest}/{'leaf' if listing.category in self._taxonomy.leaves else 'no-leaf'}"

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything ManoMano is known to refuse, or never to show."""
        return validation.validate(listing, self._account, self._taxonomy)

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing."""
        return mapping.render(listing, self._account)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do these commands of distinct SKUs; one outcome per command, in the same order."""
        if not commands:
            return []
        works = [Work(command) for command in commands]
        try:
            await self._look_up(works)
        except AdapterError as error:
            return [Outcome(command.sku, error) for command in commands]
        by_operation: dict[Operation, list[Work]] = {operation: [] for operation in Operation}
        for work in works:
            by_operation[work.command.operation].append(work)
        whole = by_operation[Operation.CREATE] + by_operation[Operation.REVISE_CONTENT]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_guarded(self._steps.withdraw, by_operation[Operation.WITHDRAW]))
            tasks.create_task(_guarded(self._steps.revise_stock, by_operation[Operation.REVISE_STOCK]))
            tasks.create_task(_guarded(self._steps.revise, by_operation[Operation.REVISE_OFFER]))
            tasks.create_task(_guarded(self._steps.show, whole))
        return [work.outcome() for work in works]

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What ManoMano holds for these SKUs now, of groups all their versions. Raises AdapterError."""
        if not skus:
            return {}
        stored = await self._stored(skus)
        versions = {sku: [one.item.sku for one in stored.get(sku, ())] or [sku] for sku in skus}
        offers = await self._offers({one for group_ in versions.values() for one in group_})
        found: dict[str, ChannelListing] = {}
        for sku in skus:
            known = {one.item.sku: one for one in stored.get(sku, ())}
            told = [seen(offers[one], known.get(one), self._account.currency) for one in versions[sku] if one in offers]
            if told and (told[0].sku != sku or len(told) > 1):
                found[sku] = group(sku, told, _parent_title(known.values()))
            elif told:
                found[sku] = told[0]
        return found

    async def list_listings(self, page: str = "") -> ListingPage:
        """A page of the contract's offers, whoever put them there; versions of groups each by itself.

        page: ManoMano's page number.
        """
        number = int(page or 1)
        found = await self._client.list_offers(number)
        skus = [str(offer["sku"]) for offer in found.content if offer.get("sku")]
        stored = await self._stored(skus) if skus else {}
        listings = []
        for offer in found.content:
            if sku := str(offer.get("sku") or ""):
                item = next((one for one in stored.get(sku, ()) if one.item.sku == sku), None)
                listings.append(seen(offer, item, self._account.currency))
        return ListingPage(tuple(listings), str(number + 1) if number < found.pages else "")

    async def _look_up(self, works: Sequence[Work]) -> None:
        stored = await self._stored([work.command.sku for work in works])
        for work in works:
            work.items = stored.get(work.command.sku, [])

    async def _stored(self, skus: Sequence[str]) -> dict[str, list[StoredItem]]:
        """Listing -> its items."""
        found: dict[str, list[StoredItem]] = {}
        for stored in await self._items.read(skus):
            found.setdefault(stored.item.listing, []).append(stored)
        return found

    async def _offers(self, skus: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """ManoMano separates SKUs by commas, so that one with a comma in it is looked for among all offers."""
        plain = sorted(sku for sku in skus if "," not in sku)
        odd = {sku for sku in skus if "," in sku}
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(plain), SKUS_PER_READ):
            asked = plain[start : start + SKUS_PER_READ]
            found |= {str(offer.get("sku")): offer for offer in await self._client.find_offers(asked)}
        number, pages = 0, 1 if odd else 0
        while number < pages and not odd <= found.keys():
            number += 1
            page = await self._client.list_offers(number)
            found |= {str(offer["sku"]): offer for offer in page.content if offer.get("sku") in odd}
            pages = page.pages
        return found


async def _guarded(way: Callable[[Sequence[Work]], Awaitable[None]], works: Sequence[Work]) -> None:
    """Our feed that cannot be reached fails the commands that need it, and no other."""
    if not works:
        return
    try:
        await way(works)
    except AdapterError as error:
        for work in works:
            if work.error is None:
                work.fail(error)


def _parent_title(items: Iterable[StoredItem]) -> str:
    return next((str(one.item.parts["parent_title"]) for one in items if "parent_title" in one.item.parts), "")
