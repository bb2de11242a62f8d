"""A selling account at work: everything a seller decides between a PIM product and a listing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

from adapters.rate_limits import Limit
from consumer.listings.brakes import Brakes
from consumer.listings.confirmation import Confirmation
from consumer.listings.reconciliation import Reconciliation
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.variations import Variations
from consumer.listings.state import ListingKey

Mode = Literal["off", "dry-run", "live"]


@dataclass(frozen=True, slots=True)
class Account:
    """One account of one tenant on one channel.

    mode: off = nothing is planned and nothing leaves; in dry-run all is planned and no write call leaves. languages: of
    the text; the first the product has wins. text_language: what plain strings in the PIM are written in. selection to
    stock: the seller's rules. brakes: what holds changes at scale. confirmation: how it is read back what the channel
    accepted. reconcile: which differences on the channel are repaired. limits: the seller's own, kept beside those of
    the channel. settings: the channel's own settings object, with the credentials.
    """

    tenant: str
    channel: str
    name: str
    price: PriceRules
    mode: Mode = "live"
    languages: tuple[str, ...] = ("it", "en")
    text_language: str = "it"
    selection: Selection = field(default_factory=Selection)
    content: Content = field(default_factory=Content)
    categories: Categories = field(default_factory=Categories)
    stock: StockRules = field(default_factory=StockRules)
    brakes: Brakes = field(default_factory=Brakes)
    confirmation: Confirmation = field(default_factory=Confirmation)
    reconcile: Reconciliation = field(default_factory=Reconciliation)
    limits: tuple[Limit, ...] = ()
    settings: Any = field(default=None, repr=False)
    variations: Variations = field(default_factory=Variations)

    @property
    def sells_groups(self) -> bool:
        """Whether the variants of a product are one listing."""
        return self.variations.sell == "group"

    @property
    def id(self) -> str:
        """What people and the store call it: "tenant/channel/account"."""
        return account_id(self.tenant, self.channel, self.name)

    def listing_id(self, entity_code: str) -> str:
        """The id of this account's listing of a product."""
        return str(ListingKey(self.channel, self.name, self.tenant, entity_code))

    @property
    def rules_print(self) -> str:
        """A hash of everything that changes what is planned.

        That is all but mode, brakes, confirmation, reconcile, limits and credentials. Two accounts with the same one
        show the same of every product.
        """
        decides = {
            "languages": self.languages,
            "text_language": self.text_language,
            "settings": _public(self.settings) if isinstance(self.settings, BaseModel) else {},
            **{
                name: section.model_dump(mode="json")
                for name, section in (
                    ("selection", self.selection),
                    ("content", self.content),
                    ("categories", self.categories),
                    ("price", self.price),
                    ("stock", self.stock),
                    ("variations", self.variations),
                )
            },
        }
        text = json.dumps(decides, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def account_id(tenant: str, channel: str, account: str) -> str:
    """The id of an account."""
    return f"{tenant}/{channel}/{account}"


def _public(settings: BaseModel) -> dict[str, Any]:
    """A channel's settings without the credentials."""
    secrets = {name for name in type(settings).model_fields if isinstance(getattr(settings, name), SecretStr)}
    return settings.model_dump(mode="json", exclude=secrets)
