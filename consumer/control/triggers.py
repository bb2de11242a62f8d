"""Syncs that people and programs ask for: these products, on these accounts, now or when there is time.

Create and update say that the listing is wanted again; what is sent is for the plan to decide. Delete withdraws until a
create or an update is asked for. Chunk by chunk: mark the listings, remember the items, send the states, store how far
it came. A crash anywhere repeats one chunk, which harms nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumer.control.item_book import ItemBook
from consumer.control.jobs import Job
from consumer.control.pim_states import PimStates
from consumer.control.running import Runner
from consumer.control.sync_words import Priority, SyncOperation
from consumer.control.targets import State, Target
from consumer.errors import MarketsyncError
from consumer.events import Headers, read_sequence
from consumer.listings.state import ListingKey
from consumer.listings.withholding import Withholding
from consumer.mongo.current_products import Reading
from consumer.mongo.tenant_products import TenantProducts

KIND = "sync"
MOST_CODES = 50_000
"""A job remembers its products in one document."""


class UnknownProductError(MarketsyncError):
    """There is no such product of this tenant, and none of its accounts ever listed it."""


class UnknownTargetError(MarketsyncError):
    """A channel or an account that is asked for is not there, or is off."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One account that a sync goes to."""

    channel: str
    account: str


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What somebody asks for. channels, accounts: empty = every one of the tenant that is not off.

    batch_size: products read and sent together, 1 to 500. force: send although nothing changed. key: of an idempotent
    request; the same key again is answered with the same job.
    """

    tenant: str
    codes: tuple[str, ...]
    operation: SyncOperation = SyncOperation.UPDATE
    priority: Priority = Priority.HIGH
    channels: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    batch_size: int = 100
    force: bool = False
    key: str = ""

    def filters(self) -> dict[str, Any]:
        """What the job remembers of it; equal = the same request."""
        return {
            "tenant": self.tenant,
            "codes": list(dict.fromkeys(self.codes)),
            "operation": self.operation.value,
            "priority": self.priority.value,
            "channels": sorted(set(self.channels)),
            "accounts": sorted(set(self.accounts)),
            "force": self.force,
        }


def places_of(request: SyncRequest, there: Sequence[Place], known: Sequence[str]) -> list[Place]:
    """Which of the tenant's accounts are meant. there: those that are not off. known: channels of this program.

    None at all = the tenant sells nowhere, and nothing was named. Raises UnknownTargetError.
    """
    for channel in request.channels:
        if channel not in known:
            raise UnknownTargetError(f"channels: there is no channel {channel!r}; there are {', '.join(known)}")
        if not any(place.channel == channel for place in there):
            raise UnknownTargetError(f"channels: {request.tenant} has no enabled account on {channel}")
    meant = [place for place in there if not request.channels or place.channel in request.channels]
    for account in request.accounts:
        if not any(place.account == account for place in meant):
            names = ", ".join(sorted(f"{place.channel}/{place.account}" for place in meant)) or "none"
            raise UnknownTargetError(f"accounts: there is no enabled account {account!r} there (enabled: {names})")
    return sorted(place for place in meant if not request.accounts or place.account in request.accounts)


class Triggers:
    """Carries out syncs. clock: seconds since 1970."""

    def __init__(
        self,
        products: TenantProducts,
        states: PimStates,
        items: ItemBook,
        withholding: Withholding,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._products = products
        self._states = states
        self._items = items
        self._withholding = withholding
        self._clock = clock

    async def missing(self, tenant: str, codes: Sequence[str]) -> set[str]:
        """Which of these products the PIM does not have. Raises MarketsyncError, PyMongoError."""
        return set(codes) - set((await self._read(tenant, codes)).documents)

    async def run(self, job: Job, runner: Runner) -> Job:
        """Send everything that is left of it. job.plan: "places" and "batch", as `plan_of` made them.

        Raises PyMongoError, UnavailableError, MarketsyncError, JobTakenError (also when it was cancelled).
        """
        codes, size = job.filters["codes"], job.plan["batch"]
        while (start := job.cursor.get("next", 0)) < len(codes):
            job = await self._chunk(job, runner, codes[start : start + size], start + size)
        return job

    async def _chunk(self, job: Job, runner: Runner, codes: Sequence[str], behind: int) -> Job:
        tenant, places = job.filters["tenant"], [Place(*place) for place in job.plan["places"]]
        missing = set(codes)
        while missing:
            reading = await self._read(tenant, sorted(missing))
            gone = missing - set(reading.documents) if reading.complete else set()
            read = set(reading.documents) | gone
            missing -= read
            if not places:
                continue
            keys = [ListingKey(one.channel, one.account, tenant, code) for code in sorted(read) for one in places]
            await self._mark(job, keys)
            sequence = read_sequence(*reading.time)
            await self._items.plan(job.id, [(key, sequence) for key in keys])
            states, lost = await asyncio.to_thread(self._made, tenant, reading, sorted(gone))
            sent = [(state, headers) for state in states for headers in _targets(job, places)]
            counts = {"products": len(states), "sent": len(sent), "unsendable": lost, "gone": len(gone)}
            job = await runner.step(job, sent, counts=counts, cursor=job.cursor)
        return await runner.step(job, [], counts={}, cursor={"next": behind})

    async def _mark(self, job: Job, keys: Sequence[ListingKey]) -> None:
        if job.filters["operation"] == SyncOperation.DELETE:
            await self._withholding.withhold(keys, f"asked for by {job.who} ({job.id})", self._clock())
        else:
            await self._withholding.allow(keys)

    def _made(self, tenant: str, reading: Reading, gone: Sequence[str]) -> tuple[list[State], int]:
        database = self._products.database(tenant)
        if database is None:
            raise MarketsyncError(f"there is no tenant {tenant}, or it is suspended")
        states, lost = self._states.read(database.name, reading.time, reading.documents.values())
        return states + self._states.gone(database.name, reading.time, gone), lost

    async def _read(self, tenant: str, codes: Sequence[str]) -> Reading:
        reading = await asyncio.to_thread(self._products.read, tenant, codes)
        if reading is None:
            raise MarketsyncError(f"there is no tenant {tenant}, or it is suspended")
        if reading.empty:
            raise MarketsyncError(
                f"the PIM holds no product of {tenant} at all: that is taken for an accident, and nothing is sent"
            )
        return reading


def plan_of(request: SyncRequest, places: Sequence[Place]) -> Mapping[str, Any]:
    """What is settled when a sync begins."""
    return {"places": [[place.channel, place.account] for place in places], "batch": request.batch_size}


def _targets(job: Job, places: Sequence[Place]) -> list[Headers]:
    """One record for each account, so that no other one spends anything on it."""
    force = job.filters["force"]
    return [Target(place.channel, job.id, place.account, force=force).headers() for place in places]
