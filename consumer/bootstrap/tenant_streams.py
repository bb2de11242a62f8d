"""The streams of the tenants in the registry, put together: each with its own client, lease and thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from pydantic import SecretStr

from consumer.bootstrap.capture_stream import CaptureStream
from consumer.bootstrap.start import settings_of_stream
from consumer.capture.forget import forget_progress
from consumer.capture.keeper import Open
from consumer.capture.streams import StreamPlan, plan_streams
from consumer.capture.tenant_watch import TenantWatch
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.health import Registry as MetricsRegistry
from consumer.metrics import capture_metrics, tenant_metrics
from consumer.mongo import Document, MongoClient, PyMongoError, connect
from consumer.mongo.address import ClusterAddress, read_address
from consumer.mongo.known_tenants import COLLECTION as KNOWN
from consumer.mongo.known_tenants import KnownTenants
from consumer.mongo.registry import read_registry
from consumer.mongo.tenants import Registry, Tenant, understand
from consumer.mongo.words import unavailable
from consumer.settings import Settings


def make_tenant_watch(
    settings: Settings,
    endpoints: Endpoints,
    client: MongoClient[Document],
    registry: MetricsRegistry,
) -> TenantWatch:
    """Capture of all tenants of the registry. client: of the installation's own MongoDB; lives longer."""
    place = settings.place
    home = home_of(endpoints)
    return TenantWatch(
        KnownTenants(client, place.tenant_registry, client[place.database][KNOWN]),
        planner(settings, home),
        opener(settings, endpoints, client, registry),
        home=home,
        interval=place.tenant_registry_interval,
        metrics=tenant_metrics(registry),
    )


def home_of(endpoints: Endpoints) -> ClusterAddress:
    """The installation's own MongoDB. Raises AddressError."""
    return read_address(endpoints.mongodb_uri)


def registered(settings: Settings, endpoints: Endpoints, client: MongoClient[Document]) -> Registry:
    """What the registry says now. Raises PyMongoError, MarketsyncError."""
    return understand(read_registry(client, settings.place.tenant_registry), Registry(), home=home_of(endpoints))


def streams_of(settings: Settings, endpoints: Endpoints, registry: Registry) -> Mapping[str, StreamPlan]:
    """The streams that follow the tenants of this registry, by name."""
    return planner(settings, home_of(endpoints))(registry.tenants)


def forget_streams(settings: Settings, endpoints: Endpoints) -> None:
    """Make every stream begin anew at its next start. Raises UnavailableError, SettingsError, MarketsyncError."""
    names = [settings.capture.stream]
    if settings.place.tenant_registry:
        try:
            with connect(endpoints.mongodb_uri) as client:
                names = list(streams_of(settings, endpoints, registered(settings, endpoints, client)))
        except PyMongoError as error:
            raise unavailable(error) from error
    for name in names:
        own = settings_of_stream(settings, name)
        forget_progress(endpoints.kafka_bootstrap_servers, settings=own.capture, topics=own.topics)


def planner(settings: Settings, home: ClusterAddress) -> Callable[[Iterable[Tenant]], Mapping[str, StreamPlan]]:
    """Tenants → streams, as these settings say."""

    def plan(tenants: Iterable[Tenant]) -> Mapping[str, StreamPlan]:
        return plan_streams(tenants, home=home, stream=settings.capture.stream, only=settings.place.tenants)

    return plan


@contextmanager
def pim_client(address: SecretStr | None, home: MongoClient[Document]) -> Iterator[MongoClient[Document]]:
    """A client for a tenant's MongoDB. Raises UnavailableError when the address cannot be used."""
    if address is None:
        yield home
        return
    try:
        client = connect(address.get_secret_value())
    except (PyMongoError, ValueError, TypeError):
        # Without the driver's words: they quote what they do not understand.
        raise UnavailableError(
            "mongo_url cannot be used: an option in it is wrong, or its name is not known."
        ) from None
    with client:
        yield client


def opener(settings: Settings, endpoints: Endpoints, home: MongoClient[Document], registry: MetricsRegistry) -> Open:
    """How streams are made. home: client of the installation's own MongoDB, where the leases are."""

    metrics = capture_metrics(registry)

    @contextmanager
    def open_stream(plan: StreamPlan, address: SecretStr | None) -> Iterator[CaptureStream]:
        own = settings_of_stream(settings, plan.name)
        with pim_client(address, home) as pim:
            yield CaptureStream(
                own, endpoints.kafka_bootstrap_servers, home, pim=pim, metrics=metrics, registry=registry
            )

    return open_stream
