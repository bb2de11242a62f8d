"""What is wrong with the topics that exist: each complaint names the topic, what is there, what is wanted, the cure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, TopicMetadata  # type: ignore[attr-defined]  # the stub forgets them

from consumer.kafka.client import ADMIN_TIMEOUT, client_config, unavailable
from consumer.kafka.topics import Topic, TopicNames, topic_configs, wanted_topics
from consumer.settings import TopicSettings

_DAY = 24 * 3600


class Gravity(StrEnum):
    """What a complaint means."""

    STOPS = "stops"
    """A promise is broken as soon as something runs: nothing may start."""

    LESS = "less"
    """It works and promises less than the settings say."""

    HINT = "hint"
    """It works as set; a production installation would have it otherwise."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is not as it should be. found: with the topic, what is there and what is wanted."""

    gravity: Gravity
    topic: str
    found: str
    cure: str

    def __str__(self) -> str:
        return f"{self.found}. {self.cure}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A topic as it is."""

    wanted: Topic
    partitions: int
    copies: int
    config: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.wanted.name

    def number(self, setting: str) -> int:
        return int(self.config[setting])


def check_topics(
    bootstrap: str,
    names: TopicNames,
    *,
    topic_settings: TopicSettings,
    channels: Sequence[str],
    retry_delays: Sequence[int],
    oplog_window: float | None = None,
) -> list[Complaint]:
    """Everything that is wrong, the gravest first; empty = all is well.

    oplog_window: seconds MongoDB keeps what capture has not read, where that is known. Raises UnavailableError when
    Kafka cannot be asked.
    """
    wanted = wanted_topics(names, topic_settings, channels, retry_delays)
    admin = AdminClient(client_config(bootstrap))
    try:
        cluster = admin.list_topics(timeout=ADMIN_TIMEOUT)
        there = [topic for topic in wanted if topic.name in cluster.topics]
        configs = topic_configs(admin, [topic.name for topic in there])
    except KafkaException as failure:
        raise unavailable(bootstrap, failure) from failure
    found = [_as_found(topic, cluster.topics[topic.name], configs[topic.name]) for topic in there]
    complaints = [
        Complaint(Gravity.STOPS, topic.name, f"Topic {topic.name} does not exist", "Create it with `marketsync init`.")
        for topic in wanted
        if topic not in there
    ]
    complaints += _partitions(found)
    for topic in found:
        complaints += [*_cleanup(topic), *_keeping(topic), *_sizes(topic), *_copies(topic, len(cluster.brokers))]
    if oplog_window is not None:
        complaints += _outlived_by_the_oplog(found, oplog_window)
    return sorted(complaints, key=lambda complaint: list(Gravity).index(complaint.gravity))


def _as_found(topic: Topic, metadata: TopicMetadata, config: Mapping[str, str]) -> _Found:
    copies = min((len(partition.replicas) for partition in metadata.partitions.values()), default=0)
    return _Found(topic, len(metadata.partitions), copies, config)


def _partitions(found: Sequence[_Found]) -> Iterator[Complaint]:
    by_product = [topic for topic in found if topic.wanted.by_product]
    counts = {topic.partitions for topic in by_product}
    for topic in found:
        if topic.partitions == topic.wanted.partitions:
            continue
        words = f"Topic {topic.name} has {topic.partitions} partitions, {topic.wanted.partitions} are wanted"
        if not topic.wanted.by_product:
            cure = "Stop everything, delete the topic and run `marketsync init`."
        elif len(counts) == 1:
            cure = (
                f"Set MARKETSYNC_TOPICS_PARTITIONS={topic.partitions}, as all topics keyed by product have it; the"
                " number can never change while anything is in them."
            )
        else:
            cure = (
                "All topics keyed by product need the same number for ever, or two processes work on one product: set"
                " MARKETSYNC_TOPICS_PARTITIONS to what most have. Then stop everything, delete those that differ, run"
                " `marketsync init`, and publish every product again."
            )
        yield Complaint(Gravity.STOPS, topic.name, words, cure)


def _cleanup(topic: _Found) -> Iterator[Complaint]:
    policy, wanted = topic.config["cleanup.policy"], topic.wanted.config["cleanup.policy"]
    if policy == wanted:
        return
    what_happens = (
        "compaction throws away changes that were not delivered yet"
        if "compact" in policy and wanted == "delete"
        else "capture's position would be deleted with age, and every product published again"
    )
    yield Complaint(
        Gravity.STOPS,
        topic.name,
        f"Topic {topic.name} has cleanup.policy={policy}, {wanted} is needed: {what_happens}",
        _alter("cleanup.policy", wanted),
    )


def _keeping(topic: _Found) -> Iterator[Complaint]:
    if topic.wanted.config["cleanup.policy"] != "delete":
        return
    kept, wanted = topic.number("retention.ms"), int(topic.wanted.config["retention.ms"])
    delay = topic.wanted.delay * 1000
    if 0 <= kept <= delay:
        yield Complaint(
            Gravity.STOPS,
            topic.name,
            f"Topic {topic.name} has retention.ms={kept}, listings wait {delay} in it, and {wanted} are wanted: they"
            " are deleted before they are due",
            _alter("retention.ms", wanted),
        )
    elif 0 <= kept < wanted:
        yield Complaint(
            Gravity.LESS,
            topic.name,
            f"Topic {topic.name} has retention.ms={kept}, less than the {wanted} wanted",
            f"{_alter('retention.ms', wanted)} Or lower MARKETSYNC_TOPICS_RETENTION.",
        )
    if topic.number("retention.bytes") >= 0:
        yield Complaint(
            Gravity.LESS,
            topic.name,
            f"Topic {topic.name} has retention.bytes={topic.config['retention.bytes']}, -1 is wanted: a burst of"
            " changes pushes out what was not delivered yet",
            _alter("retention.bytes", -1),
        )


def _sizes(topic: _Found) -> Iterator[Complaint]:
    wanted = int(topic.wanted.config.get("max.message.bytes", 0))
    if topic.number("max.message.bytes") < wanted:
        yield Complaint(
            Gravity.LESS,
            topic.name,
            f"Topic {topic.name} has max.message.bytes={topic.config['max.message.bytes']}, less than the {wanted}"
            " wanted: larger products become dead letters",
            f"{_alter('max.message.bytes', wanted)} Or lower MARKETSYNC_TOPICS_MAX_MESSAGE_BYTES.",
        )


def _copies(topic: _Found, brokers: int) -> Iterator[Complaint]:
    insync = topic.number("min.insync.replicas")
    if insync > topic.copies:
        yield Complaint(
            Gravity.STOPS,
            topic.name,
            f"Topic {topic.name} has min.insync.replicas={insync} and {topic.copies} copies: nothing can be written",
            _alter("min.insync.replicas", max(1, topic.copies - 1)),
        )
    elif topic.copies == 1 and brokers > 1:
        yield Complaint(
            Gravity.HINT,
            topic.name,
            f"Topic {topic.name} has 1 copy on a cluster of {brokers} brokers: it is lost with one disk",
            f"Give it {min(3, brokers)} with kafka-reassign-partitions, and set MARKETSYNC_TOPICS_REPLICATION_FACTOR"
            " for topics that are yet to come.",
        )
    elif insync == topic.copies > 1:
        yield Complaint(
            Gravity.HINT,
            topic.name,
            f"Topic {topic.name} has min.insync.replicas={insync} and as many copies: it takes nothing while"
            " one broker is away",
            _alter("min.insync.replicas", insync - 1),
        )
    elif insync == 1 and topic.copies > 2:
        yield Complaint(
            Gravity.HINT,
            topic.name,
            f"Topic {topic.name} has min.insync.replicas=1, 2 are wanted: what was acknowledged may be on"
            " one disk only",
            _alter("min.insync.replicas", 2),
        )


def _outlived_by_the_oplog(found: Sequence[_Found], window: float) -> Iterator[Complaint]:
    shorter = defaultdict(list)
    for topic in found:
        if topic.wanted.by_product and 0 <= topic.number("retention.ms") < window * 1000:
            shorter[topic.number("retention.ms")].append(topic.name)
    for kept, names in shorter.items():
        yield Complaint(
            Gravity.HINT,
            names[0],
            f"Topic {names[0]}{f' (and {len(names) - 1} more)' if len(names) > 1 else ''} has retention.ms={kept},"
            f" which is {kept / 1000 / _DAY:.1f} days, and MongoDB's oplog reaches back {window / _DAY:.1f}",
            "Delivery may be away for less time than capture. Set MARKETSYNC_TOPICS_RETENTION to the oplog's"
            f" {window:.0f} seconds or more, and alter the topics.",
        )


def _alter(setting: str, value: object) -> str:
    return f"Alter it: kafka-configs --bootstrap-server ... --alter --topic ... --add-config {setting}={value}."
