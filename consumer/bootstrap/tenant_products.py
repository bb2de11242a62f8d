"""Where delivery reads products from, put together: of the tenants that are named, or of those of the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from consumer.bootstrap.start import named_databases
from consumer.bootstrap.tenant_streams import home_of
from consumer.embedded import Endpoints
from consumer.mongo import Document, MongoClient, connect
from consumer.mongo.pim import tenant_database
from consumer.mongo.tenant_products import RegisteredTenants, TenantProducts
from consumer.mongo.tenants import ACTIVE, Tenant
from consumer.settings import Settings


@contextmanager
def tenant_products(settings: Settings, endpoints: Endpoints) -> Iterator[TenantProducts]:
    """Products of every tenant. Connects on first use."""
    with connect(endpoints.mongodb_uri) as home:
        products = TenantProducts(home, _finder(settings, endpoints, home), connect)
        try:
            yield products
        finally:
            products.close()


def _finder(settings: Settings, endpoints: Endpoints, home: MongoClient[Document]) -> Callable[[str], Tenant | None]:
    place = settings.place
    if place.tenant_registry:
        registered = RegisteredTenants(
            home,
            place.tenant_registry,
            address=home_of(endpoints),
            interval=place.tenant_registry_interval,
            clock=time.monotonic,
        )
        return registered.find
    databases = named_databases(settings)
    return lambda name: Tenant(name, databases.get(name) or tenant_database(name), ACTIVE)
