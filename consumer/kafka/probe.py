"""Which Kafka answers at this address?"""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from consumer.kafka.brokers import security_of


def cluster_of(bootstrap_servers: str, *, deadline: float) -> str | None:
    """The id of the cluster whose brokers answer there within `deadline` seconds, so that topics can be made."""
    silent = logging.getLogger(__name__)
    silent.disabled = True  # refused connections are the answer here, not news
    client = AdminClient({"bootstrap.servers": bootstrap_servers, **security_of(bootstrap_servers)}, logger=silent)
    try:
        answer = client.list_topics(timeout=deadline)
    except KafkaException:
        return None
    return str(answer.cluster_id) if answer.brokers else None
