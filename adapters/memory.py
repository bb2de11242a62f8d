"""A channel that lives in this process: it keeps the adapter contract, remembers every call and fails on demand.

For trying the service without a marketplace, for tests and for simulations. It behaves like a strict channel: what is
revised must exist, a create adopts what is there, a withdrawal of nothing succeeds, and no SKU is on sale twice.
Faults are switched on per SKU or for the whole account; each is used up one call after the other, in the order given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapters.base import AnswersAtOnce
from adapters.errors import AdapterError, ChannelUnavailableError, RejectedListingError, UnknownListingError
from adapters.memory_jobs import Jobs
from adapters.memory_variants import (
    content_of_variants,
    offers_of_variants,
    reoffered,
    restocked,
    twice,
    variant_listing,
)
from adapters.model import Bulk, ChannelListing, Command, Listing, ListingPage, Operation, Outcome, Problem, Rendered
from adapters.rate_limits import Limit

LISTING_ID = "listing_id"


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it reached the channel, in order of arrival. effect: whether the channel did it."""

    number: int
    operation: Operation
    sku: str
    listing: Listing | None
    effect: bool


@dataclass(slots=True)
class Faults:
    """What goes wrong next. All empty: nothing does.

    account: errors of whole calls, the next call takes the first one. skus: errors of single listings. lost: how many
    of a SKU's next commands are done although the answer says it is unknown whether they were. ignored: how many of a
    SKU's next revisions are answered as done and change nothing. crashes: exceptions that leave `apply`, as a bug in
    an adapter would, by SKU.
    """

    account: deque[AdapterError] = field(default_factory=deque)
    skus: dict[str, deque[AdapterError]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    crashes: dict[str, deque[Exception]] = field(default_factory=dict)
    halted: AdapterError | None = None

    def fail(self, sku: str, error: AdapterError, *, times: int = 1) -> None:
        """The next `times` commands for this SKU fail with the error and have no effect."""
        self.skus.setdefault(sku, deque()).extend([error] * times)

    def fail_account(self, error: AdapterError, *, times: int = 1) -> None:
        """The next `times` calls fail as a whole, whatever they carry."""
        self.account.extend([error] * times)

    def lose_answer(self, sku: str, *, times: int = 1) -> None:
        """The next `times` commands for this SKU are done, but no answer comes back."""
        self.lost[sku] = self.lost.get(sku, 0) + times

    def ignore(self, sku: str, *, times: int = 1) -> None:
        """The next `times` revisions of this SKU are answered as done, and buyers see what they saw."""
        self.ignored[sku] = self.ignored.get(sku, 0) + times

    def crash(self, sku: str, error: Exception, *, times: int = 1) -> None:
        """The next `times` calls that carry this SKU raise, before any effect."""
        self.crashes.setdefault(sku, deque()).extend([error] * times)

    def halt(self, error: AdapterError | None) -> None:
        """Every call fails with this error until it is set to None: a dead credential, a closed account."""
        self.halted = error


async def _no_latency() -> None:
    """Answers come at once."""


class MemoryAdapter(AnswersAtOnce):
    """One account on a channel in memory. Keeps `adapters.base.Adapter`.

    latency is awaited once per call, before anything happens: pass one that sleeps. After the effect comes `answer`,
    awaited before the outcomes are returned. keep: how many calls the journal remembers, None = all of them.
    limits: what it says that it allows; it counts nothing itself. bulk: how it takes jobs; None = not at all, which may
    be changed. deferring: while it is True, calls of `apply` are taken and done later, too.
    """

    def __init__(
        self,
        channel: str = "memory",
        batch_size: int = 25,
        *,
        latency: Callable[[], Awaitable[None]] = _no_latency,
        answer: Callable[[], Awaitable[None]] = _no_latency,
        keep: int | None = None,
        limits: Sequence[Limit] = (),
    ) -> None:
        self.faults = Faults()
        self.bulk: Bulk | None = None
        self.jobs = Jobs()
        self.deferring = False
        self.limits = tuple(limits)
        self.listings: dict[str, ChannelListing] = {}
        self.shown: dict[str, Listing] = {}
        self.journal: deque[Call] = deque(maxlen=keep)
        self.calls = 0
        self.most_at_once = 0
        self.closed = False
        self._channel = channel
        self._batch_size = batch_size
        self._latency = latency
        self._answer = answer
        self._at_once = 0

    @property
    def channel(self) -> str:
        return self._channel

    @property
    def batch_size(self) -> int:
        return self._batch_size

    async def close(self) -> None:
        self.closed = True

    async def test_connection(self) -> None:
        await self._latency()
        if error := self._account_error():
            raise error

    def fit(self, listing: Listing) -> Listing:
        return listing

    def validate(self, listing: Listing) -> list[Problem]:
        problems = []
        if not listing.title.strip():
            problems.append(Problem("title", "missing", "Missing required field: title", "Give the product a name."))
        if listing.price.amount <= 0:
            problems.append(
                Problem(
                    "price", "not_positive", "Price must be greater than 0", "Set a price.", str(listing.price.amount)
                )
            )
        return problems

    def render(self, listing: Listing) -> Rendered:
        return Rendered(
            content={
                "title": listing.title,
                "description": listing.description,
                "category": listing.category,
                "condition": listing.condition,
                "images": list(listing.images),
                "language": listing.language,
                "brand": listing.brand,
                "mpn": listing.mpn,
                "gtins": list(listing.gtins),
                "attributes": {name: list(values) for name, values in sorted(listing.attributes.items())},
                **content_of_variants(listing),
            },
            offer={
                "price": str(listing.price.amount),
                "currency": listing.price.currency,
                "quantity": listing.quantity,
                **offers_of_variants(listing),
            },
        )

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        self._check(commands, self._batch_size)
        self.calls += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._latency()
            self._crash(commands)
            error = self._account_error()
            if self.deferring and error is None and commands:
                outcomes = self._take(commands)
            else:
                outcomes = [self._refuse(command, error) if error else self._do(command) for command in commands]
            await self._answer()
        finally:
            self._at_once -= 1
        return outcomes

    async def apply_bulk(self, commands: Sequence[Command]) -> list[Outcome]:
        self._check(commands, 0 if self.bulk is None else self.bulk.size)
        self.calls += 1
        await self._latency()
        if error := self._account_error():
            return [self._refuse(command, error) for command in commands]
        return self._take(commands)

    async def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        await self._latency()
        if error := self._account_error():
            raise error
        return self.jobs.follow(ticket, self._do)

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        await self._latency()
        if error := self._account_error():
            raise error
        return {sku: self.listings[sku] for sku in skus if sku in self.listings}

    async def find_by_barcode(self, gtins: Sequence[str]) -> Sequence[ChannelListing]:
        await self._latency()
        if error := self._account_error():
            raise error
        return [found for found in self.listings.values() if set(found.gtins) & set(gtins)]

    async def list_listings(self, page: str = "") -> ListingPage:
        await self._latency()
        if error := self._account_error():
            raise error
        first = int(page or 0)
        behind = first + self._batch_size
        listings = tuple(self.listings.values())
        return ListingPage(listings[first:behind], str(behind) if behind < len(listings) else "")

    def _take(self, commands: Sequence[Command]) -> list[Outcome]:
        ticket = self.jobs.take(commands)
        return [Outcome(command.sku, ticket=ticket) for command in commands]

    def _check(self, commands: Sequence[Command], most: int) -> None:
        if len(commands) > most:
            raise ValueError(f"{len(commands)} commands in one call, at most {most} are allowed")
        if len({command.sku for command in commands}) < len(commands):
            raise ValueError("the same SKU twice in one call")

    def _account_error(self) -> AdapterError | None:
        if self.faults.account:
            return self.faults.account.popleft()
        return self.faults.halted

    def _crash(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if crashes := self.faults.crashes.get(command.sku):
                raise crashes.popleft()

    def _do(self, command: Command) -> Outcome:
        if errors := self.faults.skus.get(command.sku):
            return self._refuse(command, errors.popleft())
        if command.operation is Operation.WITHDRAW:
            return self._withdraw(command)
        live = self.listings.get(command.sku)
        if command.operation is Operation.REVISE_STOCK:
            return self._revise_stock(command, live)
        if (live is None or not live.live) and command.operation is not Operation.CREATE:
            return self._refuse(command, UnknownListingError("No live listing has this SKU", status=404))
        if live is not None and self.faults.ignored.get(command.sku, 0) > 0:
            self.faults.ignored[command.sku] -= 1
            self._note(command, effect=False)
            return Outcome(command.sku, references=live.references)
        return self._show(command, live)

    def _show(self, command: Command, live: ChannelListing | None) -> Outcome:
        listing = command.listing
        if listing is None:
            raise ValueError(f"{command.operation} without a listing")
        if doubled := twice(listing, self.listings.values()):
            words = f"{', '.join(doubled)} is on sale in another listing already"
            return self._refuse(command, RejectedListingError(words, code="sku_twice"))
        references = {LISTING_ID: live.references[LISTING_ID] if live else f"L-{len(self.listings) + 1}"}
        title = listing.title
        if live is not None and command.operation is Operation.REVISE_OFFER:
            # Price and stock alone change: what else a buyer sees stays what it was.
            title = live.title
            shown = self.shown[command.sku]
            variants = reoffered(shown, listing)
            listing = replace(shown, price=listing.price, quantity=listing.quantity, variants=variants)
        self.shown[command.sku] = listing
        self.listings[command.sku] = ChannelListing(
            sku=command.sku,
            live=True,
            title=title,
            price=listing.price,
            quantity=listing.quantity,
            references=references,
            gtins=listing.gtins,
            variants=tuple(variant_listing(variant, title) for variant in listing.variants),
        )
        return self._done(command, references)

    def _withdraw(self, command: Command) -> Outcome:
        live = self.listings.get(command.sku)
        if live is not None:
            self.listings[command.sku] = replace(live, live=False)
        return self._done(command, {})

    def _revise_stock(self, command: Command, live: ChannelListing | None) -> Outcome:
        if command.quantity is None:
            raise ValueError("revise_stock without a quantity")
        if live is not None and live.live:
            shown, stocks = self.shown[command.sku], command.quantities
            there, variants = restocked(live.variants, stocks), restocked(shown.variants, stocks)
            self.listings[command.sku] = replace(live, quantity=command.quantity, variants=there)
            self.shown[command.sku] = replace(shown, quantity=command.quantity, variants=variants)
        return self._done(command, {})

    def _done(self, command: Command, references: Mapping[str, str]) -> Outcome:
        self._note(command, effect=True)
        if self.faults.lost.get(command.sku, 0) > 0:
            self.faults.lost[command.sku] -= 1
            return Outcome(command.sku, ChannelUnavailableError("The answer got lost", effect_unknown=True))
        return Outcome(command.sku, references=references)

    def _refuse(self, command: Command, error: AdapterError) -> Outcome:
        self._note(command, effect=False)
        return Outcome(command.sku, error)

    def _note(self, command: Command, *, effect: bool) -> None:
        number = self.journal[-1].number + 1 if self.journal else 1
        self.journal.append(Call(number, command.operation, command.sku, command.listing, effect))
