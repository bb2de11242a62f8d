"""`marketsync resync`, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from consumer.bootstrap.accounts import accounts_of, enabled_accounts
from consumer.bootstrap.control import now, open_control, this_person
from consumer.bootstrap.start import named_databases, topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.capture.records import RecordWriter
from consumer.control import requests
from consumer.control.jobs import Job, delivering
from consumer.control.pim_states import PimStates
from consumer.control.requests import Request
from consumer.control.resync import Resync, TenantSize
from consumer.control.running import Watch
from consumer.embedded import Endpoints
from consumer.mongo import PyMongoError
from consumer.mongo.tenant_products import TenantProducts
from consumer.mongo.words import unavailable
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class ResyncRequest:
    """account: "" = all. codes: empty = every product. force: send although nothing changed. rate: states a second."""

    channel: str
    tenants: Sequence[str]
    account: str
    codes: Sequence[str]
    force: bool
    rate: float
    anew: bool


@dataclass(frozen=True, slots=True)
class ResyncPreview:
    """What a resync would send. sizes: of whole tenants. gone: (tenant, entity code) asked for, and not there."""

    sizes: Sequence[TenantSize]
    found: int
    gone: Sequence[tuple[str, str]]


def filters_of(
    tenants: Sequence[str], *, account: str = "", codes: Sequence[str] = (), force: bool = False
) -> Mapping[str, Any]:
    """What a resync's job remembers of what was asked for."""
    return {"tenants": sorted(set(tenants)), "account": account, "codes": sorted(set(codes)), "force": force}


def preview_resync(settings: Settings, endpoints: Endpoints, request: ResyncRequest) -> ResyncPreview:
    """Read, send nothing. Raises MarketsyncError."""
    tenants = _tenants(settings, endpoints, request)
    with make_resync(settings, endpoints) as (resync, _):
        return asyncio.run(_preview(resync, tenants, request.codes))


async def _preview(resync: Resync, tenants: Sequence[str], codes: Sequence[str]) -> ResyncPreview:
    if not codes:
        return ResyncPreview(await resync.size(tenants), 0, ())
    found, gone = 0, []
    for tenant in tenants:
        there, missing = await resync.find(tenant, codes)
        found += len(there)
        gone += [(tenant, code) for code in sorted(missing)]
    return ResyncPreview((), found, gone)


def run_resync(
    settings: Settings, endpoints: Endpoints, request: ResyncRequest, *, watch: Watch, say: Callable[[str], None]
) -> Job:
    """Begin a resync, or go on with the unfinished one of the same words. Raises MarketsyncError."""

    async def run() -> Job:
        async with open_control(settings, endpoints) as control:
            filters = filters_of(tenants, account=request.account, codes=request.codes, force=request.force)
            asked = Request("resync", request.channel, filters, this_person(), request.anew)
            job = await requests.unfinished(control.jobs, asked)
            if job is not None:
                say(f"Going on with {job.id}, begun {job.started:%Y-%m-%d %H:%M} UTC by {job.who}.")
            job = job or await requests.begin(control.jobs, asked, {}, now)
            accounts = await asyncio.to_thread(enabled_accounts, settings, endpoints, request.channel)
            job = await resync.run(job, control.runner(request.rate, watch, accounts))
            return await control.jobs.save(delivering(job))

    tenants = _tenants(settings, endpoints, request)
    with make_resync(settings, endpoints) as (resync, _):
        return asyncio.run(run())


@contextmanager
def make_resync(settings: Settings, endpoints: Endpoints) -> Iterator[tuple[Resync, TenantProducts]]:
    """A resync of these settings, and where it reads. Connects on first use.

    Raises UnavailableError where MongoDB fails inside.
    """
    databases = {database: tenant for tenant, database in named_databases(settings).items()}
    writer = RecordWriter(topic_names(settings), limit=settings.topics.max_message_bytes, tenants=databases)
    with tenant_products(settings, endpoints) as products:
        try:
            yield Resync(products, PimStates(writer), chunk=settings.capture.snapshot_chunk, clock=now), products
        except PyMongoError as error:
            raise unavailable(error) from error


def _tenants(settings: Settings, endpoints: Endpoints, request: ResyncRequest) -> list[str]:
    accounts = accounts_of(settings, endpoints, request.channel, tenants=request.tenants, account=request.account)
    return sorted({account.tenant for account in accounts})
