"""Amazon as a channel: one seller on one marketplace.

`apply` sorts its commands by way (show whole, revise price and stock, revise stock alone, withdraw) and lets the ways
run side by side, one call for each SKU with a bounded number in flight. What a way does: `steps`. What Amazon's errors
mean: `faults`. What Amazon accepts is a receipt; whether buyers see it only `read_back` says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from adapters.amazon import bulk, mapping, pages, validation
from adapters.amazon.client import SEARCH_SIZE, AmazonClient
from adapters.amazon.definitions import Definitions
from adapters.amazon.faults import DENIED
from adapters.amazon.feeds import Feeds
from adapters.amazon.grammar import fit
from adapters.amazon.looking import Lookup
from adapters.amazon.marketplaces import MERCHANT_CHANNEL
from adapters.amazon.quotas import limits_of
from adapters.amazon.reading import ALL_PARTS, Item, is_parent, listing_of, problems_of
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.steps import Steps
from adapters.amazon.work import Work, alive
from adapters.errors import (
    AdapterError,
    ConfigurationError,
    PermanentError,
    RejectedListingError,
)
from adapters.model import Bulk, ChannelListing, Command, Listing, ListingPage, Operation, Outcome, Problem, Rendered
from adapters.rate_limits import Limit

PARALLEL_CALLS = 8  # calls of one kind (whole listings, urgent ones, reads) that an account has in flight at once
BULK_SIZE = 2500  # messages in a feed: Amazon takes 25,000, and advises files below 10 MiB
BULK_LINGER = 5.0


class AmazonAdapter:
    """Keeps the contract of `adapters.base.Adapter`. clock: monotonic seconds, for the age of product types."""

    channel = "amazon"
    batch_size = SEARCH_SIZE

    def __init__(
        self,
        client: AmazonClient,
        account: AmazonAccount,
        *,
        parallel_calls: int = PARALLEL_CALLS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._account = account
        self._definitions = Definitions(client, account, clock=clock)
        self._checks = validation.SchemaChecks()
        self._steps = Steps(client, account, self._definitions, parallel_calls)
        self._feeds = Feeds(client, account)
        self._lookup = Lookup(client, parallel_calls)

    @property
    def limits(self) -> Sequence[Limit]:
        """Amazon's defaults, or what it has said of itself since."""
        return limits_of(self._account, self._client.rates)

    @property
    def rehearsals(self) -> float:
        """Previews a second: 1, by Amazon's notes of 2024-01-31."""
        return 1.0

    @property
    def bulk(self) -> Bulk | None:
        """A feed, for the background; None where the account wants none."""
        least = self._account.bulk_from
        return Bulk(BULK_SIZE, least, BULK_LINGER) if least else None

    async def close(self) -> None:
        """Release connections. Idempotent."""
        await self._client.close()

    async def standing(self) -> Sequence[str]:
        """Amazon says nothing of an account that its calls do not say."""
        return ()

    async def test_connection(self) -> None:
        """Ask for a token, one page of the seller's listings and the product types of the marketplace.

        Raises ConfigurationError naming every setting at fault, AuthenticationError, TemporaryError.
        """
        if not self._account.merchant_id:
            raise ConfigurationError(
                "AMAZON_MERCHANT_ID is not set: copy the seller's id (merchant token) from Seller Central, Account Info"
            )
        await self._client.check_credentials()
        try:
            await self._client.search_items(("summaries",))
            await self._client.search_definitions("home")
        except PermanentError as error:
            words = f"Amazon does not know this seller on this marketplace ({error.message}). {DENIED}"
            raise ConfigurationError(words, code=error.code, status=error.status) from error

    def fit(self, listing: Listing) -> Listing:
        """The listing with a description that Amazon takes, and told which attributes have no place there."""
        return fit(listing, self._definitions.of(listing.category or "").shapes, self._account.prices.names)

    async def learn(self, listings: Sequence[Listing]) -> None:
        """Fetch the product types of these listings."""
        await self._definitions.learn(listing.category or "" for listing in listings)

    def knows(self, listing: Listing) -> bool:
        """Whether its product type is known and fresh."""
        return self._definitions.known(listing.category or "")

    def schema_print(self, listing: Listing) -> str:
        """Checksum of the schema of its product type."""
        return self._definitions.of(listing.category or "").checksum

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything Amazon is known to refuse about this listing."""
        definition = self._definitions.of(listing.category or "")
        return validation.validate(listing, self._account, definition, self._checks)

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing, but for whose stock it is, which Amazon knows."""
        return mapping.render(listing, self._account, self._definitions.of(listing.category or "").shapes)

    async def rehearse(self, listing: Listing) -> list[Problem]:
        """Amazon's own check (VALIDATION_PREVIEW) of every SKU of the listing, as if the stock were the seller's."""
        shapes = self._definitions.of(listing.category or "").shapes
        channel = self._account.stock_channel or MERCHANT_CHANNEL
        problems: list[Problem] = []
        for sku, body in mapping.put_bodies(listing, self._account, shapes, channel):
            try:
                submission = await self._client.preview_item(sku, body)
            except RejectedListingError as error:
                cure = "Correct the product in the PIM, or the account's rules."
                problems.append(Problem("listing", error.code or error.kind, error.message, cure, sku))
                continue
            problems += problems_of({"issues": list(submission.issues)})
        return list(dict.fromkeys(problems))

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do these commands of distinct SKUs; one outcome per command, in the same order."""
        works = [Work.of(command) for command in commands]
        await self._do(works)
        return [work.outcome() for work in works]

    async def _do(self, works: Iterable[Work]) -> None:
        by_operation: dict[Operation, list[Work]] = {operation: [] for operation in Operation}
        for work in works:
            by_operation[work.command.operation].append(work)
        steps = self._steps
        async with asyncio.TaskGroup() as group:
            group.create_task(steps.withdraw(by_operation[Operation.WITHDRAW]))
            group.create_task(steps.revise_stock(by_operation[Operation.REVISE_STOCK]))
            group.create_task(steps.revise(by_operation[Operation.REVISE_OFFER]))
            group.create_task(steps.show(by_operation[Operation.CREATE] + by_operation[Operation.REVISE_CONTENT]))

    async def apply_bulk(self, commands: Sequence[Command]) -> list[Outcome]:
        """Send as one feed what may travel so, and the rest by calls."""
        works = [Work.of(command) for command in commands]
        travelling = [work for work in works if bulk.travels(work)]
        await self._do(work for work in works if work not in travelling)
        await self._steps.learn_many_channels(travelling)
        sent = alive(travelling)
        ticket = await self._hand_over(sent)
        tickets = {work.sku: ticket for work in alive(sent)}
        return [replace(work.outcome(), ticket=tickets.get(work.sku, "")) for work in works]

    async def _hand_over(self, works: Sequence[Work]) -> str:
        if not works:
            return ""
        try:
            return await self._feeds.send(bulk.messages(works, self._account, self._definitions))
        except AdapterError as error:
            for work in works:
                work.fail(work.sku, error)
            return ""

    async def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        """How a feed ended, by SKU."""
        return await self._feeds.follow(ticket)

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What Amazon shows for these SKUs now, of groups their versions too. Raises AdapterError."""
        found = await self._lookup.find(skus, ALL_PARTS)
        return {sku: await self._with_children(item) for sku, item in found.items()}

    async def _with_children(self, item: Item) -> ChannelListing:
        if not is_parent(item):
            return listing_of(item, self._account)
        children = await self._lookup.children(str(item.get("sku")), ALL_PARTS)
        shown = [listing_of(child, self._account) for child in children.values()]
        return listing_of(item, self._account, shown)

    async def find_by_barcode(self, gtins: Sequence[str]) -> Sequence[ChannelListing]:
        """The seller's listings with one of these barcodes."""
        found = await self._lookup.by_barcode(gtins, ALL_PARTS)
        return [listing_of(item, self._account) for item in found.values()]

    async def list_listings(self, page: str = "") -> ListingPage:
        """A page of the seller's listings on this marketplace; versions of groups stand there as listings."""
        return await pages.read_page(self._client, self._account, page)
