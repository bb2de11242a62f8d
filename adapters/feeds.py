"""Words of channels that read a file instead of being called: its items, where they are kept, how the file is written.

An adapter of such a channel turns listings into items and gives them to `FeedItems`. Whoever keeps those builds the
file, with the channel's `FeedFormat`, and publishes it. Accepted means kept for the next file, confirmed means that the
published file has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from pydantic import BaseModel, ConfigDict, Field

from adapters.errors import ConfigurationError
from adapters.model import ChannelListing, Money
from adapters.values import value_object


@value_object
class FeedItem:
    """One record of a feed.

    key: what no two records of the file may share, written as the channel compares it (in lower case where it ignores
    case). sku: the record's own number. listing: SKU of the listing it belongs to, which may have several. body: what
    the format's writer makes the record of. parts: JSON values that the adapter writes a new body from when only some
    of it changes. title to gtins: what buyers see. category: as it stands in the record. columns: names of the columns
    that the record fills, for formats whose header depends on them.
    """

    key: str
    sku: str
    listing: str
    body: bytes
    parts: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    price: Money | None = None
    quantity: int | None = None
    gtins: tuple[str, ...] = ()
    category: str = ""
    columns: tuple[str, ...] = ()

    def shown(self, *, live: bool, under_review: bool = False) -> ChannelListing:
        """This item as buyers see it. live: whether they do."""
        return ChannelListing(
            sku=self.sku,
            live=live,
            title=self.title,
            price=self.price,
            quantity=self.quantity,
            references=references_of(self.sku),
            gtins=self.gtins,
            under_review=under_review,
        )


@value_object
class Published:
    """What of an item stands in the published file while the item itself is newer."""

    title: str
    price: Money | None
    quantity: int | None


@value_object
class StoredItem:
    """An item as it is kept. gone: it is withdrawn and only remembered. in_file: the published file says just this.

    before: what the published file says instead, None = nothing, as far as that is known.
    """

    item: FeedItem
    gone: bool = False
    in_file: bool = False
    before: Published | None = None

    def shown(self) -> ChannelListing:
        """What buyers see under its number now."""
        if self.in_file:
            return self.item.shown(live=not self.gone)
        if self.before is None:
            return self.item.shown(live=False, under_review=not self.gone)
        old = self.before
        return ChannelListing(
            sku=self.item.sku,
            live=True,
            title=old.title,
            price=old.price,
            quantity=old.quantity,
            references=references_of(self.item.sku),
            gtins=self.item.gtins,
        )


class FeedItems(Protocol):
    """The items of one account. Every method raises AdapterError: TemporaryError when they cannot be reached."""

    async def put(self, items: Sequence[FeedItem]) -> Mapping[str, str]:
        """Keep these; they are in the next file. Returns those that were not taken, because another listing has
        their key: key -> the SKU that has it, which may be one of these."""

    async def remove(self, keys: Sequence[str]) -> None:
        """Take these out of the next file. What is not there is gone already."""

    async def read(self, listings: Sequence[str]) -> Sequence[StoredItem]:
        """All items of these listings, also those that are gone."""

    async def page(self, after: str, size: int) -> Sequence[StoredItem]:
        """All items of about `size` listings, in order of listing, behind the listing `after` ("" = from the first);
        also those that are gone. Empty = there are no more."""


class FeedWriter(Protocol):
    """Writes one file. Between header and footer stand the items, each as `item` makes it of its body."""

    @property
    def header(self) -> bytes: ...

    @property
    def footer(self) -> bytes: ...

    def item(self, body: bytes) -> bytes:
        """What stands in the file for an item with this body."""


@value_object
class Finding:
    """What is wrong with a file. where: for people, e.g. "offer 12, code K1"."""

    where: str
    rule: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}. {self.cure}"


class FeedFormat(Protocol):
    """How a channel's file is written. suffix: of its name, e.g. "xml". content_type: of HTTP."""

    @property
    def suffix(self) -> str: ...

    @property
    def content_type(self) -> str: ...

    def writer(self, columns: Sequence[str]) -> FeedWriter:
        """For one file. columns: of all its items, sorted."""

    def check(self, file: BinaryIO) -> Iterator[Finding]:
        """Everything that is wrong with a file, read in a stream; memory stays small. Never raises for its content."""


class FeedRules(BaseModel):
    """How an account's file is published: part of its settings, as `feed`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: float = Field(
        300, ge=1, le=86_400, description="Seconds between two builds of the file at least; nothing new = no build."
    )
    shrink_share: float = Field(
        0.2, ge=0, le=1, description="Share of its offers that the file may lose from one to the next, from 0 to 1."
    )
    shrink_count: int = Field(
        20, ge=0, description="Offers that it may lose whatever their share. Beyond both it is held for a person."
    )


@dataclass(frozen=True, slots=True)
class Feed:
    """What a channel with a feed tells its builder of one account. address: where the channel was told to read it."""

    format: FeedFormat
    rules: FeedRules
    address: str = ""


MakeFeed = Callable[[Any], Feed]
"""The feed of an account, from the channel's settings object."""


class NoFeedItems:
    """Where nobody keeps items: checks and previews find none, and a write is refused in words. Keeps `FeedItems`."""

    async def put(self, items: Sequence[FeedItem]) -> Mapping[str, str]:
        raise _nowhere()

    async def remove(self, keys: Sequence[str]) -> None:
        raise _nowhere()

    async def read(self, listings: Sequence[str]) -> Sequence[StoredItem]:
        return []

    async def page(self, after: str, size: int) -> Sequence[StoredItem]:
        return []


@dataclass(frozen=True, slots=True)
class Tools:
    """What an adapter may need from whoever makes it. items: where those of its feed are kept."""

    items: FeedItems = field(default_factory=NoFeedItems)


NO_TOOLS = Tools()


def references_of(sku: str) -> dict[str, str]:
    """What a feed has to remember of a record: its code."""
    return {"code": sku}


def _nowhere() -> ConfigurationError:
    return ConfigurationError(
        "this adapter was made without a place for feed items: give make_adapter Tools(items=MemoryFeedItems()) of"
        " adapters.memory_feeds, or items kept elsewhere"
    )
