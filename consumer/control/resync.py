"""Resync: every product of a tenant, or some of them, read from the PIM and sent to one channel alone.

Chunk by chunk along `_id`, each read at one cluster time, which is its sequence: what changes meanwhile comes as an
event of its own and wins or loses by its time. Behind a tenant that was read whole stands a marker in every partition:
listings that no record before it was about are those of products that are gone, and delivery looks after them.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from consumer.control.jobs import Job
from consumer.control.pim_states import PimStates
from consumer.control.running import Runner
from consumer.control.targets import State, Target
from consumer.errors import MarketsyncError
from consumer.events import Sequence as EventSequence
from consumer.events import read_sequence
from consumer.markers import SnapshotCause, SnapshotCompleted, encode_marker
from consumer.mongo import Database, Document
from consumer.mongo.current_products import Reading
from consumer.mongo.documents import decode_leniently
from consumer.mongo.pim import id_key
from consumer.mongo.products import IdRange, collection_id, current, read_chunk, read_outline
from consumer.mongo.tenant_products import TenantProducts

_log = structlog.get_logger()

_CODES = 100

# Cursor: {"done": [tenants], "tenant", "collection", "since", "last", "seen"}: the tenant being read, the id of its
# collection, sequence of a read before its first product, the last `_id` sent as BSON in base64, how many were read.


@dataclass(frozen=True, slots=True)
class TenantSize:
    """What there is to resync of a tenant. products: about; None where there is no product at all."""

    tenant: str
    products: int | None


class Resync:
    """Reads the PIM and sends what it finds. chunk: products per read. clock: seconds since 1970."""

    def __init__(self, products: TenantProducts, states: PimStates, *, chunk: int, clock: Callable[[], float]) -> None:
        self._products = products
        self._states = states
        self._chunk = chunk
        self._clock = clock

    async def size(self, tenants: Sequence[str]) -> list[TenantSize]:
        """About how many products a resync would send. Raises PyMongoError, MarketsyncError."""
        return [TenantSize(tenant, await asyncio.to_thread(self._count, tenant)) for tenant in tenants]

    async def find(self, tenant: str, codes: Sequence[str]) -> tuple[set[str], set[str]]:
        """Which of these products there are, and which are gone. Raises PyMongoError, MarketsyncError."""
        reading = await asyncio.to_thread(self._read_codes, tenant, codes)
        return set(reading.documents), set(codes) - set(reading.documents)

    async def run(self, job: Job, runner: Runner) -> Job:
        """Send everything that is asked for, from where the job stands. Returns the job after its last step.

        Raises PyMongoError, UnavailableError, JobTakenError: asked for again, the job goes on where it is.
        """
        target = Target(job.channel, job.id, job.filters["account"], force=job.filters["force"])
        for tenant in job.filters["tenants"]:
            if tenant in job.cursor.get("done", ()):
                continue
            if job.filters["codes"]:
                job = await self._some(job, runner, tenant, target=target)
            else:
                job = await self._all(job, runner, tenant, target=target)
        return job

    async def _all(self, job: Job, runner: Runner, tenant: str, *, target: Target) -> Job:
        database = await asyncio.to_thread(self._products.database, tenant)
        if database is None:
            _log.error("there is no such tenant, or it is suspended: it is passed over", tenant=tenant)
            return await runner.step(job, [], counts={"tenants_unknown": 1}, cursor=_behind(job, tenant))
        job = await asyncio.to_thread(self._opened, job, database, tenant)
        if not job.cursor["collection"]:
            _log.error("there are no products to resync, and nothing is withdrawn for that", tenant=tenant)
            return await runner.step(job, [], counts={"tenants_without_products": 1}, cursor=_behind(job, tenant))
        while True:
            last = base64.b64decode(job.cursor["last"])
            chunk = await asyncio.to_thread(
                read_chunk, database, IdRange(last=last), condition=current(), size=min(self._chunk, runner.size)
            )
            if chunk.time is None or not chunk.documents:
                return await self._close(job, runner, (tenant, database), target=target)
            states, lost = self._states.read(database.name, chunk.time, chunk.documents)
            reached = base64.b64encode(id_key(decode_leniently(chunk.documents[-1])["_id"])).decode()
            cursor = {**job.cursor, "last": reached, "seen": job.cursor["seen"] + len(chunk.documents)}
            job = await self._send(job, runner, states, target=target, counts={"unsendable": lost}, cursor=cursor)

    def _opened(self, job: Job, database: Database[Document], tenant: str) -> Job:
        """The job as it begins with this tenant, or goes on with it: over again where the collection was replaced."""
        if job.cursor.get("tenant") == tenant and collection_id(database) == job.cursor["collection"]:
            return job
        outline = read_outline(database, condition=current())
        cursor = {
            "done": job.cursor.get("done", []),
            "tenant": tenant,
            "collection": outline.collection if outline.documents else "",
            "since": read_sequence(*outline.time),
            "last": "",
            "seen": 0,
        }
        return replace(job, cursor=cursor)

    async def _close(self, job: Job, runner: Runner, place: tuple[str, Database[Document]], *, target: Target) -> Job:
        """Behind the last chunk: let delivery look for what was not met. An emptied collection takes nothing down."""
        tenant, database = place
        whole = await asyncio.to_thread(collection_id, database) == job.cursor["collection"]
        if whole and job.cursor["seen"]:
            await runner.mark(self._marker(job, tenant), target.headers())
        elif not whole or not job.cursor["seen"]:
            _log.error("the products vanished while they were read: nothing is withdrawn for that", tenant=tenant)
        return await runner.step(job, [], counts={"tenants": 1}, cursor=_behind(job, tenant))

    def _marker(self, job: Job, tenant: str) -> State:
        return State(
            *encode_marker(
                SnapshotCompleted(
                    id=job.id,
                    tenant=tenant,
                    sequence=EventSequence(job.cursor["since"]),
                    time=datetime.fromtimestamp(self._clock(), UTC),
                    cause=SnapshotCause.REQUEST,
                    products=job.cursor["seen"],
                )
            )
        )

    async def _some(self, job: Job, runner: Runner, tenant: str, *, target: Target) -> Job:
        """Products that are named: those that are gone are sent as deleted, because somebody asked for just them."""
        codes = sorted(job.filters["codes"])
        for start in range(0, len(codes), _CODES):
            missing = set(codes[start : start + _CODES])
            while missing:
                reading = await asyncio.to_thread(self._read_codes, tenant, sorted(missing))
                name = (await asyncio.to_thread(self._database, tenant)).name
                states, lost = self._states.read(name, reading.time, reading.documents.values())
                gone = missing - set(reading.documents) if reading.complete else set()
                states += self._states.gone(name, reading.time, sorted(gone))
                missing -= gone | set(reading.documents)
                counts = {"unsendable": lost, "gone": len(gone)}
                job = await self._send(job, runner, states, target=target, counts=counts, cursor=job.cursor)
        return await runner.step(job, [], counts={}, cursor=_behind(job, tenant))

    async def _send(
        self,
        job: Job,
        runner: Runner,
        states: Sequence[State],
        *,
        target: Target,
        counts: Mapping[str, int],
        cursor: Mapping[str, Any],
    ) -> Job:
        added = target.headers()
        sent = {**counts, "sent": len(states)}
        return await runner.step(job, [(state, added) for state in states], counts=sent, cursor=cursor)

    def _database(self, tenant: str) -> Database[Document]:
        database = self._products.database(tenant)
        if database is None:
            raise MarketsyncError(f"there is no tenant {tenant}, or it is suspended")
        return database

    def _count(self, tenant: str) -> int | None:
        outline = read_outline(self._database(tenant), condition=current())
        return outline.products if outline.documents else None

    def _read_codes(self, tenant: str, codes: Sequence[str]) -> Reading:
        reading = self._products.read(tenant, codes)
        if reading is None:
            raise MarketsyncError(f"there is no tenant {tenant}, or it is suspended")
        if reading.empty:
            raise MarketsyncError(
                f"the PIM holds no product of {tenant} at all: that is taken for an accident, and nothing is withdrawn"
            )
        return reading


def _behind(job: Job, tenant: str) -> dict[str, Any]:
    return {"done": [*job.cursor.get("done", []), tenant]}
