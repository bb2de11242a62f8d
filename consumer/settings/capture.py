"""Reading the PIM."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Names


class CaptureSettings(BaseSettings):
    """How changes are read and published."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_CAPTURE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    stream: str = Field(
        "pim", pattern=r"^[a-z0-9-]+$", description="Name of the stream. Of its captures one works, others stand by."
    )
    lease: float = Field(
        5, ge=1, le=300, description="Seconds of silence after which a standby takes over from the capture that leads."
    )
    max_await: float = Field(0.5, gt=0, description="Seconds the server may wait for changes before an empty answer.")
    transaction_timeout: float = Field(
        30, gt=1, le=900, description="Seconds after which Kafka aborts the transaction of a dead capture."
    )
    batch: int = Field(500, ge=1, description="Most changes in one answer of the server (which has 16 MB at most).")
    idle_position: float = Field(
        5, gt=0, description="Seconds between position records while nothing happens: keeps the oplog from losing us."
    )
    snapshot_chunk: int = Field(1000, ge=1, description="Products per snapshot read, each read at one cluster time.")
    snapshot_readers: int = Field(
        2, ge=1, le=16, description="Ranges of products that a snapshot reads at once, each in a thread of its own."
    )
    snapshot_rate: float = Field(
        0,
        ge=0,
        description="Products a second that snapshots may publish; 0 = as fast as it goes. They slow down by themselves"
        " while the stream has more to do than it can.",
    )
    bookkeeping: Names = Field(
        (
            "completeness_score",
            "critical_issues",
            "solr_indexed_at",
            "updated_at",
            "last_api_update_at",
            "last_manual_update_at",
            "content_hash",
            "source",
            "locked_fields",
            "packaging_options.*.pkg_id",
            "__v",
        ),
        description="Fields of a product that no channel shows, comma separated: a write that touches nothing else is"
        " no change. A name covers all below it, * stands for a place in a list. A field that listings use is refused.",
    )
    deletion_grace: float = Field(
        3,
        ge=0,
        le=3600,
        description="Seconds a product without a current version waits for a new one before it counts as deleted.",
    )
