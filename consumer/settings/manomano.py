"""An account of the environment on ManoMano."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from consumer.settings.fields import JsonList
from consumer.settings.selling import SellingSettings


class ManomanoSettings(SellingSettings):
    """One ManoMano account: one contract, that is one market, whose products are one tenant's."""

    model_config = SettingsConfigDict(env_prefix="MANOMANO_")
    channel: ClassVar[str] = "manomano"
    title: ClassVar[str] = "ManoMano"

    api_key: SecretStr = Field(SecretStr(""), description="Key of the Toolbox (Settings, API keys).")
    api_url: str = Field("", description="API host instead of ManoMano's own.")
    seller_contract_id: int | None = Field(None, description="Number of the contract: one per market.")
    market: Literal["IT", "FR", "ES", "DE", "GB"] = Field("IT", description="The contract's market.")
    carrier_grids: JsonList = Field(
        (),
        description='Shipping grids of the Toolbox, as JSON: [{"name": "Standard", "shipping_time_min": 3,'
        ' "shipping_time_max": 5}], times in working days.',
    )
    thirdparty_name: str = Field("", description="How calls introduce themselves: company_version.")
