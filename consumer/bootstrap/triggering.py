"""Syncs and jobs, put together: for commands, the HTTP API and Python programs alike."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from adapters.registry import CHANNELS
from consumer.bootstrap.accounts import known_accounts
from consumer.bootstrap.control import Control, now, open_control, this_person
from consumer.bootstrap.start import named_databases, topic_names
from consumer.bootstrap.tenant_products import tenant_products
from consumer.capture.records import RecordWriter
from consumer.control.item_book import AccountProgress, ItemBook
from consumer.control.jobs import Job, JobState, JobTakenError, delivering
from consumer.control.pace import Pace
from consumer.control.pim_states import PimStates
from consumer.control.running import Runner, Watch
from consumer.control.sync_words import Priority, SyncOperation
from consumer.control.targets import Outbox
from consumer.control.triggers import (
    KIND,
    MOST_CODES,
    Place,
    SyncRequest,
    Triggers,
    UnknownProductError,
    UnknownTargetError,
    places_of,
    plan_of,
)
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.events import Operation
from consumer.listings.accounts import Account
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.listings.withholding import Withholding
from consumer.mongo import PyMongoError
from consumer.settings import Settings

_log = structlog.get_logger()

_TOPICS = {
    SyncOperation.CREATE: Operation.CREATED,
    SyncOperation.UPDATE: Operation.UPDATED,
    SyncOperation.DELETE: Operation.DELETED,
}


Places = Callable[[str], Awaitable[Sequence[Place]]]
"""The accounts of a tenant that are not off."""


class KeyReusedError(MarketsyncError):
    """An idempotency key came again with another request."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job, and how far its listings came. accounts: empty where the job keeps no items."""

    job: Job
    accounts: Sequence[AccountProgress]


class Syncs:
    """Begins, carries on, looks at and cancels jobs. It holds connections; see `open_syncs`."""

    def __init__(self, control: Control, triggers: Triggers, items: ItemBook, places: Places) -> None:
        self._control = control
        self._triggers = triggers
        self._items = items
        self._places = places

    async def begin(self, request: SyncRequest, who: str) -> Job:
        """A new job, not yet carried out; with a key that was used, the job of that time.

        Raises UnknownProductError, UnknownTargetError, KeyReusedError, MarketsyncError, PyMongoError.
        """
        if not request.codes or len(request.codes) > MOST_CODES:
            raise MarketsyncError(f"entity_codes: 1 to {MOST_CODES} are taken at once, there are {len(request.codes)}")
        if found := await self._of_key(request):
            return found
        places = places_of(request, await self._places(request.tenant), sorted(CHANNELS))
        await self._insist(request)
        started = datetime.fromtimestamp(int(now()), UTC)
        job = Job(_id(request), KIND, "", request.filters(), who, started, plan=plan_of(request, places))
        try:
            return await self._control.jobs.begin(job)
        except JobTakenError:  # the same key, at the same moment
            found = await self._of_key(request)
            if found is None:
                raise
            return found

    async def carry_out(self, job: Job, watch: Watch = lambda job: None) -> Job:
        """Send what is left of it. Raises JobTakenError where another process does, or it was cancelled."""
        if job.state is not JobState.RUNNING:
            return job
        low = job.filters["priority"] == Priority.LOW
        topic = Operation.READ if low else _TOPICS[SyncOperation(job.filters["operation"])]
        outbox = Outbox(self._control.producer, self._control.names, self._control.partitions, topic)
        try:
            job = await self._triggers.run(job, Runner(self._control.jobs, outbox, Pace(0), watch))
            return await self._control.jobs.save(delivering(job))
        except JobTakenError:
            found = await self._control.jobs.find(job.id)
            if found is not None and found.state is JobState.CANCELLED:  # what this step planned ends with the rest
                await self._items.cancel(job.id)
            raise

    async def resume(self, job_id: str, watch: Watch = lambda job: None) -> Job | None:
        """Go on with a sync that a crash left. None where there is no such running one."""
        found = await self._control.jobs.find(job_id)
        if found is None or found.kind != KIND:
            return None
        job = await self._control.jobs.claim(job_id)
        return None if job is None else await self.carry_out(job, watch)

    async def report(self, job_id: str, tenant: str = "") -> JobReport | None:
        """The job as it stands now. tenant: None is answered for a job of another one; "" = any."""
        job = await self._control.jobs.find(job_id)
        if job is None or (tenant and not _concerns(job, tenant)):
            return None
        if job.state in (JobState.RUNNING, JobState.DELIVERING):
            all_ended = await self._items.refresh(job_id)
            if all_ended and job.state is JobState.DELIVERING:
                await self._control.jobs.settle(job_id, now())
                job = await self._control.jobs.find(job_id) or job
        accounts = await self._items.progress(job_id)
        return JobReport(job, [one for one in accounts if not tenant or one.tenant == tenant])

    async def recent(self, most: int, tenant: str = "") -> list[Job]:
        """The newest jobs first."""
        return list(await self._control.jobs.recent(most, tenant))

    async def tend(self, silence: float = 60.0) -> None:
        """For ever: go on with syncs whose process is gone. silence: seconds without a step that say so."""
        while True:
            try:
                while (job := await self._control.jobs.claim_silent(KIND, silence=silence)) is not None:
                    _log.warning("going on with a sync that somebody left unfinished", job=job.id)
                    await self.carry_out(job)
            except (MarketsyncError, PyMongoError) as error:
                _log.warning("syncs that were left unfinished wait", error=str(error))
            await asyncio.sleep(silence)

    async def cancel(self, job_id: str) -> Job | None:
        """What was not sent yet stays unsent; what is on its way is delivered. None where it has ended."""
        job = await self._control.jobs.cancel(job_id)
        if job is not None:
            await self._items.cancel(job_id)
        return job

    async def _of_key(self, request: SyncRequest) -> Job | None:
        found = await self._control.jobs.find(_id(request)) if request.key else None
        if found is not None and found.filters != request.filters():
            raise KeyReusedError("this idempotency key was used for another request; use a new one for each")
        return found

    async def _insist(self, request: SyncRequest) -> None:
        """One product that nobody knows is a mistake; among many it is one that is gone."""
        if len(request.codes) > 1 or not await self._triggers.missing(request.tenant, request.codes):
            return
        query = {"tenant": request.tenant, "entity_code": request.codes[0]}
        if await self._control.state[LISTINGS].find_one(query) is None:
            raise UnknownProductError(f"entity_code: {request.tenant} has no product {request.codes[0]!r}")


class PlaceBook:
    """The accounts of a tenant that are not off."""

    def __init__(self, settings: Settings, endpoints: Endpoints) -> None:
        self._settings = settings
        self._endpoints = endpoints

    async def of(self, tenant: str) -> list[Place]:
        """Raises UnavailableError, SettingsError."""
        known = await asyncio.to_thread(known_accounts, self._settings, self._endpoints)
        accounts = [one for one in known if isinstance(one, Account)]
        return [Place(one.channel, one.name) for one in accounts if one.tenant == tenant and one.mode != "off"]


@asynccontextmanager
async def open_syncs(settings: Settings, endpoints: Endpoints) -> AsyncIterator[Syncs]:
    """Raises UnavailableError where MongoDB fails inside."""
    databases = {database: tenant for tenant, database in named_databases(settings).items()}
    writer = RecordWriter(topic_names(settings), limit=settings.topics.max_message_bytes, tenants=databases)
    with tenant_products(settings, endpoints) as products:
        async with open_control(settings, endpoints) as control:
            items = control.items
            await items.prepare()
            withholding = Withholding(control.state[LISTINGS], control.partitions)
            triggers = Triggers(products, PimStates(writer), items, withholding, clock=now)
            yield Syncs(control, triggers, items, PlaceBook(settings, endpoints).of)


async def sync(settings: Settings, endpoints: Endpoints, request: SyncRequest, watch: Watch = lambda job: None) -> Job:
    """Begin a sync and send all of it, for the user of this machine. Raises MarketsyncError."""
    async with open_syncs(settings, endpoints) as syncs:
        return await syncs.carry_out(await syncs.begin(request, this_person()), watch)


def tenant_or_only(settings: Settings, tenant: str) -> str:
    """The tenant that is named, or the only one there is. Raises UnknownTargetError."""
    if tenant:
        return tenant
    if len(settings.place.tenants) == 1:
        return next(iter(settings.place.tenants))
    raise UnknownTargetError("tenant: name one, there are several or they stand in a registry")


def _id(request: SyncRequest) -> str:
    if not request.key:
        return ""
    digest = hashlib.sha256(f"{request.tenant}/{request.key}".encode()).hexdigest()
    return f"{KIND}-key-{digest[:24]}"


def _concerns(job: Job, tenant: str) -> bool:
    filters = job.filters
    return filters.get("tenant") == tenant or list(filters.get("tenants", ())) == [tenant]
