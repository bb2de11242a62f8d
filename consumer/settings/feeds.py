"""The files that channels read: where they are served and exported."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FeedSettings(BaseSettings):
    """Building and serving feeds. How often an account's file is built stands with the account."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_FEEDS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address that serves the files; put a web server with TLS before it.")
    port: int = Field(9480, ge=0, le=65535, description="Port of the same, 0 = any.")
    url: str = Field(
        "",
        description="Address under which the world reaches that, for `marketsync feeds show`; unset = host and port.",
    )
    folder: Path | None = Field(
        None, description="Folder into which every published file is copied, for a web server; unset = none."
    )
    downloads: int = Field(32, ge=1, le=1000, description="Files that may be read at once; more are asked to wait.")
    lease: float = Field(
        15, ge=2, le=300, description="Seconds of silence after which another process builds instead of a dead one."
    )
