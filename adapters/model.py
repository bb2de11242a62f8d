"""The channel-neutral words that adapters take and give: listings, commands, outcomes, problems."""

from __future__ import annotations

from collections.abc import Mapping
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
class Listing:
    """What one account should show for one product. Prices include VAT as the buyer pays it; text is in `language`.

    sku: the seller's number on the channel. quantity: pieces for sale now, 0 = sold out but kept.
    category: the channel's own category id, None while none is mapped. language: BCP 47, e.g. "it-IT".
    attributes: name -> values, the channel calls them aspects, item specifics or attributes.
    remarks: what of the product is left out or changed here, in words; for people, never sent.
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
    """

    operation: Operation
    sku: str
    listing: Listing | None
    references: Mapping[str, str] = field(default_factory=dict)
    quantity: int | None = None


@value_object
class Outcome:
    """What one command did. error is None when the channel accepted it.

    references: channel ids to keep, merged over the old ones (also filled on failure, as far as the adapter came).
    warnings: the channel's remarks on an accepted command, one line each.
    """

    sku: str
    error: AdapterError | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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

    gtins: the barcodes it stands under.
    """

    sku: str
    live: bool
    title: str
    price: Money | None
    quantity: int | None
    references: Mapping[str, str] = field(default_factory=dict)
    gtins: tuple[str, ...] = ()


@value_object
class ListingPage:
    """Some of an account's listings. next: what to ask for to get those behind them; "" = these were the last."""

    listings: tuple[ChannelListing, ...]
    next: str = ""
