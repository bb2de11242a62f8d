"""Changing a topic's settings, as an operator does beside a running installation."""

from __future__ import annotations

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stub forgets to export them
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from consumer.kafka.topics import topic_configs
from tests.waiting import wait_until


def set_of_topic(bootstrap: str, topic: str, setting: str, value: str) -> str:
    """Set it and wait until it is in force; returns the value before."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    before = topic_configs(admin, [topic])[topic][setting]
    entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(20)
    wait_until(lambda: topic_configs(admin, [topic])[topic][setting] == value, 10)
    return before
