"""An account as data: as it is stored, and as a file of YAML. Credentials are no part of it, they are stored beside it.

What is written here is checked whole before it is stored, and again whenever it is read: a person may have changed it
by hand since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from consumer.listings.accounts.account import Mode, account_id
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.limits import OwnLimit
from consumer.listings.accounts.wording import in_words
from consumer.listings.brakes import Brakes
from consumer.listings.confirmation import Confirmation
from consumer.listings.reconciliation import Reconciliation
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.section import Section
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.rules.variations import AnyVariations, Variations

# Parts of ids that are joined by slashes, of metrics' labels and of words in a shell.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}([-_][A-Za-z]{2,4})?$")]


class AccountDocument(Section):
    """One selling account. Everything that has a safe default may be left out; a price basis has none."""

    tenant: Name = Field(description="The tenant whose products are sold.")
    channel: Name = Field(description="Where they are sold, e.g. ebay.")
    account: Name = Field(description="A name of your own for the account, unique for its tenant and channel.")
    mode: Mode = Field("off", description="off, dry-run (plan and report, write nothing) or live.")
    languages: tuple[Language, ...] = Field(
        ("it", "en"), min_length=1, description="Languages of the text; the first that the product has wins."
    )
    text_language: Language = Field("it", description="The language of texts for which the PIM says none.")
    settings: Mapping[str, Any] = Field(
        default_factory=dict, description="The channel's own settings, without the credentials."
    )
    selection: Selection = Field(default_factory=Selection, description="Which products are sold.")
    content: Content = Field(default_factory=Content, description="What a listing says.")
    categories: Categories = Field(default_factory=Categories, description="PIM categories to the channel's.")
    price: PriceRules = Field(description="From the PIM's prices to the one a buyer pays; at least `basis`.")
    stock: StockRules = Field(default_factory=StockRules, description="From the PIM's quantity to the channel's.")
    variations: AnyVariations = Field(
        default_factory=Variations, description="Whether a product's variants are one listing: group or single."
    )
    brakes: Brakes = Field(default_factory=Brakes, description="What holds changes at scale for a person.")
    confirmation: Confirmation = Field(
        default_factory=Confirmation, description="How it is read back what the channel has accepted."
    )
    reconcile: Reconciliation = Field(
        default_factory=Reconciliation, description="Which differences on the channel `marketsync reconcile` repairs."
    )
    limits: tuple[OwnLimit, ...] = Field((), description="Your own limits, kept beside those of the channel.")

    @field_validator("limits")
    @classmethod
    def _each_name_once(cls, limits: tuple[OwnLimit, ...]) -> tuple[OwnLimit, ...]:
        names = [limit.name for limit in limits]
        if len(set(names)) < len(names):
            raise ValueError("two limits have the same name; each needs its own, since it is counted under it")
        return limits

    @property
    def id(self) -> str:
        """What people and the store call it: "tenant/channel/account"."""
        return account_id(self.tenant, self.channel, self.account)

    def data(self) -> dict[str, Any]:
        """Everything of it in values of JSON."""
        return self.model_dump(mode="json", by_alias=True)


def read_account(data: Mapping[str, Any]) -> AccountDocument:
    """The account in this data. Raises AccountError naming every field that is wrong, and the cure."""
    try:
        return AccountDocument.model_validate(data)
    except ValidationError as error:
        raise AccountError(in_words(error, AccountDocument)) from None
