"""The contract every channel's adapter keeps. `tests/contract` holds the one suite that all of them pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from adapters.model import ChannelListing, Command, Listing, ListingPage, Outcome, Problem, Rendered
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

    async def close(self) -> None:
        """Release connections. Idempotent."""

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

    def validate(self, listing: Listing) -> list[Problem]:
        """Everything the channel is known to refuse about this listing; empty = may be sent. Pure."""

    def render(self, listing: Listing) -> Rendered:
        """What would be sent for this listing. Pure, and equal listings render equally."""

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do up to `batch_size` commands of distinct SKUs; one outcome per command, in the same order.

        Channel failures come back as values in the outcomes, also when one failure concerns all commands.
        WITHDRAW of something that is not there is a success. CREATE of something that is already there adopts it.
        REVISE_STOCK changes the stock of a live listing and nothing else; it never makes one live, and where none is
        live there is nothing to sell, which is a success.
        Raises only on bugs.
        """

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        """What the channel shows for these SKUs now; SKUs unknown there are absent. Raises AdapterError."""

    async def list_listings(self, page: str = "") -> ListingPage:
        """One page of everything the account has on the channel, live or not, whoever put it there.

        page: "" = the first, else `next` of the page before. What comes and goes meanwhile may be missed. Only a walk
        that ends with an empty `next` was complete: a page that cannot be read is an error, never the last one.
        Raises AdapterError.
        """
