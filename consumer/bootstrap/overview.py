"""How things stand: `marketsync status`. Read from the listing store and from Kafka, so it works while nothing runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumer.bootstrap.accounts import channels_of
from consumer.bootstrap.credential_commands import CredentialRow, list_credentials
from consumer.bootstrap.start import capture_leases, named_databases, settings_of_stream, topic_names
from consumer.bootstrap.tenant_streams import registered, streams_of
from consumer.bootstrap.waiting import Waiting, read_waiting
from consumer.capture.positions import Position, decode_position, stream_key
from consumer.capture.snapshots.progress import SnapshotProgress, decode_progress, snapshot_key
from consumer.capture.streams import StreamPlan
from consumer.control.jobs import COLLECTION as JOBS
from consumer.control.jobs import Job, JobStore
from consumer.delivery.assembly import group_of
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore, Standing
from consumer.embedded import Endpoints
from consumer.kafka.compacted import read_compacted
from consumer.kafka.lag import TopicLag, group_lag
from consumer.kafka.topics import missing_topics
from consumer.listings.state import ListingState, Status
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import PyMongoError, connect, connect_async
from consumer.mongo.change_stream import token_time
from consumer.mongo.lease import LeaseReport
from consumer.mongo.words import unavailable
from consumer.settings import Settings

# Enough to group; a shop with more broken listings than this has one cause.
_MOST_PROBLEMS = 5000
_EXAMPLES = 3
_MOST_JOBS = 5
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Listings with the same trouble. cure: what to do, may be empty. examples: their listing ids."""

    channel: str
    status: Status
    message: str
    cure: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptureProgress:
    """How far one stream came. age: seconds since the moment up to which every change is captured, None before a start.

    An idle stream stores its position only now and then, so its age grows up to that pause.
    snapshots: tenant -> how far the reading of all its products came. lease: who leads, None when nobody ever did.
    """

    stream: str
    age: float | None
    snapshots: Mapping[str, SnapshotProgress]
    lease: LeaseReport | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. listings: (channel, account, tenant) -> status -> count. lags: consumer group -> its topics.

    captures: one per stream. tenant_problems: whose document in the registry cannot be used -> why. waiting: who stands
    still, and what is owed. jobs: begun last, newest first. quotas: how much is used of what the channels allow.
    credentials: those that need a person.
    """

    listings: Mapping[tuple[str, str, str], Mapping[Status, int]]
    problems: Sequence[ProblemGroup]
    lags: Mapping[str, Sequence[TopicLag]]
    captures: Sequence[CaptureProgress]
    tenant_problems: Mapping[str, str]
    waiting: Sequence[Waiting]
    jobs: Sequence[Job] = ()
    quotas: Sequence[Standing] = ()
    credentials: Sequence[CredentialRow] = ()


def read_overview(settings: Settings, endpoints: Endpoints) -> Overview:
    """Read how things stand now. Raises UnavailableError when a server does not answer or nothing was set up yet."""
    try:
        listings, problems, waiting, jobs, quotas = asyncio.run(_read_store(settings, endpoints))
        plans, tenant_problems, leases = _read_streams(settings, endpoints)
    except PyMongoError as error:
        raise unavailable(error) from error
    names = topic_names(settings)
    kafka = endpoints.kafka_bootstrap_servers
    lags = {}
    for channel in channels_of(settings, endpoints):
        topics = (*names.products, *(names.retry(channel, delay) for delay in settings.delivery.retry_delays))
        group = group_of(channel, names)
        lags[group] = group_lag(kafka, group, topics)
    records = {} if missing_topics(kafka, [names.positions]) else read_compacted(kafka, names.positions)
    captures = [_progress(plan, records, leases[plan.name]) for plan in plans]
    needy = [row for row in list_credentials(settings, endpoints) if row.warned]
    return Overview(listings, group_problems(problems), lags, captures, tenant_problems, waiting, jobs, quotas, needy)


def _read_streams(
    settings: Settings, endpoints: Endpoints
) -> tuple[Sequence[StreamPlan], Mapping[str, str], Mapping[str, LeaseReport | None]]:
    """The streams there should be, what is wrong with the registry, and who leads each stream."""
    plans: Sequence[StreamPlan] = [StreamPlan(settings.capture.stream, tuple(named_databases(settings).items()))]
    problems: Mapping[str, str] = {}
    with connect(endpoints.mongodb_uri) as client:
        if settings.place.tenant_registry:
            registry = registered(settings, endpoints, client)
            problems = registry.problems
            plans = list(streams_of(settings, endpoints, registry).values())
        leases = {
            plan.name: capture_leases(client, settings_of_stream(settings, plan.name), timeout=_PATIENCE).report()
            for plan in plans
        }
    return plans, problems, leases


async def _read_store(
    settings: Settings, endpoints: Endpoints
) -> tuple[
    Mapping[tuple[str, str, str], Mapping[Status, int]],
    list[ListingState],
    list[Waiting],
    Sequence[Job],
    Sequence[Standing],
]:
    async with connect_async(endpoints.mongodb_uri) as client:
        database = client[settings.place.database]
        store = ListingStore(database[COLLECTION], settings.topics.partitions)
        jobs = await JobStore(database[JOBS], "status").recent(_MOST_JOBS)
        problems = await store.problems(_MOST_PROBLEMS)
        quotas = await QuotaStore(database[QUOTAS]).standings()
        return await store.counts_by_status(), problems, await read_waiting(database), jobs, quotas


def group_problems(states: Sequence[ListingState]) -> list[ProblemGroup]:
    """The same trouble once, most frequent first."""
    groups: dict[tuple[str, Status, str, str], list[str]] = {}
    for state in states:
        channel = state.id.partition("/")[0]
        words = {(f"{p.field}: {p.message}", p.cure) for p in state.problems} or {(state.error or state.reason, "")}
        for message, cure in words:
            groups.setdefault((channel, state.status, message, cure), []).append(state.id)
    return [
        ProblemGroup(channel, status, message, cure, len(ids), tuple(ids[:_EXAMPLES]))
        for (channel, status, message, cure), ids in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _age(position: Position) -> float:
    seconds, _ = token_time(position.token) or position.time
    return time.time() - seconds


def _progress(plan: StreamPlan, records: Mapping[bytes, bytes], lease: LeaseReport | None) -> CaptureProgress:
    position = records.get(stream_key(plan.name))
    progress = {tenant: records.get(snapshot_key(plan.name, database)) for tenant, database in plan.databases}
    return CaptureProgress(
        stream=plan.name,
        age=_age(decode_position(position)) if position else None,
        snapshots={tenant: decode_progress(value) for tenant, value in progress.items() if value},
        lease=lease,
    )
