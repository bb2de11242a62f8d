"""Which streams follow which tenants, and what has to change in those that run. Pure.

One stream follows all tenants that share a MongoDB and a user of it. Its name is made of those, so that a new password
changes nothing, while other servers mean another stream that begins anew: positions mean nothing elsewhere.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from consumer.mongo.address import ClusterAddress
from consumer.mongo.tenants import Tenant, cluster_of


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream. databases: tenant → its database. servers: in words, without anything secret.

    addresses: connection strings to try in turn, None = the installation's own MongoDB. More than one when tenants of
    the same servers have different strings: one of them that no longer works must not stop the others.
    """

    name: str
    databases: tuple[tuple[str, str], ...]
    servers: str = ""
    addresses: tuple[SecretStr | None, ...] = (None,)

    @property
    def tenants(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(tenant for tenant, _ in self.databases)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do with running streams. Tenants that joined are read whole by the stream itself."""

    start: tuple[StreamPlan, ...]
    reopen: tuple[StreamPlan, ...]
    stop: tuple[str, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]


def plan_streams(
    tenants: Iterable[Tenant], *, home: ClusterAddress, stream: str, only: Collection[str] = ()
) -> dict[str, StreamPlan]:
    """Stream name → plan, for the active tenants.

    home: the installation's own MongoDB, whose stream is called `stream`. only: leave out all other tenants, unless
    empty.
    """
    groups: dict[ClusterAddress, list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        if tenant.active and (not only or tenant.name in only):
            groups[cluster_of(tenant, home)].append(tenant)
    plans = [_plan(cluster, group, home=home, stream=stream) for cluster, group in groups.items()]
    return {plan.name: plan for plan in plans}


def compare(running: Mapping[str, StreamPlan], wanted: Mapping[str, StreamPlan]) -> Changes:
    """The way from what runs to what is wanted."""
    before = {tenant for plan in running.values() for tenant in plan.tenants}
    after = {tenant for plan in wanted.values() for tenant in plan.tenants}
    return Changes(
        start=tuple(plan for name, plan in wanted.items() if name not in running),
        reopen=tuple(plan for name, plan in wanted.items() if running.get(name, plan) != plan),
        stop=tuple(name for name in running if name not in wanted),
        joined=tuple(sorted(after - before)),
        left=tuple(sorted(before - after)),
    )


def _plan(cluster: ClusterAddress, group: list[Tenant], *, home: ClusterAddress, stream: str) -> StreamPlan:
    databases = tuple(sorted((tenant.name, tenant.database) for tenant in group))
    if cluster == home:
        return StreamPlan(stream, databases, str(home))
    addresses = {tenant.address: None for tenant in sorted(group, key=lambda tenant: tenant.name)}
    digest = hashlib.sha256("\n".join((*cluster.hosts, cluster.user, cluster.source)).encode()).hexdigest()
    return StreamPlan(f"{stream}-{digest[:12]}", databases, str(cluster), tuple(addresses))
