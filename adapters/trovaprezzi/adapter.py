"""Trovaprezzi as a channel: one shop's offers, kept as items of a file that Trovaprezzi reads several times a day.

There is nothing to call. `apply` keeps items; accepted means that the next file has them, confirmed that the published
one has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.base import AnswersAtOnce
from adapters.errors import AdapterError, RejectedListingError
from adapters.feeds import FeedItem, FeedItems, StoredItem, references_of
from adapters.model import ChannelListing, Command, Listing, ListingPage, Operation, Outcome, Problem, Rendered
from adapters.rate_limits import Limit
from adapters.trovaprezzi import mapping, validation
from adapters.trovaprezzi.format import schema
from adapters.trovaprezzi.settings import TrovaprezziAccount

BATCH_SIZE = 100
_PAGE = 100


class TrovaprezziAdapter(AnswersAtOnce):
    """Keeps the contract of `adapters.base.Adapter`."""

    channel = "trovaprezzi"
    batch_size = BATCH_SIZE
    limits: tuple[Limit, ...] = ()

    def __init__(self, items: FeedItems, account: TrovaprezziAccount) -> None:
        self._items = items
        self._account = account

    async def close(self) -> None:
        """There is nothing to release."""

    async def test_connection(self) -> None:
        """Whether items can be read. Raises AdapterError."""
        await self._items.read(["-"])

    def fit(self, listing: Listing) -> Listing:
        """The listing with a description in plain text; scripts in it are told, the other markup is no loss."""
        text = mapping.without_markup(listing.description)
        if text == listing.description:
            return listing
        remarks = listing.remarks
        if "<script" in listing.description.lower():
            remarks = (*remarks, "Trovaprezzi takes no <script> in a description: cut")
        return replace(listing, description=text, remarks=remarks)

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything for which Trovaprezzi is known to leave an offer out."""
        return validation.validate(listing, self._account, schema())

    def render(self, listing: Listing) -> Rendered:
        """The fields of the offer."""
        return mapping.render(listing, self._account)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Keep what the next file is to have; one outcome per command, in the same order."""
        if not commands:
            return []
        try:
            known = {stored.item.sku: stored for stored in await self._items.read([one.sku for one in commands])}
            wanted = {one.sku: item for one in commands if (item := self._wanted(one, known.get(one.sku)))}
            refused = await self._items.put(list(wanted.values()))
            gone = [one.sku for one in commands if one.operation is Operation.WITHDRAW and one.sku in known]
            await self._items.remove([mapping.folded(sku) for sku in gone])
        except AdapterError as error:
            return [Outcome(command.sku, error) for command in commands]
        return [_outcome(command, refused.get(mapping.folded(command.sku))) for command in commands]

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What the published file says of these."""
        return {stored.item.sku: stored.shown() for stored in await self._items.read(skus)}

    async def list_listings(self, page: str = "") -> ListingPage:
        """A page of all offers there are or were, in order of SKU. page: the last SKU of the page before."""
        found = await self._items.page(page, _PAGE)
        following = found[-1].item.listing if len(found) >= _PAGE else ""
        return ListingPage(tuple(stored.shown() for stored in found), following)

    def _wanted(self, command: Command, known: StoredItem | None) -> FeedItem | None:
        """The item after this command, None = it puts none there."""
        there = known.item if known is not None and not known.gone else None
        if command.operation is Operation.REVISE_STOCK:
            return self._restocked(there, command.quantity) if there is not None else None
        listing = command.listing
        if listing is None:
            return None
        content = mapping.content(listing, self._account)
        if command.operation is Operation.REVISE_OFFER and there is not None:
            content = there.parts["content"]
        return mapping.feed_item(command.sku, content, mapping.offer(listing, self._account), listing)

    def _restocked(self, item: FeedItem, quantity: int | None) -> FeedItem:
        if quantity is None:
            raise ValueError("revise_stock without a quantity")
        offer = {**item.parts["offer"], "Stock": mapping.stock(quantity, self._account)}
        parts = {**item.parts, "offer": offer}
        return replace(item, parts=parts, body=mapping.body(parts), quantity=quantity)


def _outcome(command: Command, owner: str | None) -> Outcome:
    if owner in (None, command.sku):
        return Outcome(command.sku, references=references_of(command.sku))
    words = f"Code {command.sku} is taken by {owner}: Trovaprezzi ignores capitals and quotes. Give one another SKU"
    return Outcome(command.sku, RejectedListingError(words, code="code_twice"))
