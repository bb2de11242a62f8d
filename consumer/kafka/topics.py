"""The topics: their names, how they should be, and how they are created.

Every topic keyed by product has the same number of partitions, retry topics included, so that with the range assignor
one process of a consumer group owns a product in all of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stub forgets to export them
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from consumer import events
from consumer.errors import UnavailableError
from consumer.events import Operation
from consumer.kafka.client import ADMIN_TIMEOUT, answer, client_config, kafka_error, unavailable
from consumer.settings import TopicSettings

# The broker counts a record batch with its frame, the producer the record alone.
_FRAME_BYTES = 64 * 1024
# Dead letters outlive events: a person has to come by.
_DEAD_LETTER_RETENTION = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Every topic's name. prefix: put before each, so that several installations can share a cluster."""

    prefix: str = ""

    def of(self, operation: Operation) -> str:
        """Where events of this operation go."""
        return self.prefix + events.TOPICS[operation]

    @property
    def products(self) -> tuple[str, ...]:
        """The topics of product events."""
        return tuple(self.of(operation) for operation in Operation)

    @property
    def positions(self) -> str:
        """Where capture keeps how far it came."""
        return self.prefix + events.POSITIONS_TOPIC

    @property
    def capture_dead_letters(self) -> str:
        """Changes that could not become an event."""
        return self.prefix + events.CAPTURE_DEAD_LETTERS_TOPIC

    @property
    def gaps(self) -> str:
        """Times in which changes were missed."""
        return self.prefix + events.GAPS_TOPIC

    @property
    def orders(self) -> str:
        """What became of orders, keyed tenant/channel/account/order."""
        return self.prefix + events.ORDERS_TOPIC

    @property
    def order_receipts(self) -> str:
        """Which order events were written last."""
        return self.prefix + events.ORDER_RECEIPTS_TOPIC

    def retry(self, channel: str, delay: int) -> str:
        """Where this channel's listings wait `delay` seconds."""
        return self.prefix + events.retry_topic(channel, delay)

    def every_retry(self, channel: str) -> str:
        """A subscription to all retry topics of this channel that exist, also of delays that are not set any more."""
        return "^" + self.retry(channel, 0).replace(".", "[.]").removesuffix("0s") + "[0-9]+s$"

    def delay_of(self, channel: str, topic: str) -> int | None:
        """The seconds that listings wait in a retry topic of this channel; None for any other topic."""
        start = self.retry(channel, 0).removesuffix("0s")
        number = topic.removeprefix(start).removesuffix("s")
        return int(number) if number.isdecimal() and topic == f"{start}{number}s" else None

    def dead_letters(self, channel: str) -> str:
        """Updates of this channel that were given up."""
        return self.prefix + events.dead_letters_topic(channel)


@dataclass(frozen=True, slots=True)
class Topic:
    """How a topic should be. by_product: keyed by product. delay: seconds that what is in it waits."""

    name: str
    partitions: int
    config: Mapping[str, str]
    by_product: bool = False
    delay: int = 0


def ensure_topics(
    bootstrap: str,
    names: TopicNames,
    *,
    topic_settings: TopicSettings,
    channels: Sequence[str],
    retry_delays: Sequence[int],
) -> list[str]:
    """Create the topics that are missing and return their names. Those that exist are left as they are.

    Raises UnavailableError when Kafka cannot be asked or refuses.
    """
    wanted = wanted_topics(names, topic_settings, channels, retry_delays)
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
        missing = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic_settings.replication_factor,
                config=dict(topic.config),
            )
            for topic in wanted
            if topic.name not in existing
        ]
        return _create(admin, missing) if missing else []
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def ensure_order_topics(bootstrap: str, names: TopicNames, settings: TopicSettings) -> list[str]:
    """Create the topics of orders that are missing and return their names.

    Raises UnavailableError when Kafka cannot be asked or refuses.
    """
    durable = {"min.insync.replicas": str(max(1, settings.replication_factor - 1))}
    keep = {"cleanup.policy": "delete", "retention.ms": str(settings.retention * 1000)}
    wanted = {names.orders: (settings.partitions, keep), names.order_receipts: (1, {"cleanup.policy": "compact"})}
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
        missing = [
            NewTopic(
                name,
                num_partitions=partitions,
                replication_factor=settings.replication_factor,
                config=config | durable,
            )
            for name, (partitions, config) in wanted.items()
            if name not in existing
        ]
        return _create(admin, missing) if missing else []
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure


def missing_topics(bootstrap: str, topics: Sequence[str]) -> list[str]:
    """Those of the topics that do not exist. Raises UnavailableError when Kafka cannot be asked."""
    admin = AdminClient(client_config(bootstrap))
    try:
        existing = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
    return [topic for topic in topics if topic not in existing]


def largest_record(bootstrap: str, topics: Sequence[str]) -> int:
    """Bytes a record may have so that each of these topics takes it. Raises UnavailableError."""
    admin = AdminClient(client_config(bootstrap))
    try:
        configs = topic_configs(admin, topics)
    except KafkaException as failure:
        if kafka_error(failure).code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            missing = missing_topics(bootstrap, topics) or topics
            raise UnavailableError(
                f"Not all topics exist ({', '.join(missing)}). Create them with `marketsync init`."
            ) from failure
        raise unavailable(bootstrap, failure) from failure
    smallest = min(int(config["max.message.bytes"]) for config in configs.values())
    return smallest - min(_FRAME_BYTES, smallest // 2)


def topic_configs(admin: AdminClient, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """Topic → setting → value, as they are in force. Raises KafkaException."""
    if not topics:
        return {}
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in topics])
    return {
        resource.name: {entry.name: entry.value for entry in answer(future).values()}
        for resource, future in asked.items()
    }


def wanted_topics(
    names: TopicNames, settings: TopicSettings, channels: Sequence[str], retry_delays: Sequence[int]
) -> list[Topic]:
    """Every topic of an installation with these channels."""
    largest = {"max.message.bytes": str(settings.max_message_bytes + _FRAME_BYTES)}
    # One replica may be away without stopping us, and what was acknowledged is on all others.
    durable = {"min.insync.replicas": str(max(1, settings.replication_factor - 1))}
    keep = {"cleanup.policy": "delete", "retention.ms": str(settings.retention * 1000)}
    keep_long = keep | {"retention.ms": str(max(settings.retention, _DEAD_LETTER_RETENTION) * 1000)}
    # Small segments, cleaned eagerly: a starting capture reads this topic to its end.
    latest_only = {
        "cleanup.policy": "compact",
        "segment.bytes": str(8 * 1024 * 1024),
        "min.cleanable.dirty.ratio": "0.1",
    }
    retries = [(names.retry(channel, delay), delay) for channel in channels for delay in retry_delays]
    for_people = [names.capture_dead_letters, names.gaps, *(names.dead_letters(channel) for channel in channels)]
    return [
        *(
            Topic(name, settings.partitions, keep | durable | largest, by_product=True, delay=delay)
            for name, delay in [*((name, 0) for name in names.products), *retries]
        ),
        Topic(names.positions, 1, latest_only | durable),
        *(Topic(name, 1, keep_long | durable | largest) for name in for_people),
    ]


def _create(admin: AdminClient, missing: list[NewTopic]) -> list[str]:
    created = []
    for name, future in admin.create_topics(missing, operation_timeout=ADMIN_TIMEOUT).items():
        try:
            answer(future)
            created.append(name)
        except KafkaException as failure:
            # Another process of ours was as quick.
            if kafka_error(failure).code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    _wait_until_known(admin, [topic.topic for topic in missing])
    return created


def _wait_until_known(admin: AdminClient, names: Sequence[str]) -> None:
    """A created topic is not known to every broker at once: wait until its configuration and leaders are."""
    deadline = time.monotonic() + ADMIN_TIMEOUT
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
    while True:
        try:
            topic_configs(admin, names)
            topics = admin.list_topics(timeout=ADMIN_TIMEOUT).topics
            places = [TopicPartition(name, number) for name in names for number in topics[name].partitions]
            for future in admin.list_offsets(dict.fromkeys(places, newest)).values():
                answer(future)
            return
        except (KafkaException, KeyError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
