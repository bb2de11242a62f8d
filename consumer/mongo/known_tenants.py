"""The PIM's registry of tenants and our memory of it: who starts while it cannot be read knows the tenants too.

The memory is in our own database. Tenants with a MongoDB of their own are left out: their addresses hold passwords.
"""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from consumer.mongo.registry import read_registry
from consumer.mongo.tenants import Registry, Tenant

Document = dict[str, Any]

COLLECTION = "tenants"


class KnownTenants:
    """One registry. One thread uses it. All methods raise PyMongoError.

    client: of the installation's own MongoDB. name: the registry's database. stored: where it is remembered.
    """

    def __init__(self, client: MongoClient[Document], name: str, stored: Collection[Document]) -> None:
        self._client = client
        self._name = name
        self._stored = stored
        self._last: list[dict[str, str]] | None = None

    def read(self) -> list[Document]:
        """Its documents, as `read_registry`."""
        return read_registry(self._client, self._name)

    def recall(self) -> Registry:
        """What was remembered last; without entries when nothing was."""
        found = self._stored.find_one({"_id": self._name}) or {}
        entries = found.get("entries", [])
        self._last = entries
        return Registry({one["key"]: Tenant(one["name"], one["database"], one["status"]) for one in entries})

    def remember(self, registry: Registry) -> None:
        """Keep these, if they are others than those remembered last."""
        entries = [
            {"key": key, "name": tenant.name, "database": tenant.database, "status": tenant.status}
            for key, tenant in sorted(registry.entries.items())
            if tenant.address is None
        ]
        if entries != self._last:
            self._stored.replace_one({"_id": self._name}, {"entries": entries}, upsert=True)
            self._last = entries
