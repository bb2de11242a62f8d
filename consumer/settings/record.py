"""What is written down of what people asked for, and of what was sent and answered."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RecordSettings(BaseSettings):
    """Audit and exchanges."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_RECORD_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    audit_days: int = Field(
        400, ge=1, le=3650, description="Days that the audit is kept: who asked for what, and when."
    )
    exchange_days: int = Field(
        7,
        ge=0,
        le=365,
        description="Days that requests to channels and their replies are kept, without secrets; 0 = none is kept.",
    )
    exchange_bytes: int = Field(
        16_384, ge=256, le=262_144, description="Most bytes kept of a request's body, and of a reply's."
    )
    exchange_share: float = Field(
        1, ge=0, le=1, description="The share of accepted calls that is kept, from 0 to 1; what went wrong always is."
    )
    notice_days: int = Field(
        30,
        ge=1,
        le=365,
        description="Days that notifications of channels are kept; one that comes again is known by it.",
    )
