"""Selling accounts: everything a seller decides between a PIM product and a listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from consumer.listings.state import ListingKey

Mode = Literal["dry-run", "live"]
PriceBasis = Literal["retail", "sale", "list"]


@dataclass(frozen=True, slots=True)
class Account:
    """One account of one tenant on one channel.

    mode: in dry-run no write call leaves. price_basis: which PIM price is sold: retail, sale (retail where there is
    no sale) or list. vat_included: whether PIM prices that do not say so include VAT; None = such a product is a
    problem. languages: of the text; the first the product has wins. text_language: what plain strings in the PIM are
    written in. condition: the channel's condition name. categories: PIM category id -> channel category id.
    unwanted_statuses: values of the PIM's free `product_status` that take a product off the channel.
    settings: the channel's own settings object, with the credentials.
    """

    tenant: str
    channel: str
    name: str
    price_basis: PriceBasis
    mode: Mode = "live"
    vat_included: bool | None = None
    languages: tuple[str, ...] = ("it", "en")
    text_language: str = "it"
    condition: str = "NEW"
    categories: Mapping[str, str] = field(default_factory=dict)
    unwanted_statuses: frozenset[str] = frozenset()
    settings: Any = field(default=None, repr=False)

    def listing_id(self, entity_code: str) -> str:
        """The id of this account's listing of a product."""
        return str(ListingKey(self.channel, self.name, self.tenant, entity_code))
