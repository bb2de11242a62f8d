"""Which servers, and what this installation is called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Map, Names


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
