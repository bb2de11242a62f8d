"""How every process begins: settings, logs, and which servers it uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from consumer import embedded
from consumer.embedded import Endpoints
from consumer.errors import SettingsError, UnavailableError
from consumer.kafka.brokers import Brokers
from consumer.kafka.topics import TopicNames
from consumer.logs import configure_logging
from consumer.mongo import Document, MongoClient
from consumer.mongo.lease import COLLECTION as LEASES
from consumer.mongo.lease import LeaseStore
from consumer.mongo.pim import databases_of
from consumer.settings import Settings, load_settings
from consumer.traces import configure_traces


def begin(process: str, *, level: str | None = None, **context: str) -> Settings:
    """Read the settings and send this process's logs where they say. level: instead of the configured one."""
    settings = load_settings()
    configure_logging(
        settings.place.log_format,
        level or settings.place.log_level,
        secrets=secrets_of(settings),
        context={"process": process, **context},
    )
    configure_traces(settings.traces.url, settings.traces.share, " ".join((process, *context.values())))
    return settings


def secrets_of(settings: Settings) -> set[str]:
    """Every secret among the settings, in the clear, so that logs can cut them out."""
    found: set[str] = set()
    groups = [getattr(settings, field.name) for field in fields(settings) if field.name != "selling"]
    for group in (*groups, *settings.selling.values()):
        for name in type(group).model_fields:
            value = getattr(group, name)
            # Of MongoDB's address only the password is secret; operators need the rest.
            if isinstance(value, SecretStr) and value is not settings.servers.mongodb_uri:
                found |= _pieces(value.get_secret_value())
    uri = settings.servers.mongodb_uri
    password = urlsplit(uri.get_secret_value()).password if uri else None
    return found | {password, unquote(password)} if password else found


def _pieces(secret: str) -> set[str]:
    """A secret, and what it is made of where it holds several: a list with commas, or a map in JSON."""
    pieces = {secret, *secret.split(",")}
    if secret.startswith("{"):
        with suppress(ValueError):
            pieces |= {str(value) for value in json.loads(secret).values()}
    return pieces


def configured_servers(settings: Settings) -> Endpoints | None:
    """The servers that the settings name. Raises SettingsError when only one of the two is named."""
    uri, kafka = settings.servers.mongodb_uri, settings.servers.kafka_bootstrap_servers
    if uri and kafka:
        brokers = Brokers(kafka, settings.kafka_security.of_client())
        return Endpoints(mongodb_uri=uri.get_secret_value(), kafka_bootstrap_servers=brokers)
    if uri or kafka:
        missing = "KAFKA_BOOTSTRAP_SERVERS" if uri else "MONGODB_URI"
        raise SettingsError(f"{missing} is missing, the other is set: set both, or neither for servers on this machine")
    return None


def find_servers(settings: Settings) -> Endpoints:
    """The configured servers, or the embedded ones that already run.

    Raises UnavailableError when there are neither, EmbeddedError never: nothing is started.
    """
    endpoints = configured_servers(settings) or embedded.status(settings.place.home).endpoints
    if endpoints is None:
        raise UnavailableError(
            "no servers: set MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS, or start servers on this machine with"
            " `marketsync embedded up`"
        )
    return endpoints


@contextmanager
def own_servers(settings: Settings, say: Callable[[str], None], *, lasting: bool = False) -> Iterator[Endpoints]:
    """The configured servers, or embedded ones: those that were not running before are stopped at the end.

    lasting: they are to run for long. say: gets a line before anything that takes long.
    """
    configured = configured_servers(settings)
    if configured:
        yield configured
        return
    home = settings.place.home
    ran_before = embedded.status(home).endpoints is not None
    try:
        say("Starting MongoDB and Kafka on this machine ...")
        yield embedded.start(home, lasting=lasting, say=say)
    finally:
        if not ran_before:
            embedded.stop(home)


def environment_of(endpoints: Endpoints) -> dict[str, str]:
    """What makes a child process use these servers."""
    return {"MONGODB_URI": endpoints.mongodb_uri, "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers}


def capture_leases(client: MongoClient[Document], settings: Settings, *, timeout: float) -> LeaseStore:
    """The lease of the configured stream. It is named as what it guards: the stream's transactional id."""
    name = f"{settings.topics.prefix}marketsync-capture-{settings.capture.stream}"
    return LeaseStore(client[settings.place.database][LEASES], name, timeout=timeout)


def settings_of_stream(settings: Settings, stream: str) -> Settings:
    """These settings for a capture of another stream."""
    return replace(settings, capture=settings.capture.model_copy(update={"stream": stream}))


def named_databases(settings: Settings) -> dict[str, str]:
    """Tenant → its database, of the tenants that the settings name; none where a registry says which there are."""
    place = settings.place
    if place.tenant_registry:
        return {}
    return databases_of(place.tenants) | {t: d for t, d in place.tenant_databases.items() if t in place.tenants}


def topic_names(settings: Settings) -> TopicNames:
    """The topics of this installation."""
    return TopicNames(settings.topics.prefix)
