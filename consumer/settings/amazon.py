"""An account of the environment on Amazon."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from consumer.settings.selling import SellingSettings


class AmazonSettings(SellingSettings):
    """One Amazon account: one seller on one marketplace, who sells the products of one tenant."""

    model_config = SettingsConfigDict(env_prefix="AMAZON_")
    channel: ClassVar[str] = "amazon"
    title: ClassVar[str] = "Amazon"

    environment: Literal["production", "sandbox"] = Field(
        "production", description="Which Selling Partner API; decides the host."
    )
    app_id: str = Field("", description="Client id of the application (Login with Amazon).")
    api_secret: SecretStr = Field(SecretStr(""), description="Client secret of the application.")
    refresh_token: SecretStr = Field(SecretStr(""), description="The seller's refresh token.")
    marketplace_id: str = Field("APJ6JRA9NG5V4", description="Amazon's marketplace id; the default is Italy.")
    merchant_id: str = Field("", description="The seller's id (merchant token).")
    locale: str = Field("", description="Language of all text sent, e.g. it_IT; unset = the marketplace's.")
    fulfillment: Literal["mixed", "merchant", "amazon"] = Field(
        "mixed", description="Whose stock the SKUs are: the seller's own, Amazon's, or as Amazon says for each."
    )
    shipping_group: str = Field("", description="Key (not the name) of the shipping template.")
    gpsr_manufacturer: str = Field("", description="E-mail address of the manufacturer, as the GPSR asks for.")
    gpsr_responsible: str = Field("", description="E-mail or web address of the responsible person in the EU.")
    api_url: str = Field("", description="API host instead of the marketplace's region's.")
    token_url: str = Field("", description="Token address instead of Amazon's own.")
