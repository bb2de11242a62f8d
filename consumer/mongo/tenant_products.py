"""Where each tenant's products are, and what they are now. Blocking; for threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from consumer.mongo.address import ClusterAddress
from consumer.mongo.current_products import Reading, Relatives, read_current
from consumer.mongo.registry import read_registry
from consumer.mongo.tenants import Registry, Tenant, understand

Document = dict[str, Any]


class RegisteredTenants:
    """The tenants of the PIM's registry, as they were known last. interval: seconds between two looks at it.

    home: client of the installation's own MongoDB; address: the same one's. clock: seconds that never jump.
    """

    def __init__(
        self,
        home: MongoClient[Document],
        database: str,
        *,
        address: ClusterAddress,
        interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._home = home
        self._database = database
        self._address = address
        self._interval = interval
        self._clock = clock
        self._registry = Registry()
        self._read_at: float | None = None

    def find(self, name: str) -> Tenant | None:
        """The active tenant of this name, if there is one. Raises PyMongoError, MarketsyncError."""
        now = self._clock()
        if self._read_at is None or now - self._read_at >= self._interval:
            documents = read_registry(self._home, self._database)
            self._registry = understand(documents, self._registry, home=self._address)
            self._read_at = now
        return next((tenant for tenant in self._registry.tenants if tenant.name == name and tenant.active), None)


class TenantProducts:
    """Reads products of any tenant. find: its place, None where there is no such tenant now.

    home: client of the installation's own MongoDB; lives longer. connect: makes a client for another MongoDB.
    """

    def __init__(
        self,
        home: MongoClient[Document],
        find: Callable[[str], Tenant | None],
        connect: Callable[[str], MongoClient[Document]],
    ) -> None:
        self._home = home
        self._find = find
        self._connect = connect
        self._clients: dict[str, MongoClient[Document]] = {}
        self._lock = threading.Lock()

    def read(self, tenant: str, codes: Iterable[str], relatives: Relatives | None = None) -> Reading | None:
        """The current versions of these products; None where there is no such tenant now, or it is suspended.

        relatives: see `read_current`. Raises PyMongoError, MarketsyncError.
        """
        with self._lock:
            place = self._find(tenant)
            return None if place is None else read_current(self._client(place)[place.database], codes, relatives)

    def database(self, tenant: str) -> Database[Document] | None:
        """Where this tenant's products are; None as above. Raises PyMongoError, MarketsyncError."""
        with self._lock:
            place = self._find(tenant)
            return None if place is None else self._client(place)[place.database]

    def close(self) -> None:
        """Close the clients of other MongoDBs."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, place: Tenant) -> MongoClient[Document]:
        if place.address is None:
            return self._home
        address = place.address.get_secret_value()
        known = self._clients.get(address)
        if known is None:
            known = self._clients[address] = self._connect(address)
        return known
