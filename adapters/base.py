"""The contract every channel's adapter keeps. `tests/contract` holds the one suite that all of them pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from adapters.errors import UnknownListingError
from adapters.model import (
    Bulk,
    CategorySuggestion,
    ChannelListing,
    Command,
    Listing,
    ListingPage,
    Outcome,
    Problem,
    Rendered,
)
from adapters.rate_limits import Limit


class Adapter(Protocol):
    """Speaks to one account on one channel.

    An adapter says what happened. It never sleeps, retries, commits, counts or stores; the only second try it makes
    is a call repeated with a fresh token. One instance serves one event loop and may be called concurrently.
    """

    @property
    def channel(self) -> str:
        """The channel's name in lower case, e.g. "ebay"."""

    @property
    def batch_size(self) -> int:
        """How many commands `apply` takes at most."""

    @property
    def limits(self) -> Sequence[Limit]:
        """What the channel allows this account, as data: whoever calls `apply` keeps to it."""

    @property
    def bulk(self) -> Bulk | None:
        """How the account takes many commands as one job; None = it does not, and `apply_bulk` is never called."""

    @property
    def rehearsals(self) -> float:
        """How many listings a second the channel lets `rehearse` check; 0 = it has no such check."""

    async def close(self) -> None:
        """Release connections. Idempotent."""

    async def standing(self) -> Sequence[str]:
        """What else the channel says of the account, one line each: calls that are left, an end that is near.

        Empty where it says nothing. For people, asked after `test_connection`. Raises AdapterError.
        """

    async def test_connection(self) -> None:
        """Prove that the account's credential and its required settings work, without writing.

        Raises AdapterError: AuthenticationError for a dead credential, ConfigurationError naming the setting at
        fault, TemporaryError when the channel could not be asked.
        """

    def fit(self, listing: Listing) -> Listing:
        """The listing within the channel's grammar of texts; what was cut is added to its remarks.

        It decides on no field: what is too long, missing or wrong is for `validate`. Pure; fitting again changes
        nothing. Whoever validates, renders or applies fits first.
        """

    async def learn(self, listings: Sequence[Listing]) -> None:
        """Fetch the channel's own rules that `validate` and `render` need for these listings, e.g. of a category.

        They are kept in the adapter; what is known and fresh is not fetched again, so asking for known ones costs next
        to nothing. Never raises for what could not be fetched: then `validate` checks less. Whoever validates or
        renders learns first.
        """

    def knows(self, listing: Listing) -> bool:
        """Whether `learn` would fetch nothing for this listing now. Pure and cheap: it is asked for every plan."""

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything the channel is known to refuse about this listing; empty = may be sent. Pure."""

    def schema_print(self, listing: Listing) -> str:
        """Print of the channel's rules that `validate` holds this listing against; "" = the adapter has none.

        It changes when the channel changes them and the adapter has learned so: what they refused may pass now.
        """

    async def rehearse(self, listing: Listing) -> list[Problem]:
        """The channel's own check of a listing, without writing; empty = none, or the channel has no such check.

        For dry runs and previews. Raises AdapterError when the channel could not be asked.
        """

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing. Pure, and equal listings render equally."""

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do up to `batch_size` commands of distinct SKUs; one outcome per command, in the same order.

        Channel failures come back as values in the outcomes, also when one failure concerns all commands.
        WITHDRAW of something that is not there is a success. CREATE of something that is already there adopts it.
        REVISE_STOCK changes the stock of a live listing and nothing else; it never makes one live, and where none is
        live there is nothing to sell, which is a success.
        An outcome with a ticket has not ended: `follow` says how it does.
        Raises only on bugs.
        """

    async def apply_bulk(self, commands: Sequence[Command]) -> list[Outcome]:
        """Send up to `bulk.size` commands of distinct SKUs as one job; otherwise as `apply`.

        Outcomes carry the job's ticket, or an error where the job, or the command in it, was not taken.
        """

    async def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        """How the commands with this ticket ended, by SKU; None = not yet.

        An ended ticket answers the same again as long as the channel remembers it. SKUs that are absent from the answer
        have an unknown end. Raises AdapterError: UnknownListingError where the channel does not know the ticket (any
        more), so that nobody will ever say how it ended; any other when it could not be asked.
        """

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What the channel shows for these SKUs now; SKUs unknown there are absent. Raises AdapterError."""

    async def list_listings(self, page: str = "") -> ListingPage:
        """One page of everything the account has on the channel, live or not, whoever put it there.

        page: "" = the first, else `next` of the page before. What comes and goes meanwhile may be missed. Only a walk
        that ends with an empty `next` was complete: a page that cannot be read is an error, never the last one.
        Raises AdapterError.
        """

    async def find_by_barcode(self, gtins: Sequence[str]) -> Sequence[ChannelListing]:
        """The account's listings that have one of these barcodes, under whatever SKU; each once, with its `gtins`.

        Empty also where the channel cannot be searched so: then nobody knows. Asked before a first create, so that no
        product gets two listings. Raises AdapterError when the channel could not be asked.
        """


@runtime_checkable
class SuggestsCategories(Protocol):
    """What an adapter can do beside its contract whose channel proposes categories."""

    async def suggest_categories(self, words: str) -> Sequence[CategorySuggestion]:
        """The channel's categories that may fit these words, the best first. Raises AdapterError."""


class AnswersAtOnce:
    """What an adapter says whose channel ends every call with its answer and has no rules to be learned.

    Adapters derive from it and write only what their channel has more.
    """

    bulk: Bulk | None = None
    rehearsals: float = 0.0

    async def standing(self) -> Sequence[str]:
        return ()

    async def learn(self, listings: Sequence[Listing]) -> None:
        """All rules are known."""

    def knows(self, listing: Listing) -> bool:
        return True

    def schema_print(self, listing: Listing) -> str:
        return ""

    async def rehearse(self, listing: Listing) -> list[Problem]:
        return []

    async def apply_bulk(self, commands: Sequence[Command]) -> list[Outcome]:
        raise NotImplementedError(f"{len(commands)} commands for a channel that takes no jobs")

    async def find_by_barcode(self, gtins: Sequence[str]) -> Sequence[ChannelListing]:
        return ()

    async def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        raise UnknownListingError(f"The channel gives no tickets, so that it knows nothing of {ticket!r}")
