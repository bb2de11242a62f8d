"""Every setting of the service, each with its meaning, unit and default. The only place that reads the environment.

Durations are seconds. A variable that is set but unusable is refused at start with its name. An empty one counts as not
set, as `VAR=` in files of variables means it.
"""

from __future__ import annotations

from consumer.settings.api import ApiSettings
from consumer.settings.capture import CaptureSettings
from consumer.settings.channels import SELLING
from consumer.settings.credentials import CredentialSettings
from consumer.settings.delivery import DeliverySettings, SyncSettings
from consumer.settings.feeds import FeedSettings
from consumer.settings.kafka_security import KafkaSecuritySettings
from consumer.settings.loading import Settings, load_settings
from consumer.settings.orders import OrderSettings
from consumer.settings.place import PlaceSettings, ServerSettings
from consumer.settings.record import RecordSettings
from consumer.settings.selling import SellingSettings
from consumer.settings.topics import TopicSettings
from consumer.settings.traces import TraceSettings

__all__ = [
    "SELLING",
    "ApiSettings",
    "CaptureSettings",
    "CredentialSettings",
    "DeliverySettings",
    "FeedSettings",
    "KafkaSecuritySettings",
    "OrderSettings",
    "PlaceSettings",
    "RecordSettings",
    "SellingSettings",
    "ServerSettings",
    "Settings",
    "SyncSettings",
    "TopicSettings",
    "TraceSettings",
    "load_settings",
]
