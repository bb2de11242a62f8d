"""Removing an installation from Kafka: what the demo does with its own traces."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, unavailable


def remove_installation(bootstrap: str, prefix: str) -> list[str]:
    """Delete all topics, and all consumer groups without members, whose names begin with `prefix`; returns the names.

    Groups that still have members are left for the next time. Raises ValueError for an empty prefix, UnavailableError
    when Kafka cannot be asked.
    """
    if not prefix:
        raise ValueError("an empty prefix would delete everything")
    admin = AdminClient(client_config(bootstrap))
    try:
        topics = [name for name in admin.list_topics(timeout=ADMIN_TIMEOUT).topics if name.startswith(prefix)]
        deleted = admin.delete_topics(topics, operation_timeout=ADMIN_TIMEOUT) if topics else {}
        for future in deleted.values():
            answer(future)
        return [*topics, *_remove_groups(admin, prefix)]
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def _remove_groups(admin: AdminClient, prefix: str) -> list[str]:
    listed = answer(admin.list_consumer_groups(request_timeout=ADMIN_TIMEOUT))
    groups = [group.group_id for group in listed.valid if group.group_id.startswith(prefix)]
    removed = []
    for name, future in (admin.delete_consumer_groups(groups) if groups else {}).items():
        try:
            answer(future)
            removed.append(name)
        except KafkaException:  # it has members until their session times out
            continue
    return removed
