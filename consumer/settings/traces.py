"""Where traces go."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TraceSettings(BaseSettings):
    """Traces of product changes from the PIM's write to the channel's answer, by OpenTelemetry."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_TRACES_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where a collector takes OTLP over HTTP, e.g. http://collector:4318/v1/traces; empty = no traces."
        " Needs the extra `traces` of the package.",
    )
    share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of product changes that are traced, 1 = all; the same ones in every process.",
    )
