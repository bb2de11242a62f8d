"""Sending to the channels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Delays


class DeliverySettings(BaseSettings):
    """How updates reach the channels."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_DELIVERY_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    replica: str = Field(
        "0", pattern=r"^[A-Za-z0-9._-]+$", description="Name of this process in its group; unique, stable on restart."
    )
    concurrency: int = Field(8, ge=1, description="Calls to the channel in flight at once, per account.")
    linger: float = Field(0.02, ge=0, description="Seconds a batch that is not full waits for more listings.")
    max_waiting: int = Field(5000, ge=100, description="Listings in memory before partitions are paused.")
    attempts: int = Field(10, ge=1, description="Tries before a listing becomes a dead letter.")
    backoff: float = Field(1, gt=0, description="Seconds before the second try; doubles with each further one.")
    backoff_ceiling: float = Field(600, gt=0, description="Longest backoff in seconds.")
    outage_ceiling: float = Field(
        60, gt=0, description="Longest pause in seconds between two calls that try whether a channel is back."
    )
    memory_wait: float = Field(
        20, gt=0, description="A listing that has to wait longer than this goes to a retry topic."
    )
    retry_delays: Delays = Field((60, 600), description="Delays of the retry topics, ascending, comma separated.")
    flood_letters: int = Field(
        500, ge=1, description="Dead letters of an account within the time below that are too many: it is paused."
    )
    flood_window: float = Field(300, gt=0, description="Seconds in which dead letters are counted for that.")
    resync_rate: float = Field(
        500, ge=0, description="Products a second of a resync that delivery starts itself; 0 = as fast as it goes."
    )
    drain: float = Field(20, gt=0, description="Seconds calls in flight may take to end on shutdown or rebalance.")
    session_timeout: float = Field(
        45,
        gt=1,
        description="Seconds after which Kafka gives up a silent process; with the consumer protocol the broker says.",
    )
    group_protocol: Literal["classic", "consumer"] = Field(
        "classic",
        description="Kafka's group protocol: classic, or consumer (KIP-848), with which a process that was killed gets"
        " its partitions back only after the broker's session timeout.",
    )
    withdrawals: int = Field(
        50,
        ge=0,
        description="Listings an account may lose within a day because their products are gone and no event told of it"
        " (after a gap); beyond this number and the share below, all of them are held for a person.",
    )
    withdrawals_share: float = Field(
        0.05, ge=0, le=1, description="The share of an account's live listings for the same, from 0 to 1."
    )
    history_days: int = Field(
        30, ge=0, le=3650, description="Days that the history of listings is kept; 0 = no history is written."
    )
    exchange_days: int = Field(
        7,
        ge=0,
        le=365,
        description="Days that requests to channels and their replies are kept, without secrets; 0 = none is kept.",
    )
    exchange_bytes: int = Field(
        16_384, ge=256, le=262_144, description="Most characters kept of a request's body, and of a reply's."
    )
    exchange_share: float = Field(
        1, ge=0, le=1, description="The share of accepted calls that is kept, from 0 to 1; what went wrong always is."
    )
    egress: str = Field(
        "shared",
        pattern=r"^[A-Za-z0-9._:-]+$",
        description="Name of the network address that this process's calls leave from. Where a channel counts by"
        " address, processes of the same name share its quota.",
    )


class SyncSettings(BaseSettings):
    """Variables of the queue that came before. They count only where they are set, for each account."""

    model_config = SettingsConfigDict(env_prefix="SYNC_", frozen=True, extra="ignore", env_ignore_empty=True)

    worker_concurrency: int | None = Field(
        None, ge=1, description="Instead of MARKETSYNC_DELIVERY_CONCURRENCY, where that is unset."
    )
    rate_limit_max: int | None = Field(
        None, ge=1, description="Most listings sent in SYNC_RATE_LIMIT_DURATION_MS by all processes; unset = no limit."
    )
    rate_limit_duration_ms: int = Field(60_000, ge=1000, description="Milliseconds that SYNC_RATE_LIMIT_MAX is for.")
