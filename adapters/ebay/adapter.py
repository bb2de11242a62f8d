"""eBay as a channel: one seller on one marketplace.

`apply` sorts its commands by way (show whole, revise price and stock, revise stock alone, withdraw) and lets the ways
run side by side, in eBay's bulk calls of 25 where there are any. What a way does: `steps`. What eBay's errors mean:
`faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from adapters.base import AnswersAtOnce
from adapters.ebay import grammar, grouping, mapping, validation
from adapters.ebay.client import BULK_SIZE, EbayClient
from adapters.ebay.groups import Groups
from adapters.ebay.learning import Learning
from adapters.ebay.media import Pictures
from adapters.ebay.quotas import limits_of
from adapters.ebay.reading import Reading
from adapters.ebay.requirements import Requirements, unmet
from adapters.ebay.settings import EbayAccount
from adapters.ebay.setup import Setup
from adapters.ebay.steps import Steps
from adapters.ebay.usage import Usage
from adapters.ebay.work import Work, alive
from adapters.errors import ConfigurationError, RateLimitedError
from adapters.model import (
    CategorySuggestion,
    ChannelListing,
    Command,
    Listing,
    ListingPage,
    Operation,
    Outcome,
    Problem,
    Rendered,
)

PARALLEL_CALLS = 8  # calls of one kind (whole listings, urgent ones, reads) that an account has in flight at once


class EbayAdapter(AnswersAtOnce):
    """Keeps the contract of `adapters.base.Adapter`. learning: what categories ask for; None = nobody asks eBay.
    pictures: copies them to eBay's server; None = eBay loads them from their own addresses.
    usage: says how many calls are left; None = nobody asks.

    `apply` takes more than `batch_size` commands too, and splits them.
    """

    channel = "ebay"
    batch_size = BULK_SIZE

    def __init__(
        self,
        client: EbayClient,
        account: EbayAccount,
        learning: Learning | None = None,
        pictures: Pictures | None = None,
        usage: Usage | None = None,
        *,
        parallel_calls: int = PARALLEL_CALLS,
    ) -> None:
        self._client = client
        self._learning = learning
        self._usage = usage
        self._account = account
        self.limits = limits_of(account.app_id, uploads=account.pictures == "upload")
        self._setup = Setup(client, account)
        self._steps = Steps(client, self._setup, parallel_calls, pictures)
        self._groups = Groups(client, self._setup, self._steps)
        self._reading = Reading(client, parallel_calls)

    async def close(self) -> None:
        """Release connections. Idempotent."""
        await self._client.close()

    async def test_connection(self) -> None:
        """Ask eBay for the three business policies and the location that the settings name.

        Raises ConfigurationError naming every setting at fault, AuthenticationError, TemporaryError.
        """
        await self._client.check_credentials()
        if complaints := await self._setup.complaints():
            raise ConfigurationError("; ".join(complaints))

    def fit(self, listing: Listing) -> Listing:
        """The listing with a description that eBay takes."""
        return grammar.fit(listing)

    async def learn(self, listings: Sequence[Listing]) -> None:
        """Know what the categories of these listings ask for."""
        if self._learning is not None:
            await self._learning.learn(listing.category for listing in listings)

    def knows(self, listing: Listing) -> bool:
        """Whether `learn` would ask eBay nothing now."""
        return self._learning is None or not self._learning.needs(listing.category)

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything eBay is known to refuse about this listing, as far as its category is learned."""
        problems = validation.validate(listing, self._account)
        asked = self._asked(listing)
        return problems if asked is None else [*problems, *unmet(listing, self._account, asked)]

    def schema_print(self, listing: Listing) -> str:
        """Print of what its category asks for."""
        asked = self._asked(listing)
        return "" if asked is None else asked.print

    async def suggest_categories(self, words: str) -> list[CategorySuggestion]:
        """eBay's categories that may fit these words, the best first. Raises AdapterError."""
        return [] if self._learning is None else await self._learning.suggest(words)

    def _asked(self, listing: Listing) -> Requirements | None:
        return None if self._learning is None else self._learning.of(listing.category)

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing."""
        whole = grouping.render_group if listing.variants else mapping.render
        return whole(listing, self._account)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do these commands of distinct SKUs; one outcome per command, in the same order."""
        works = [Work.of(command) for command in commands]
        alone: dict[Operation, list[Work]] = {operation: [] for operation in Operation}
        groups: list[Work] = []
        for work in works:
            (groups if work.of_group else alone[work.command.operation]).append(work)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._steps.withdraw(alone[Operation.WITHDRAW]))
            group.create_task(self._steps.revise(alone[Operation.REVISE_OFFER]))
            group.create_task(self._steps.revise_stock(alone[Operation.REVISE_STOCK]))
            group.create_task(self._show(alone[Operation.CREATE] + alone[Operation.REVISE_CONTENT]))
            group.create_task(self._apply_groups(groups))
        if any(isinstance(work.error, ConfigurationError) for work in works):
            self._setup.forget()
        await self._say_how_long([work.error for work in works if isinstance(work.error, RateLimitedError)])
        return [work.outcome() for work in works]

    async def standing(self) -> Sequence[str]:
        """How many calls the application has left today."""
        return [] if self._usage is None else [str(one) for one in await self._usage.allowances()]

    async def _say_how_long(self, errors: Sequence[RateLimitedError]) -> None:
        """eBay says "too many" without saying until when; where the day's calls are used up, another call does."""
        unknown = [error for error in errors if error.delay is None]
        if unknown and self._usage is not None and (delay := await self._usage.delay("inventory")) is not None:
            for error in unknown:
                error.delay = delay

    async def _show(self, works: Sequence[Work]) -> None:
        """Listings without variants; what was sold in variants before is dissolved first."""
        await self._groups.dissolve([work for work in works if work.command.variants])
        await self._steps.show(alive(works))

    async def _apply_groups(self, works: Sequence[Work]) -> None:
        ways = {
            Operation.WITHDRAW: self._groups.withdraw,
            Operation.REVISE_OFFER: self._groups.revise,
            Operation.REVISE_STOCK: self._groups.revise_stock,
        }
        for operation in {work.command.operation for work in works}:
            way = ways.get(operation, self._groups.show)
            await way([work for work in works if work.command.operation is operation])

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What eBay shows for these SKUs now, be they items or groups. Raises AdapterError."""
        return await self._reading.read(skus)

    async def list_listings(self, page: str = "") -> ListingPage:
        """A page of the seller's inventory, as far as it has offers on this marketplace. page: eBay's page number."""
        return await self._reading.page(int(page or 0))
