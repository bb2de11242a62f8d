"""How topics are made."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TopicSettings(BaseSettings):
    """How topics are created. Partition counts are equal for all topics keyed by product, and never change."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_TOPICS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,80}$",
        description="Put before every topic name, consumer group and transactional id, for clusters people share.",
    )
    partitions: int = Field(12, ge=1, le=1000, description="Partitions of every topic keyed by product.")
    replication_factor: int = Field(1, ge=1, le=7, description="Copies of each partition; 3 in production.")
    retention: int = Field(
        7 * 24 * 3600, ge=3600, description="Seconds events are kept: longer than any outage you want to survive."
    )
    max_message_bytes: int = Field(
        40_000_000,
        ge=1_000_000,
        description="Largest record: a 16 MB document as JSON, with its state before the change.",
    )
