"""Topics that are not as they should be, on a real broker: named with what is there, what is wanted, and the cure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # the stub forgets them

from consumer.embedded import Endpoints
from consumer.kafka.removal import remove_installation
from consumer.kafka.topic_checks import Complaint, Gravity, _copies, _Found, check_topics
from consumer.kafka.topics import Topic, TopicNames, ensure_topics, wanted_topics
from consumer.settings import TopicSettings
from tests.topic_settings import set_of_topic

DELAYS = (60, 600)
WEEK = 7 * 24 * 3600


@dataclass
class Place:
    """The topics of one installation."""

    bootstrap: str
    settings: TopicSettings

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.settings.prefix)

    @property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap})

    def ensure(self) -> list[str]:
        return ensure_topics(
            self.bootstrap, self.names, topic_settings=self.settings, channels=["ebay"], retry_delays=DELAYS
        )

    def complaints(self, settings: TopicSettings | None = None, *, window: float | None = None) -> list[Complaint]:
        return check_topics(
            self.bootstrap,
            self.names,
            topic_settings=settings or self.settings,
            channels=["ebay"],
            retry_delays=DELAYS,
            oplog_window=window,
        )

    @contextmanager
    def altered(self, topic: str, setting: str, value: str) -> Iterator[Complaint]:
        """The only complaint while the topic has this setting."""
        before = set_of_topic(self.bootstrap, topic, setting, value)
        try:
            (complaint,) = self.complaints()
            assert complaint.topic == topic
            assert complaint.found.startswith(f"Topic {topic} has {setting}={value}")
            yield complaint
        finally:
            set_of_topic(self.bootstrap, topic, setting, before)


@pytest.fixture(scope="module")
def place(servers: Endpoints) -> Iterator[Place]:
    prefix = f"t{uuid.uuid4().hex[:11]}."
    place = Place(servers.kafka_bootstrap_servers, TopicSettings(prefix=prefix, partitions=2))
    assert len(place.ensure()) == len(wanted_topics(place.names, place.settings, ["ebay"], DELAYS))
    yield place
    remove_installation(place.bootstrap, prefix)


def test_topics_that_were_created_here_are_as_they_should_be(place: Place) -> None:
    assert place.complaints() == []
    assert place.ensure() == []
    assert place.complaints(window=WEEK - 1) == []


def test_a_topic_that_is_compacted_loses_changes(place: Place) -> None:
    with place.altered(place.names.products[1], "cleanup.policy", "compact") as complaint:
        assert complaint.gravity is Gravity.STOPS
        assert "delete is needed" in complaint.found
        assert "--add-config cleanup.policy=delete" in complaint.cure


def test_positions_that_are_not_compacted_are_lost_with_age(place: Place) -> None:
    with place.altered(place.names.positions, "cleanup.policy", "delete") as complaint:
        assert complaint.gravity is Gravity.STOPS
        assert "compact is needed" in complaint.found


def test_retention_that_is_shorter_than_the_settings_say(place: Place) -> None:
    with place.altered(place.names.products[0], "retention.ms", "3600000") as complaint:
        assert complaint.gravity is Gravity.LESS
        assert f"less than the {WEEK}000 wanted" in complaint.found
        assert "MARKETSYNC_TOPICS_RETENTION" in complaint.cure


def test_retention_that_is_shorter_than_what_waits_in_the_topic(place: Place) -> None:
    with place.altered(place.names.retry("ebay", 600), "retention.ms", "600000") as complaint:
        assert complaint.gravity is Gravity.STOPS
        assert "listings wait 600000 in it" in complaint.found
        assert "deleted before they are due" in complaint.found


def test_retention_by_size(place: Place) -> None:
    with place.altered(place.names.products[0], "retention.bytes", "1000000") as complaint:
        assert complaint.gravity is Gravity.LESS
        assert "-1 is wanted" in complaint.found


def test_retention_that_is_shorter_than_the_oplog_window(place: Place) -> None:
    (complaint,) = place.complaints(window=30 * 24 * 3600.0)
    assert complaint.gravity is Gravity.HINT
    assert "(and 5 more)" in complaint.found, "all that are keyed by product"
    assert "7.0 days, and MongoDB's oplog reaches back 30.0" in complaint.found
    assert "2592000 seconds" in complaint.cure


def test_a_largest_record_that_is_smaller_than_ours(place: Place) -> None:
    with place.altered(place.names.products[0], "max.message.bytes", "1000000") as complaint:
        assert complaint.gravity is Gravity.LESS
        assert "less than the 40065536 wanted: larger products become dead letters" in complaint.found
        assert "MARKETSYNC_TOPICS_MAX_MESSAGE_BYTES" in complaint.cure


def test_more_copies_in_sync_than_there_are(place: Place) -> None:
    with place.altered(place.names.products[0], "min.insync.replicas", "2") as complaint:
        assert complaint.gravity is Gravity.STOPS
        assert "1 copies: nothing can be written" in complaint.found


def test_another_number_of_partitions_than_set(place: Place) -> None:
    found = place.complaints(place.settings.model_copy(update={"partitions": 12}))
    assert len(found) == 6
    assert {complaint.gravity for complaint in found} == {Gravity.STOPS}
    assert found[0].found == f"Topic {place.names.products[0]} has 2 partitions, 12 are wanted"
    assert {complaint.cure.partition(",")[0] for complaint in found} == {"Set MARKETSYNC_TOPICS_PARTITIONS=2"}


def test_unequal_numbers_of_partitions_and_topics_that_are_missing(servers: Endpoints) -> None:
    prefix = f"t{uuid.uuid4().hex[:11]}."
    place = Place(servers.kafka_bootstrap_servers, TopicSettings(prefix=prefix, partitions=2))
    try:
        assert {complaint.cure for complaint in place.complaints()} == {"Create it with `marketsync init`."}
        odd = place.names.retry("ebay", 60)
        admin = place.admin
        admin.create_topics([NewTopic(odd, num_partitions=1, replication_factor=1)])[odd].result(20)
        assert odd not in place.ensure()
        partitions, *others = place.complaints()
        assert partitions.found == f"Topic {odd} has 1 partitions, 2 are wanted"
        assert "All topics keyed by product need the same number for ever" in partitions.cure
        # Made by hand, it has the broker's settings: which are these depends on the broker.
        assert all(complaint.topic == odd and complaint.gravity is Gravity.LESS for complaint in others)
    finally:
        remove_installation(place.bootstrap, prefix)


@pytest.mark.parametrize(
    ("copies", "insync", "brokers", "words"),
    [
        (1, 1, 1, None),
        (3, 2, 3, None),
        (2, 1, 3, None),
        (1, 1, 3, "1 copy on a cluster of 3 brokers"),
        (3, 3, 3, "takes nothing while one broker is away"),
        (3, 1, 3, "2 are wanted"),
        (1, 2, 1, "nothing can be written"),
    ],
)
def test_copies_on_clusters_of_several_brokers(copies: int, insync: int, brokers: int, words: str | None) -> None:
    topic = _Found(Topic("t", 1, {}), 1, copies, {"min.insync.replicas": str(insync)})
    found = list(_copies(topic, brokers))
    assert len(found) == (words is not None)
    assert words is None or words in found[0].found
