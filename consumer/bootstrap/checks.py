"""Is everything there that is needed? `marketsync check`: each finding in words, each failure with its cure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from consumer.bootstrap.account_checks import check_accounts
from consumer.bootstrap.accounts import channels_of
from consumer.bootstrap.start import find_servers, topic_names
from consumer.bootstrap.tenant_checks import Finding, check_tenants
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.kafka.probe import cluster_of
from consumer.kafka.topic_checks import Complaint, Gravity, check_topics
from consumer.mongo import Document, PyMongoError, connect
from consumer.mongo.oplog import OplogHiddenError, oplog_begin
from consumer.mongo.words import in_words
from consumer.settings import Settings

# Seconds a healthy Kafka never needs for a first answer.
_KAFKA_DEADLINE = 5.0
# Of more topics with the same trouble only the number is told.
_NAMED = 4


def check(settings: Settings) -> list[Finding]:
    """Look at servers, topics and credentials. Writes nothing; never raises for what it is there to find."""
    try:
        endpoints = find_servers(settings)
    except MarketsyncError as error:
        without = Finding("servers", str(error), "Set both variables, or start servers here.")
        return [without, *check_accounts(settings, None)]
    # Together, so that the person waits for the slowest server and not for the sum.
    with ThreadPoolExecutor() as threads:
        accounts = threads.submit(check_accounts, settings, endpoints)
        channels = threads.submit(_channels, settings, endpoints)
        mongodb = threads.submit(_check_mongodb, settings, endpoints)
        window = threads.submit(_oplog_window, endpoints)
        kafka = list(_check_kafka(settings, endpoints, channels, window))
        first, *others = accounts.result()
        return [first, *kafka, *mongodb.result(), *others]


def _channels(settings: Settings, endpoints: Endpoints) -> list[str]:
    """Whose topics are looked at; none where that cannot be known, of which others tell."""
    try:
        return channels_of(settings, endpoints)
    except MarketsyncError:
        return []


def _check_mongodb(settings: Settings, endpoints: Endpoints) -> list[Finding]:
    try:
        return list(_look_at_mongodb(settings, endpoints))
    except PyMongoError as error:
        cure = "Is it running, and are host, user and password in MONGODB_URI right? Can this machine reach it?"
        return [Finding("MongoDB", in_words(error), cure)]


def _look_at_mongodb(settings: Settings, endpoints: Endpoints) -> Iterator[Finding]:
    with connect(endpoints.mongodb_uri) as client:
        hello = client.admin.command("hello")
        yield Finding("MongoDB", f"answers (version {client.server_info()['version']})")
        yield _replica_set_finding(hello)
        yield from check_tenants(settings, endpoints, client)


def _replica_set_finding(hello: Document) -> Finding:
    if hello.get("setName") or hello.get("msg") == "isdbgrid":
        return Finding("replica set", hello.get("setName") or "sharded cluster")
    return Finding(
        "replica set",
        "a stand-alone server, which has no change streams",
        "Start mongod with --replSet rs0 and run rs.initiate() once; a set of one member is enough, data stays.",
    )


def _oplog_window(endpoints: Endpoints) -> float | None:
    """For how many seconds MongoDB keeps changes; None where that cannot be seen, which another finding tells."""
    try:
        with connect(endpoints.mongodb_uri) as client:
            return time.time() - oplog_begin(client)[0]
    except (PyMongoError, OplogHiddenError):
        return None


def _check_kafka(
    settings: Settings, endpoints: Endpoints, channels: Future[list[str]], window: Future[float | None]
) -> Iterator[Finding]:
    kafka = endpoints.kafka_bootstrap_servers
    if cluster_of(kafka, deadline=_KAFKA_DEADLINE) is None:
        yield Finding(
            "Kafka", f"Kafka at {kafka} does not answer", "Start it, or correct KAFKA_BOOTSTRAP_SERVERS (host:port)."
        )
        return
    try:
        complaints = check_topics(
            kafka,
            topic_names(settings),
            topic_settings=settings.topics,
            channels=channels.result(),
            retry_delays=settings.delivery.retry_delays,
            oplog_window=window.result(),
        )
    except MarketsyncError as error:
        yield Finding("Kafka", str(error), "See the message.")
        return
    yield Finding("Kafka", "answers")
    yield from _topic_findings(complaints)


def _topic_findings(complaints: Sequence[Complaint]) -> Iterator[Finding]:
    """One finding for each cure: before the first `init` every topic is missing, and one line says it."""
    by_cure: dict[str, list[Complaint]] = {}
    for complaint in complaints:
        by_cure.setdefault(complaint.cure, []).append(complaint)
    for cure, alike in by_cure.items():
        first, *others = alike
        named = ", ".join(other.topic for other in others) if len(others) <= _NAMED else f"{len(others)} more topics"
        found = first.found + (f" (and {named})" if others else "")
        if first.gravity is Gravity.HINT:
            yield Finding("topics", found, advice=cure)
        else:
            yield Finding("topics", found, cure)
    if not complaints:
        yield Finding("topics", "all there")
