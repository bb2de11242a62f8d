"""The channel-neutral words that adapters take and give: listings, commands, outcomes, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from adapters.errors import AdapterError
from adapters.values import value_object


@value_object
class Money:
    """An amount in a currency. currency: ISO 4217, three capital letters."""

    amount: Decimal
    currency: str


@value_object
class Variant:
    """One buyable version of a listing: a size, a colour. It is a SKU of its own on the channel.

    price, quantity, gtins and mpn are the variant's own. attributes: what the listing's attributes do not say, or say
    differently, for this variant; every axis of the listing is among them, with one value. images: its own pictures,
    none = it shows the listing's. title: its own, for channels that sell versions singly.
    """

    sku: str
    price: Money
    quantity: int
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    gtins: tuple[str, ...] = ()
    mpn: str | None = None
    title: str = ""

    def choice(self, axes: Sequence[str]) -> tuple[str, ...]:
        """What a buyer chooses to get this version: its value on each axis, "" where it has none."""
        return tuple(next(iter(self.attributes.get(axis, ())), "") for axis in axes)


@value_object
class Listing:
    """What one account should show for one product. Prices include VAT as the buyer pays it; text is in `language`.

    sku: the seller's number on the channel. quantity: pieces for sale now, 0 = sold out but kept.
    category: the channel's own category id, None while none is mapped. language: BCP 47, e.g. "it-IT".
    attributes: name -> values, the channel calls them aspects, item specifics or attributes.
    remarks: what of the product is left out or changed here, in words; for people, never sent.
    variants: the versions it is sold in; none = it is sold as it is. With variants, sku is the key of the group and
    nothing that can be bought, price is the lowest of theirs, quantity the sum, and gtins are empty. axes: names of the
    attributes in which they differ, in the order in which a buyer chooses; no two variants agree in all of them.
    weight: of one sold unit, in kilograms, above 0; None = not known.
    """

    sku: str
    title: str
    description: str
    price: Money
    quantity: int
    category: str | None
    condition: str
    images: tuple[str, ...]
    language: str
    brand: str | None = None
    mpn: str | None = None
    gtins: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    axes: tuple[str, ...] = ()
    weight: Decimal | None = None


@value_object
class Problem:
    """Why a listing cannot be sent or was refused, in words a shop keeper understands.

    field: the listing's field ("title"), rule: short machine word ("too_long"), message: what is wrong,
    value: what was found (cut), cure: what to do.
    """

    field: str
    rule: str
    message: str
    cure: str
    value: str = ""

    def __str__(self) -> str:
        found = f" (found: {self.value})" if self.value else ""
        return f"{self.field}: {self.message}{found}. {self.cure}"


class Operation(StrEnum):
    """What a command does on the channel."""

    CREATE = "create"
    REVISE_CONTENT = "revise_content"
    REVISE_OFFER = "revise_offer"
    REVISE_STOCK = "revise_stock"
    WITHDRAW = "withdraw"


@value_object
class Command:
    """One thing to do for one listing.

    listing: the whole wanted state; None for WITHDRAW and REVISE_STOCK. references: what earlier outcomes told us to
    keep (channel ids); may be empty or stale, an adapter copes with both. quantity: pieces for sale, for REVISE_STOCK
    only: of a product whose other data cannot be sent.

    variants: SKUs of the variants that the channel may show of this group from earlier commands, also on WITHDRAW and
    REVISE_STOCK. Those that the listing has no more are to go, and WITHDRAW takes all of them down. quantities: of a
    group's REVISE_STOCK, variant -> pieces for sale; variants that are not named stay as they are.
    """

    operation: Operation
    sku: str
    listing: Listing | None
    references: Mapping[str, str] = field(default_factory=dict)
    quantity: int | None = None
    variants: tuple[str, ...] = ()
    quantities: Mapping[str, int] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """How many of the channel's own listings it writes, so that limits count a group as what it costs.

        Price and stock are the variants' alone; everything else concerns the group itself, too.
        """
        wanted = () if self.listing is None else [variant.sku for variant in self.listing.variants]
        if self.operation is Operation.REVISE_OFFER:
            return max(1, len(wanted))
        if self.operation is Operation.REVISE_STOCK:
            return max(1, len(self.quantities or self.variants))
        return 1 + len({*wanted, *self.variants})


@value_object
class Outcome:
    """What one command did. error is None when the channel accepted it.

    references: channel ids to keep, merged over the old ones (also filled on failure, as far as the adapter came).
    warnings: the channel's remarks on an accepted command, one line each.
    ticket: the channel took the command and says later how it ended; `Adapter.follow` asks with it. "" = this is the
    end. Commands of one call may share a ticket. Never with an error, and none in what `follow` answers.
    """

    sku: str
    error: AdapterError | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    ticket: str = ""


@value_object
class Bulk:
    """How an account takes many commands as one job, whose end comes later.

    size: commands in one job at most. threshold: fewer than this are sent one by one, as `apply` does. linger: seconds
    that background work may wait for more of its kind.
    """

    size: int
    threshold: int
    linger: float


@value_object
class Rendered:
    """What would be sent, apart from channel ids: the base of preview, dry run and fingerprints.

    content: all but price and stock. offer: price and stock. Both hold only JSON values.
    """

    content: Mapping[str, Any]
    offer: Mapping[str, Any]


@value_object
class ChannelListing:
    """What the channel itself says of a listing when asked. live: a buyer can see it (sold out counts as live).

    gtins: the barcodes it stands under. variants: of a group, what the channel says of each version that it has; price
    and quantity of the group itself are None where the channel names none. problems: why the channel does not show what
    it accepted; a listing that has some is refused by it, be it live or not. under_review: the channel has not decided
    yet whether it shows it, so that "not live" is no answer.
    """

    sku: str
    live: bool
    title: str
    price: Money | None
    quantity: int | None
    references: Mapping[str, str] = field(default_factory=dict)
    gtins: tuple[str, ...] = ()
    variants: tuple[ChannelListing, ...] = ()
    problems: tuple[Problem, ...] = ()
    under_review: bool = False


@value_object
class CategorySuggestion:
    """A category of the channel that may fit. path: its name behind those above it, for people."""

    category: str
    path: str


@value_object
class ListingPage:
    """Some of an account's listings. next: what to ask for to get those behind them; "" = these were the last."""

    listings: tuple[ChannelListing, ...]
    next: str = ""
