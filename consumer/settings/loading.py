"""All groups of settings, read at once or refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from consumer.errors import SettingsError
from consumer.settings.api import ApiSettings
from consumer.settings.capture import CaptureSettings
from consumer.settings.channels import SELLING
from consumer.settings.credentials import CredentialSettings
from consumer.settings.delivery import DeliverySettings, SyncSettings
from consumer.settings.feeds import FeedSettings
from consumer.settings.kafka_security import KafkaSecuritySettings
from consumer.settings.orders import OrderSettings
from consumer.settings.place import PlaceSettings, ServerSettings
from consumer.settings.record import RecordSettings
from consumer.settings.selling import SellingSettings
from consumer.settings.topics import TopicSettings
from consumer.settings.traces import TraceSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups. selling: by channel, what the environment says of an account on it."""

    servers: ServerSettings
    place: PlaceSettings
    topics: TopicSettings
    capture: CaptureSettings
    delivery: DeliverySettings
    sync: SyncSettings
    selling: Mapping[str, SellingSettings]
    credentials: CredentialSettings
    feeds: FeedSettings
    traces: TraceSettings
    kafka_security: KafkaSecuritySettings
    record: RecordSettings
    api: ApiSettings
    orders: OrderSettings


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
            selling={group.channel: group() for group in SELLING},
            credentials=CredentialSettings(),
            feeds=FeedSettings(),
            traces=TraceSettings(),
            kafka_security=KafkaSecuritySettings(),
            record=RecordSettings(),
            api=ApiSettings(),
            orders=OrderSettings(),
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
        _said(prefix, problem["loc"], problem["msg"].removeprefix("Value error, ")) for problem in problems
    )


def _said(prefix: str, location: tuple[Any, ...], words: str) -> str:
    """What concerns several variables names them itself."""
    return f"{_variable(prefix, location)}: {words}" if location else words


def _variable(prefix: str, location: tuple[Any, ...]) -> str:
    """The name of the variable, and where in it the problem is."""
    name, *inside = map(str, location)
    return f"{prefix}{name}".upper() + (f" ({'.'.join(inside)})" if inside else "")


_GROUPS: tuple[type[BaseSettings], ...] = (
    ServerSettings,
    PlaceSettings,
    TopicSettings,
    CaptureSettings,
    DeliverySettings,
    SyncSettings,
    *SELLING,
    CredentialSettings,
    FeedSettings,
    TraceSettings,
    KafkaSecuritySettings,
    RecordSettings,
    ApiSettings,
    OrderSettings,
)
_PREFIXES = {group.__name__: group.model_config.get("env_prefix", "") for group in _GROUPS}
