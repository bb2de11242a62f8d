"""An account of the environment on Trovaprezzi."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from consumer.settings.fields import JsonMap
from consumer.settings.selling import SellingSettings


class TrovaprezziSettings(SellingSettings):
    """One Trovaprezzi account: one feed, that is one shop, whose products are one tenant's."""

    model_config = SettingsConfigDict(env_prefix="TROVAPREZZI_")
    channel: ClassVar[str] = "trovaprezzi"
    title: ClassVar[str] = "Trovaprezzi"

    link: str = Field(
        "", description="Address of a product's page, with placeholders: https://shop.example/p/{sku}. Required."
    )
    feed_url: str = Field("", description="Public address of the feed, as Trovaprezzi has been told it.")
    shipping: JsonMap = Field(
        default_factory=dict,
        description='What shipping costs, as JSON: {"free_from": "99", "otherwise": "5.90"}.',
    )
