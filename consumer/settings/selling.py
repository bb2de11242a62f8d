"""What every account of the environment is asked, whichever channel it sells on."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Map, Names


class SellingSettings(BaseSettings):
    """One account: one seller, who sells the products of one tenant.

    A channel's own class adds the channel's settings, each under the name that the channel's model has for it.
    channel: its name in the registry. title: its name as people write it.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)
    channel: ClassVar[str]
    title: ClassVar[str]

    enabled: bool = Field(False, description="Deliver to this channel.")
    tenant: str = Field("", description="The tenant whose products are sold; unset = the only one that is watched.")
    mode: Literal["dry-run", "live"] = Field("live", description="dry-run plans and reports, but writes nothing.")
    brakes: Literal["on", "off"] = Field(
        "on", description="off: nothing is held for a person, however far or many prices and stocks move at once."
    )
    price_basis: Literal["retail", "sale", "list"] | None = Field(
        None,
        description="Which PIM price is sold: retail, sale (retail where there is no sale) or list. Required: list is"
        " often what the goods cost.",
    )
    vat_included: bool | None = Field(
        None, description="Whether PIM prices that do not say so include VAT; unset = such products are refused."
    )
    languages: Names = Field(("it", "en"), description="Languages of the text, first that the product has wins.")
    condition: str = Field("NEW", description="The channel's condition name for every item.")
    categories: Map = Field(
        default_factory=dict,
        description='PIM category id -> the channel\'s category, as JSON: {"cat-1": "9355"}; nearest ancestor counts.',
    )
