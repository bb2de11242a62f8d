"""What an installation needs before its first event: `marketsync init`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence

import structlog

from consumer.bootstrap.accounts import channels_of
from consumer.bootstrap.control import this_process
from consumer.bootstrap.credentials import utc_now
from consumer.bootstrap.start import configured_servers, named_databases, topic_names
from consumer.bootstrap.tenant_streams import pim_client, registered, streams_of
from consumer.control.jobs import COLLECTION as JOBS
from consumer.control.jobs import JobStore
from consumer.control.letter_book import COLLECTION as LETTERS
from consumer.control.letter_book import LetterBook
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError, UnavailableError
from consumer.kafka.topic_checks import Gravity, check_topics
from consumer.kafka.topics import ensure_topics, missing_topics
from consumer.listings.accounts.store import COLLECTION as ACCOUNTS
from consumer.listings.accounts.store import AccountStore
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import Database, Document, MongoClient, PyMongoError, connect, connect_async
from consumer.mongo.pim import PRODUCTS, enable_pre_images, pre_images_on
from consumer.mongo.words import in_words, unavailable
from consumer.settings import Settings

_log = structlog.get_logger()


def initialise(settings: Settings, endpoints: Endpoints) -> Iterator[str]:
    """Create what is missing; says what was done, line by line. Idempotent.

    Raises UnavailableError when a server cannot be reached or refuses, SettingsError when an account is unusable.
    """
    channels = channels_of(settings, endpoints)
    try:
        yield from _prepare_mongodb(settings, endpoints)
    except PyMongoError as error:
        raise unavailable(error) from error
    created = ensure_topics(
        endpoints.kafka_bootstrap_servers,
        topic_names(settings),
        topic_settings=settings.topics,
        channels=channels,
        retry_delays=settings.delivery.retry_delays,
    )
    yield from (f"topic {name} created" for name in created)
    if not created:
        yield "topics: all there"


def prepare_channel(settings: Settings, endpoints: Endpoints, channel: str) -> str:
    """What a channel's first account needs. Servers of this machine get it; of others it is said what is missing.

    Returns words for a person, "" if all is there.
    """
    try:
        if configured_servers(settings) is None:
            ensure_topics(
                endpoints.kafka_bootstrap_servers,
                topic_names(settings),
                topic_settings=settings.topics,
                channels=[channel],
                retry_delays=settings.delivery.retry_delays,
            )
            return ""
        missing = missing_topics(endpoints.kafka_bootstrap_servers, _topics_of(settings, channel))
    except UnavailableError as error:
        return f"whether its topics exist is not known: {error}. `marketsync init` creates what is missing"
    return f"its topics do not exist yet ({', '.join(missing)}): `marketsync init` creates them" if missing else ""


def ready_to_run(settings: Settings, endpoints: Endpoints) -> None:
    """Make embedded servers ready without asking; refuse to run on others before somebody has said `init`.

    Raises UnavailableError or SettingsError in words.
    """
    if configured_servers(settings) is None:
        for done in initialise(settings, endpoints):
            _log.info("prepared", done=done)
        return
    refuse_wrong_topics(settings, endpoints, channels_of(settings, endpoints))


def refuse_wrong_topics(
    settings: Settings, endpoints: Endpoints, channels: Sequence[str], *, only: Collection[str] = ()
) -> None:
    """Start nothing on topics that break a promise; say what is less than the settings want.

    channels: whose topics are looked at beside capture's. only: those that matter, empty = all. Raises UnavailableError
    in words.
    """
    complaints = check_topics(
        endpoints.kafka_bootstrap_servers,
        topic_names(settings),
        topic_settings=settings.topics,
        channels=channels,
        retry_delays=settings.delivery.retry_delays,
    )
    if only:
        complaints = [complaint for complaint in complaints if complaint.topic in only]
    wrong = [complaint for complaint in complaints if complaint.gravity is Gravity.STOPS]
    if wrong:
        more = f" ({len(wrong) - 1} more: `marketsync check`)" if len(wrong) > 1 else ""
        raise UnavailableError(f"{wrong[0]}{more}")
    for complaint in complaints:
        if complaint.gravity is Gravity.LESS:
            _log.warning("a topic promises less than the settings say", found=complaint.found, cure=complaint.cure)


def require_topics(settings: Settings, endpoints: Endpoints, channel: str) -> None:
    """Refuse to deliver a channel without the right topics. A Kafka that is away is waited for by delivery.

    Raises UnavailableError naming what is missing or wrong.
    """
    needed = _topics_of(settings, channel)
    try:
        missing = missing_topics(endpoints.kafka_bootstrap_servers, needed)
    except UnavailableError as error:
        _log.warning("Kafka is waited for", error=str(error))
        return
    if missing:
        raise UnavailableError(f"Not all topics exist ({', '.join(missing)}). Create them with `marketsync init`.")
    refuse_wrong_topics(settings, endpoints, [channel], only=needed)


def _topics_of(settings: Settings, channel: str) -> list[str]:
    """What delivery of a channel reads and writes."""
    names = topic_names(settings)
    retries = (names.retry(channel, delay) for delay in settings.delivery.retry_delays)
    return [*names.products, *retries, names.dead_letters(channel)]


def _prepare_mongodb(settings: Settings, endpoints: Endpoints) -> Iterator[str]:
    with connect(endpoints.mongodb_uri) as client:
        if settings.place.tenant_registry:
            yield from _prepare_registered(settings, endpoints, client)
        for name in named_databases(settings).values():
            yield _turn_on_images(client[name])
    asyncio.run(_create_indexes(settings, endpoints))
    yield f"indexes of {settings.place.database}.{COLLECTION}: there"
    yield f"schema of {settings.place.database}.{ACCOUNTS}: there"


def _prepare_registered(settings: Settings, endpoints: Endpoints, home: MongoClient[Document]) -> Iterator[str]:
    """The databases of the registry's active tenants. One that cannot be prepared is told and stops no other."""
    registry = registered(settings, endpoints, home)
    yield from (f"{whose}: left out, {words}" for whose, words in registry.problems.items())
    for plan in streams_of(settings, endpoints, registry).values():
        try:
            with pim_client(plan.addresses[0], home) as client:
                yield from (_turn_on_images(client[name]) for _, name in plan.databases)
        except (PyMongoError, MarketsyncError) as error:
            words = in_words(error) if isinstance(error, PyMongoError) else str(error)
            yield f"tenants {', '.join(plan.tenants)} at {plan.servers}: left out, {words}"


def _turn_on_images(database: Database[Document]) -> str:
    already_on = pre_images_on(database)
    if not already_on:
        enable_pre_images(database)
    return f"pre-images of {database.name}.{PRODUCTS}: {'on' if already_on else 'turned on'}"


async def _create_indexes(settings: Settings, endpoints: Endpoints) -> None:
    async with connect_async(endpoints.mongodb_uri) as client:
        database = client[settings.place.database]
        await ListingStore(database[COLLECTION], settings.topics.partitions).ensure_indexes()
        await LetterBook(database[LETTERS]).ensure_indexes()
        await JobStore(database[JOBS], this_process()).ensure_indexes()
        await AccountStore(database[ACCOUNTS], now=utc_now).prepare()
