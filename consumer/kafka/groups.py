"""What Kafka knows of a consumer group while nobody has to be in it.

Its offsets are asked for as a consumer of the group that never joins. The admin client's own call ends the process with
a segmentation fault when the coordinator has moved or is just starting (librdkafka, issue 5040).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__

from consumer.kafka.client import ADMIN_TIMEOUT, client_config, unavailable
from consumer.kafka.records import Partition
from consumer.kafka.starting import committed_by


def committed_offsets(bootstrap: str, group: str, topics: Sequence[str]) -> dict[Partition, int]:
    """Where the group stands in these topics; partitions without an offset of it are left out.

    Raises UnavailableError.
    """
    try:
        existing = AdminClient(client_config(bootstrap)).list_topics(timeout=ADMIN_TIMEOUT).topics
        places = [
            TopicPartition(topic, number)
            for topic in topics
            if topic in existing
            for number in existing[topic].partitions
        ]
        return offsets_of(bootstrap, group, places)
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def offsets_of(bootstrap: str, group: str, places: list[TopicPartition]) -> dict[Partition, int]:
    """Where the group stands in these partitions; those without an offset of it are left out. Raises KafkaException."""
    if not places:
        return {}
    consumer = Consumer(client_config(bootstrap) | {"group.id": group, "enable.auto.commit": False})
    try:
        return {place: offset for place, offset in committed_by(consumer, places).items() if offset >= 0}
    finally:
        consumer.close()


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
