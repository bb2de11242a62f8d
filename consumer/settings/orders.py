"""How orders are imported, and how long what they bring is kept."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OrderSettings(BaseSettings):
    """Orders of the channels."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_ORDERS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    hold: float = Field(
        86400,
        ge=60,
        le=30 * 86400,
        description="Seconds that what a channel sold is kept back from what every account offers, at the longest; it"
        " ends before that when the PIM's stock has fallen by it.",
    )
    first: float = Field(
        7 * 86400, ge=60, le=90 * 86400, description="Seconds back from which an account's orders are read at first."
    )
    personal_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days after an order's last change that its buyer's name, address and the like are kept. Amazon"
        " allows 30 after the delivery.",
    )
    lease: float = Field(
        10, ge=2, le=300, description="Seconds of silence after which another process imports in a dead one's place."
    )
