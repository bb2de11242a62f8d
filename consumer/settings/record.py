"""What is written down of what people asked for, and of what channels told us."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RecordSettings(BaseSettings):
    """Audit and notices."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_RECORD_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    audit_days: int = Field(
        400, ge=1, le=3650, description="Days that the audit is kept: who asked for what, and when."
    )
    notice_days: int = Field(
        30,
        ge=1,
        le=365,
        description="Days that notifications of channels are kept; one that comes again is known by it.",
    )
