"""What Kafka knows of a consumer group while nobody has to be in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.kafka.client import ADMIN_TIMEOUT, client_config, unavailable
from consumer.kafka.records import Partition


def committed_offsets(bootstrap: str, group: str, topics: Sequence[str]) -> dict[Partition, int]:
    """Where the group stands in these topics; partitions without an offset of it are left out.

    Raises UnavailableError.
    """
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
        places = [
            TopicPartition(topic, number)
            for topic in topics
            if topic in existing
            for number in existing[topic].partitions
        ]
        if not places:
            return {}
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])
        found = asked[group].result(ADMIN_TIMEOUT).topic_partitions
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
    return {Partition(one.topic, one.partition): one.offset for one in found if one.offset >= 0}


def oldest_offsets(bootstrap: str, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """The oldest offset that each of these still has. Raises UnavailableError."""
    admin = AdminClient(client_config(bootstrap))
    oldest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # so in the client
    asked = {TopicPartition(place.topic, place.number): oldest for place in partitions}
    try:
        found = admin.list_offsets(asked) if asked else {}
        return {Partition(p.topic, p.partition): future.result(ADMIN_TIMEOUT).offset for p, future in found.items()}
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
