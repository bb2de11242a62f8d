"""Does a Kafka answer at this address?"""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient


def broker_answers(bootstrap_servers: str, *, deadline: float) -> bool:
    """Whether a broker tells within `deadline` seconds that it is part of a cluster, so that topics can be made."""
    silent = logging.getLogger(__name__)
    silent.disabled = True  # refused connections are the answer here, not news
    client = AdminClient({"bootstrap.servers": bootstrap_servers}, logger=silent)
    try:
        return bool(client.list_topics(timeout=deadline).brokers)
    except KafkaException:
        return False
