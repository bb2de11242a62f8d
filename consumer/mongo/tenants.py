"""Which tenants there are, from the documents of the PIM's registry. Pure.

A document that cannot be used is one tenant's trouble: it is told in words, and that tenant stays as it was known last.
So a slip of the keyboard never stops a tenant, and never touches another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from consumer.errors import MarketsyncError
from consumer.mongo.address import AddressError, ClusterAddress, read_address
from consumer.mongo.pim import tenant_database

# What keys, headers and ids of ours are made of: no slash, which divides them.
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# What MongoDB takes as a database name on every system.
_DATABASE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_-]{0,62}")
_SYSTEM = frozenset(("admin", "config", "local"))

ACTIVE = "active"
_STATUSES = (ACTIVE, "suspended", "pending")

_EMPTY = "it holds no tenants: those known last stay. To stop a tenant, set its status to suspended."


class _UnusableError(MarketsyncError):
    """A document cannot be used. The message quotes nothing that may be secret."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant. address: connection string of a MongoDB of its own, None = that of the installation."""

    name: str
    database: str
    status: str
    address: SecretStr | None = None

    @property
    def active(self) -> bool:
        """Whether its changes are captured."""
        return self.status == ACTIVE


@dataclass(frozen=True, slots=True)
class Registry:
    """What is known. entries: `_id` of the document, as text → tenant. problems: whose → what is wrong and the cure."""

    entries: Mapping[str, Tenant] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def tenants(self) -> list[Tenant]:
        """All of them, by name."""
        return sorted(self.entries.values(), key=lambda tenant: tenant.name)


def understand(documents: Iterable[Mapping[str, Any]], before: Registry, *, home: ClusterAddress) -> Registry:
    """The registry as these documents say.

    before: what was known until now; stays where they are of no use. home: the installation's own MongoDB.
    """
    found: dict[str, Tenant] = {}
    problems: dict[str, str] = {}
    seen = False
    for document in documents:
        seen = True
        key = repr(document.get("_id"))
        try:
            found[key] = _read_tenant(document)
        except _UnusableError as error:
            problems[_subject(document)] = str(error)
            if key in before.entries:
                found[key] = before.entries[key]
    if not seen:
        return Registry(before.entries, {"registry": _EMPTY})
    _settle(found, before, problems, home)
    return Registry(found, problems)


def cluster_of(tenant: Tenant, home: ClusterAddress) -> ClusterAddress:
    """Where the tenant's database is."""
    return home if tenant.address is None else read_address(tenant.address.get_secret_value())


def _read_tenant(document: Mapping[str, Any]) -> Tenant:
    name, status = document.get("tenant_id"), document.get("status")
    if not isinstance(name, str) or not _TENANT.fullmatch(name):
        raise _UnusableError("tenant_id has to be text of letters, digits, dot, dash and underscore.")
    if status not in _STATUSES:
        raise _UnusableError(f"status has to be one of {', '.join(_STATUSES)}.")
    place = document.get("database")
    if place is None:
        place = {}
    if not isinstance(place, Mapping):
        raise _UnusableError("database has to be a document with mongo_url and mongo_db, or be left out.")
    database = _text(place, "mongo_db") or tenant_database(name)
    if not _DATABASE.fullmatch(database) or database in _SYSTEM:
        raise _UnusableError("database.mongo_db is no name that a tenant's database can have.")
    return Tenant(name, database, str(status), _address(place))


def _text(place: Mapping[str, Any], member: str) -> str:
    value = place.get(member)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _UnusableError(f"database.{member} has to be text.")
    return value


def _address(place: Mapping[str, Any]) -> SecretStr | None:
    url = _text(place, "mongo_url")
    if not url:
        return None
    try:
        read_address(url)
    except AddressError as error:
        raise _UnusableError(f"database.mongo_url cannot be used: {error}.") from None
    return SecretStr(url)


def _subject(document: Mapping[str, Any]) -> str:
    name = document.get("tenant_id")
    if isinstance(name, str) and _TENANT.fullmatch(name):
        return f"tenant {name}"
    return f"document {str(document.get('_id'))[:100]}"


def _settle(found: dict[str, Tenant], before: Registry, problems: dict[str, str], home: ClusterAddress) -> None:
    """Where two documents claim the same, none of them is believed: each stays as it was known last.

    Ends: what was known last holds no two claims to the same, so each round takes back at least one new claim.
    """
    while disputed := _disputed(found, home):
        for key, words in disputed.items():
            known = before.entries.get(key)
            if known != found[key]:
                problems[f"tenant {found[key].name}"] = words
            if known is None:
                del found[key]
            else:
                found[key] = known


def _disputed(found: Mapping[str, Tenant], home: ClusterAddress) -> dict[str, str]:
    """Key → why it is not believed."""

    def place(tenant: Tenant) -> Hashable:
        return cluster_of(tenant, home).hosts, tenant.database

    names = _more_than_one(found, lambda tenant: tenant.name)
    places = _more_than_one({key: tenant for key, tenant in found.items() if tenant.active}, place)
    return dict.fromkeys(places, "another active tenant has the same database; correct database.mongo_db.") | (
        dict.fromkeys(names, "another document has the same tenant_id; remove one of them.")
    )


def _more_than_one(found: Mapping[str, Tenant], claim: Callable[[Tenant], Hashable]) -> list[str]:
    counts = Counter(claim(tenant) for tenant in found.values())
    return [key for key, tenant in found.items() if counts[claim(tenant)] > 1]
