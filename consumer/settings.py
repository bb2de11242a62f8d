"""Every setting of the service, each with its meaning, unit and default. The only place that reads the environment.

Durations are seconds. A variable that is set but unusable is refused at start with its name. An empty one counts as not
set, as `VAR=` in files of variables means it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from consumer.errors import SettingsError


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _parse_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a map in JSON, such as {"cat-1": "9355"}') from None


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Delays = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]
# Not decoded by pydantic-settings, whose error for bad JSON names neither the variable nor a cure.
Map = Annotated[dict[str, str], NoDecode, BeforeValidator(_parse_map)]


class ServerSettings(BaseSettings):
    """Where MongoDB and Kafka are. With neither set, a real mongod and a real Kafka are started on this machine."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    mongodb_uri: SecretStr | None = Field(
        None, alias="MONGODB_URI", description="Connection string of the PIM's MongoDB, a replica set."
    )
    kafka_bootstrap_servers: str | None = Field(
        None, alias="KAFKA_BOOTSTRAP_SERVERS", description="host:port of Kafka brokers, comma separated."
    )


class PlaceSettings(BaseSettings):
    """What this installation is called and where it keeps things on this machine."""

    model_config = SettingsConfigDict(env_prefix="MARKETSYNC_", frozen=True, extra="ignore", env_ignore_empty=True)

    tenants: Names = Field(
        (),
        description="Tenants to watch, comma separated; tenant x lives in database vinc-x. With a registry: those of it"
        " to watch, empty = all.",
    )
    tenant_databases: Map = Field(
        default_factory=dict,
        description='Tenant -> its database where that is not vinc-<tenant>, as JSON: {"acme": "shop"}. Not used with a'
        " registry, which says it itself.",
    )
    tenant_registry: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_-]{0,63}$",
        description="MongoDB database with the PIM's registry of tenants, e.g. vinc-admin: tenants then come and go"
        " while capture runs; empty = no registry.",
    )
    tenant_registry_interval: float = Field(
        2, gt=0, le=3600, description="Seconds between two looks at the registry of tenants."
    )
    database: str = Field("marketsync", description="MongoDB database of our own state.", min_length=1)
    home: Path = Field(Path("~/.marketsync"), description="Folder of the embedded servers: data and logs.")
    cache: Path | None = Field(
        None,
        description="Folder of downloaded jars; unset = marketsync in the user's cache (XDG_CACHE_HOME, ~/.cache).",
    )
    log_format: Literal["pretty", "json"] = Field("pretty", description="pretty for people, json for log collectors.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level logged.")
    metrics_host: str = Field("127.0.0.1", description="Address that serves /metrics and /health.")
    metrics_port: int = Field(
        9464, ge=0, le=65535, description="First port of /metrics; `run` counts up from it, 0 = any."
    )

    @property
    def cache_folder(self) -> Path:
        """Where downloaded jars are kept, shared by all data folders of this user."""
        return (self.cache or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "marketsync").expanduser()


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


class EbaySettings(BaseSettings):
    """One eBay account: one seller, who sells the products of one tenant. Named as its users know it."""

    model_config = SettingsConfigDict(env_prefix="EBAY_", frozen=True, extra="ignore", env_ignore_empty=True)

    enabled: bool = Field(False, description="Deliver to eBay.")
    tenant: str = Field("", description="The tenant whose products are sold; unset = the only one that is watched.")
    mode: Literal["dry-run", "live"] = Field("live", description="dry-run plans and reports, but writes nothing.")
    environment: Literal["production", "sandbox"] = Field("production", description="Which eBay; decides the hosts.")
    app_id: str = Field("", description="Client id of the keyset.")
    api_secret: SecretStr = Field(SecretStr(""), description="Client secret of the keyset.")
    refresh_token: SecretStr = Field(SecretStr(""), description="The seller's refresh token (lives 18 months).")
    access_token: SecretStr = Field(
        SecretStr(""), description="A ready access token, used only without refresh token; dies within two hours."
    )
    marketplace_id: str = Field("EBAY_IT", description="eBay's marketplace id.")
    locale: str = Field(
        "", description="Language and country of all text sent, e.g. it-IT; unset = those of the marketplace."
    )
    fulfillment_policy_id: str = Field("", description="Business policy for shipping.")
    payment_policy_id: str = Field("", description="Business policy for payment.")
    return_policy_id: str = Field("", description="Business policy for returns.")
    merchant_location_key: str = Field("", description="Inventory location the goods are sent from.")
    api_url: str = Field("", description="API host instead of eBay's own.")
    token_url: str = Field("", description="Token address instead of eBay's own.")
    price_basis: Literal["retail", "sale", "list"] | None = Field(
        None,
        description="Which PIM price is sold: retail, sale (retail where there is no sale) or list. Required: list is"
        " often what the goods cost.",
    )
    vat_included: bool | None = Field(
        None, description="Whether PIM prices that do not say so include VAT; unset = such products are refused."
    )
    languages: Names = Field(("it", "en"), description="Languages of the text, first that the product has wins.")
    condition: str = Field("NEW", description="eBay's condition name for every item.")
    categories: Map = Field(
        default_factory=dict,
        description='PIM category id -> eBay leaf category id, as JSON: {"cat-1": "9355"}; nearest ancestor counts.',
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups."""

    servers: ServerSettings
    place: PlaceSettings
    topics: TopicSettings
    capture: CaptureSettings
    delivery: DeliverySettings
    sync: SyncSettings
    ebay: EbaySettings


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError naming the variable and what it must be."""
    try:
        return Settings(
            servers=ServerSettings(),
            place=PlaceSettings(),
            topics=TopicSettings(),
            capture=CaptureSettings(),
            delivery=_with_old_names(DeliverySettings(), sync := SyncSettings()),
            sync=sync,
            ebay=EbaySettings(),
        )
    except ValidationError as error:
        raise SettingsError(_in_words(error)) from error


def _with_old_names(delivery: DeliverySettings, sync: SyncSettings) -> DeliverySettings:
    if sync.worker_concurrency is None or "concurrency" in delivery.model_fields_set:
        return delivery
    return delivery.model_copy(update={"concurrency": sync.worker_concurrency})


def _in_words(error: ValidationError) -> str:
    """One line per wrong variable. The value is left out: it may be a secret."""
    prefix = _PREFIXES.get(error.title, "")
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(
        f"{_variable(prefix, problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}" for problem in problems
    )


def _variable(prefix: str, location: tuple[Any, ...]) -> str:
    """The name of the variable, and where in it the problem is."""
    name, *inside = map(str, location)
    return f"{prefix}{name}".upper() + (f" ({'.'.join(inside)})" if inside else "")


_PREFIXES = {
    group.__name__: group.model_config.get("env_prefix", "")
    for group in (
        ServerSettings,
        PlaceSettings,
        TopicSettings,
        CaptureSettings,
        DeliverySettings,
        SyncSettings,
        EbaySettings,
    )
}
