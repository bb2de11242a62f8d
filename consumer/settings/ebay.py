"""An account of the environment on eBay."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Map, Names


class EbaySettings(BaseSettings):
    """One eBay account: one seller, who sells the products of one tenant. Named as its users know it."""

    model_config = SettingsConfigDict(env_prefix="EBAY_", frozen=True, extra="ignore", env_ignore_empty=True)

    enabled: bool = Field(False, description="Deliver to eBay.")
    tenant: str = Field("", description="The tenant whose products are sold; unset = the only one that is watched.")
    mode: Literal["dry-run", "live"] = Field("live", description="dry-run plans and reports, but writes nothing.")
    brakes: Literal["on", "off"] = Field(
        "on", description="off: nothing is held for a person, however far or many prices and stocks move at once."
    )
    environment: Literal["production", "sandbox"] = Field("production", description="Which eBay; decides the hosts.")
    app_id: str = Field("", description="Client id of the keyset.")
    api_secret: SecretStr = Field(SecretStr(""), description="Client secret of the keyset.")
    refresh_token: SecretStr = Field(SecretStr(""), description="The seller's refresh token (lives 18 months).")
    access_token: SecretStr = Field(
        SecretStr(""), description="A ready access token, used only without refresh token; dies within two hours."
    )
    marketplace_id: str = Field("EBAY_IT", description="eBay's marketplace id.")
    locale: str = Field(
        "", description="Language and country of all text sent, e.g. it-IT; unset = those of the marketplace."
    )
    fulfillment_policy_id: str = Field("", description="Business policy for shipping.")
    payment_policy_id: str = Field("", description="Business policy for payment.")
    return_policy_id: str = Field("", description="Business policy for returns.")
    merchant_location_key: str = Field("", description="Inventory location the goods are sent from.")
    api_url: str = Field("", description="API host instead of eBay's own.")
    token_url: str = Field("", description="Token address instead of eBay's own.")
    price_basis: Literal["retail", "sale", "list"] | None = Field(
        None,
        description="Which PIM price is sold: retail, sale (retail where there is no sale) or list. Required: list is"
        " often what the goods cost.",
    )
    vat_included: bool | None = Field(
        None, description="Whether PIM prices that do not say so include VAT; unset = such products are refused."
    )
    languages: Names = Field(("it", "en"), description="Languages of the text, first that the product has wins.")
    condition: str = Field("NEW", description="eBay's condition name for every item.")
    categories: Map = Field(
        default_factory=dict,
        description='PIM category id -> eBay leaf category id, as JSON: {"cat-1": "9355"}; nearest ancestor counts.',
    )
