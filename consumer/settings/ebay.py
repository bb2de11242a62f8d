"""An account of the environment on eBay."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from consumer.settings.fields import Map
from consumer.settings.selling import SellingSettings


class EbaySettings(SellingSettings):
    """One eBay account: one seller, who sells the products of one tenant. Named as its users know it."""

    model_config = SettingsConfigDict(env_prefix="EBAY_")
    channel: ClassVar[str] = "ebay"
    title: ClassVar[str] = "eBay"

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
    fulfillment_policy_id: str = Field("", description="Business policy for shipping: its id, or its name.")
    payment_policy_id: str = Field("", description="Business policy for payment: its id, or its name.")
    return_policy_id: str = Field("", description="Business policy for returns: its id, or its name.")
    merchant_location_key: str = Field("", description="Inventory location the goods are sent from.")
    merchant_location: Map = Field(
        default_factory=dict,
        description="Address of that location, as JSON with `country`, `state_or_province`, `city`, and where there are"
        " any `postal_code`, `address_line1`, `phone`, `name`: it is made where eBay does not know its key.",
    )
    pictures: Literal["url", "upload"] = Field(
        "url",
        description="`url`: eBay loads pictures from their addresses. `upload`: they are copied to eBay's server.",
    )
    api_url: str = Field("", description="API host instead of eBay's own.")
    token_url: str = Field("", description="Token address instead of eBay's own.")
