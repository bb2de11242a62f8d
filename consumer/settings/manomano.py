"""An account of the environment on ManoMano."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from consumer.settings.selling import SellingSettings


class ManomanoSettings(SellingSettings):
    """One ManoMano account: one contract, that is one market, whose products are one tenant's."""

    model_config = SettingsConfigDict(env_prefix="MANOMANO_")
    channel: ClassVar[str] = "manomano"
    title: ClassVar[str] = "ManoMano"

    api_key: SecretStr = Field(SecretStr(""), description="Key of the Toolbox (Settings, API keys).")
    api_url: str = Field("", description="API host instead of ManoMano's own.")
    seller_contract_id: int | None = Field(None, description="Number of the contract: one per market.")
