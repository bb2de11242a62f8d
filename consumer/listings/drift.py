"""What a channel shows, beside what it accepted: whether somebody or something changed it behind our back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapters.model import ChannelListing, Money
from consumer.listings.state import ListingState


class Kind(StrEnum):
    """In what the channel differs."""

    MISSING = "missing"
    """It took the listing and does not show it."""
    STANDING = "standing"
    """It was withdrawn and is for sale all the same."""
    PRICE = "price"
    """Another price."""
    STOCK = "stock"
    """More pieces than there are. Fewer are no drift: some were sold since."""
    TITLE = "title"
    """Another title."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. accepted: what the channel took; shown: what it shows now; both for people."""

    listing_id: str
    kind: Kind
    accepted: str
    shown: str

    def __str__(self) -> str:
        return f"{self.kind}: accepted {self.accepted}, shown {self.shown}"


def comparable(state: ListingState) -> bool:
    """Whether it is known what the channel should show. While something is owed or on its way, it is not."""
    return bool(state.sku) and state.intent is None and state.owed is None and not state.uncertain


def drifts(state: ListingState, found: ChannelListing | None) -> list[Drift]:
    """In what a channel differs from what it accepted. found: None = it was asked, and knows no such SKU."""
    accepted, live = state.accepted, found is not None and found.live
    if accepted is None:
        return [Drift(state.id, Kind.STANDING, "its withdrawal", "it is for sale")] if live else []
    if found is None or not found.live:
        words = "no such SKU" if found is None else "it is not for sale"
        # What is sold out may be hidden by the channel until there is stock again.
        return [] if accepted.quantity == 0 else [Drift(state.id, Kind.MISSING, f"SKU {state.sku}", words)]
    differences: Mapping[Kind, tuple[str, str, bool]] = {
        Kind.PRICE: (_price(accepted.price), _price(found.price), _differ(accepted.price, found.price)),
        Kind.STOCK: (str(accepted.quantity), str(found.quantity), _more(found.quantity, accepted.quantity)),
        Kind.TITLE: (str(accepted.title), found.title, _other_title(accepted.title, found.title)),
    }
    return [Drift(state.id, kind, old, new) for kind, (old, new, differ) in differences.items() if differ]


def _differ(accepted: Money | None, shown: Money | None) -> bool:
    """What a channel does not tell is not held against it."""
    return accepted is not None and shown is not None and accepted != shown


def _more(shown: int | None, accepted: int | None) -> bool:
    return shown is not None and accepted is not None and shown > accepted


def _other_title(accepted: str | None, shown: str) -> bool:
    """Of a long title only the beginning is kept."""
    return bool(accepted) and bool(shown) and not shown.startswith(accepted or "")


def _price(price: Money | None) -> str:
    return "none" if price is None else f"{price.amount} {price.currency}"
