"""The streams of the tenants in the registry, put together: each with its own client, lease and thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from pydantic import SecretStr

from consumer.bootstrap.start import capture_leases
from consumer.capture import Capture, LeaseTiming, Permit, Watcher, this_process
from consumer.capture.keeper import Open
from consumer.capture.streams import StreamPlan, plan_streams
from consumer.capture.tenant_watch import TenantWatch
from consumer.capture.tenants import Registry, Tenant, understand
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.metrics import CaptureMetrics, TenantMetrics
from consumer.mongo import Document, MongoClient, PyMongoError, connect
from consumer.mongo.address import ClusterAddress, read_address
from consumer.mongo.registry import read_registry
from consumer.settings import Settings


def make_tenant_watch(
    settings: Settings,
    endpoints: Endpoints,
    client: MongoClient[Document],
    metrics: CaptureMetrics,
    tenant_metrics: TenantMetrics,
) -> TenantWatch:
    """Capture of all tenants of the registry. client: of the installation's own MongoDB; lives longer."""
    place = settings.place
    home = home_of(endpoints)
    return TenantWatch(
        lambda: read_registry(client, place.tenant_registry),
        planner(settings, home),
        opener(settings, endpoints, client, metrics),
        home=home,
        interval=place.tenant_registry_interval,
        metrics=tenant_metrics,
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


def opener(settings: Settings, endpoints: Endpoints, home: MongoClient[Document], metrics: CaptureMetrics) -> Open:
    """How streams are made. home: client of the installation's own MongoDB, where the leases are."""

    @contextmanager
    def open_stream(plan: StreamPlan, address: SecretStr | None) -> Iterator[TenantStream]:
        own = replace(settings, capture=settings.capture.model_copy(update={"stream": plan.name}))
        with pim_client(address, home) as pim:
            yield TenantStream(own, endpoints.kafka_bootstrap_servers, home, pim=pim, metrics=metrics)

    return open_stream


class TenantStream:
    """One stream whose tenants may change. `run` in one thread, the rest from any. home: client that has the leases."""

    def __init__(
        self,
        settings: Settings,
        bootstrap: str,
        home: MongoClient[Document],
        *,
        pim: MongoClient[Document],
        metrics: CaptureMetrics,
    ) -> None:
        self._settings = settings
        self._bootstrap = bootstrap
        self._pim = pim
        self._state = home[settings.place.database]
        self._metrics = metrics
        self._lock = threading.Lock()
        self._databases: Mapping[str, str] = {}
        self._capture: Capture | None = None
        timing = LeaseTiming(settings.capture.lease)
        self._watcher = Watcher(
            self._make,
            capture_leases(home, settings, timeout=timing.timeout),
            this_process(),
            stream=settings.capture.stream,
            timing=timing,
            metrics=metrics,
        )

    @property
    def leading(self) -> bool:
        """Whether this process follows the stream's tenants."""
        return self._watcher.leading

    def run(self) -> None:
        """Lead or stand by until `stop`. Raises what `Watcher.run` raises."""
        self._watcher.run()

    def stop(self) -> None:
        """Make `run` return after the transaction at hand."""
        self._watcher.stop()

    def follow(self, databases: Mapping[str, str]) -> None:
        """These tenants from now on: name → database."""
        with self._lock:
            self._databases = dict(databases)
            if self._capture is not None:
                self._capture.follow(databases)

    def unready(self) -> list[str]:
        """Why it neither captures nor stands by, in words."""
        return list(self._watcher.unready())

    def _make(self, permit: Permit) -> Capture:
        """The capture of one term."""
        with self._lock:
            self._capture = Capture(
                self._pim,
                self._bootstrap,
                tenants=self._databases,
                settings=self._settings.capture,
                topics=self._settings.topics,
                metrics=self._metrics,
            )
        self._capture.publish_while(permit)
        self._capture.keep_ids_in(self._state)
        return self._capture
