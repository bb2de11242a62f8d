"""Is everything there that is needed? `marketsync check`: each finding in words, each failure with its cure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from adapters.errors import AdapterError, AuthenticationError, ConfigurationError
from adapters.registry import make_adapter
from consumer.bootstrap.start import find_servers, topic_names
from consumer.bootstrap.tenant_checks import Finding, check_tenants
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.kafka.probe import cluster_of
from consumer.kafka.topic_checks import Complaint, Gravity, check_topics
from consumer.listings.accounts import Account
from consumer.listings.accounts.environment import accounts_from_environment
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
    findings: list[Finding] = []
    accounts: Sequence[Account] = ()
    try:
        accounts = accounts_from_environment(settings)
        findings.append(_accounts_finding(accounts))
    except MarketsyncError as error:
        findings.append(Finding("accounts", str(error), "Set the variable and check again."))
    channels = sorted({account.channel for account in accounts})
    # Together, so that the person waits for the slowest server and not for the sum.
    with ThreadPoolExecutor() as threads:
        credentials = threads.submit(asyncio.run, _check_credentials(accounts))
        try:
            endpoints = find_servers(settings)
            mongodb = threads.submit(_check_mongodb, settings, endpoints)
            window = threads.submit(_oplog_window, endpoints)
            findings += _check_kafka(settings, endpoints, channels, window)
            findings += mongodb.result()
        except MarketsyncError as error:
            findings.append(Finding("servers", str(error), "Set both variables, or start servers here."))
        return findings + credentials.result()


def _accounts_finding(accounts: Sequence[Account]) -> Finding:
    if accounts:
        return Finding("accounts", ", ".join(f"{a.channel}/{a.name} of {a.tenant} ({a.mode})" for a in accounts))
    return Finding(
        "accounts",
        "none: nothing would be delivered",
        "Name tenants in MARKETSYNC_TENANTS and enable a channel, e.g. EBAY_ENABLED=true.",
    )


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
    settings: Settings, endpoints: Endpoints, channels: Sequence[str], window: Future[float | None]
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
            channels=channels,
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


async def _check_credentials(accounts: Sequence[Account]) -> list[Finding]:
    return [await _check_account(account) for account in accounts]


async def _check_account(account: Account) -> Finding:
    subject = f"{account.channel}/{account.name} of {account.tenant}"
    try:
        adapter = make_adapter(account.channel, account.settings)
        try:
            await adapter.test_connection()
        finally:
            await adapter.close()
    except AdapterError as error:
        return Finding(subject, error.message, _cure_of(error))
    return Finding(subject, "credentials and required settings work")


def _cure_of(error: AdapterError) -> str:
    if isinstance(error, AuthenticationError):
        return "Have the seller sign in again and set the new refresh token; check app id and secret."
    if isinstance(error, ConfigurationError):
        return "Correct the setting that is named."
    return "Try again; if it stays so, see the channel's status page and the address in the settings."
