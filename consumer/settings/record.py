"""What is written down of what people asked for, and of what channels told us."""

from __future__ import annotations

from pydantic import Field, SecretStr
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
    ebay_endpoint: str = Field(
        "",
        description="The public https address that eBay was given for notifications, to the letter; unset = none are"
        " taken. It leads to `/api/webhooks/ebay/notifications` of the API.",
    )
    ebay_verification_token: SecretStr = Field(
        SecretStr(""), description="The verification token that eBay was given with it: 32 to 80 of A-Z a-z 0-9 _ -."
    )
