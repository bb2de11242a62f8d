"""Syncs that programs ask for: a product, some channels of it, or very many products at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, ConfigDict, Field

from consumer.api.access import Operator
from consumer.api.background import TooMuchError
from consumer.api.problem import ApiError
from consumer.api.routes.parameters import Code
from consumer.api.services import Asked, Services
from consumer.api.tokens import Person
from consumer.bootstrap.triggering import KeyReusedError
from consumer.control.jobs import Job, JobTakenError
from consumer.control.sync_words import Priority, SyncOperation
from consumer.control.triggers import SyncRequest, UnknownProductError, UnknownTargetError

router = APIRouter(prefix="/api", tags=["syncs"])

_MESSAGE = "Product sync initiated for enabled marketplaces"

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Name], Field(max_length=100)]
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", max_length=200, description="The same key again is answered with the same job."),
]


class Wishes(BaseModel):
    """How to sync. channels, accounts: empty = all that are enabled."""

    model_config = ConfigDict(extra="forbid")

    operation: SyncOperation = Field(
        SyncOperation.UPDATE, description="delete withdraws until a create or an update is asked for."
    )
    priority: Priority = Field(Priority.HIGH, description="high: with live changes. low: behind everything.")
    channels: Names = Field(default_factory=list, examples=[["ebay"]])
    accounts: Names = Field(default_factory=list, examples=[["main"]])
    force: bool = Field(default=False, description="Send although nothing changed.")

    def request(self, tenant: str, codes: tuple[str, ...], key: str) -> SyncRequest:
        """As the service takes it."""
        return SyncRequest(
            tenant,
            codes,
            self.operation,
            self.priority,
            channels=tuple(self.channels),
            accounts=tuple(self.accounts),
            force=self.force,
            key=key,
        )


class ChannelWishes(BaseModel):
    """Which channels to sync."""

    model_config = ConfigDict(extra="forbid")

    channels: Annotated[list[Name], Field(min_length=1, max_length=100, examples=[["ebay", "amazon"]])]


class BulkWishes(Wishes):
    """Which products to sync, and how. Low priority, unless something else is said."""

    entity_codes: Annotated[list[Name], Field(min_length=1, max_length=50_000, examples=[["SKU-1", "SKU-2"]])]
    priority: Priority = Priority.LOW


class Synced(BaseModel):
    """A product's sync that is on its way."""

    success: bool = True
    message: str = Field(_MESSAGE, examples=[_MESSAGE])
    entity_code: str = Field(examples=["SKU-1"])
    synced_at: datetime
    job_id: str = Field(examples=["sync-6710f1c2a8d3"])


class ChannelsSynced(BaseModel):
    """Some channels' sync that is on its way."""

    success: bool = True
    job_id: str = Field(examples=["sync-6710f1c2a8d3"])
    channels: list[str] = Field(examples=[["ebay", "amazon"]])


class BulkBegun(BaseModel):
    """A job of many products that has begun."""

    success: bool = True
    job_id: str = Field(examples=["sync-6710f1c2a8d3"])
    products: int = Field(examples=[2])


@router.post("/b2b/pim/products/{entity_code}/sync")
async def sync_product(
    services: Asked, person: Operator, entity_code: Code, wishes: Wishes | None = None, key: Key = ""
) -> Synced:
    """Send one product as it is in the PIM now. Raises ApiError: 404 no such product, 422 no such channel."""
    job = await _now(services, person, (wishes or Wishes()).request(person.tenant, (entity_code,), key))
    return Synced(entity_code=entity_code, synced_at=job.started.astimezone(UTC), job_id=job.id)


@router.post("/products/{id}/sync-channels")
async def sync_channels(
    services: Asked,
    person: Operator,
    code: Annotated[str, Path(alias="id", min_length=1, max_length=200, description="The product's entity code.")],
    wishes: ChannelWishes,
    key: Key = "",
) -> ChannelsSynced:
    """Send one product to these channels. Raises ApiError as above."""
    request = SyncRequest(person.tenant, (code,), channels=tuple(wishes.channels), key=key)
    job = await _now(services, person, request)
    return ChannelsSynced(job_id=job.id, channels=wishes.channels)


@router.post("/products/sync", status_code=202)
async def bulk_sync(services: Asked, person: Operator, wishes: BulkWishes, key: Key = "") -> BulkBegun:
    """Send many products in one job, which goes on after the answer. Raises ApiError 422 for an unknown channel."""
    request = wishes.request(person.tenant, tuple(dict.fromkeys(wishes.entity_codes)), key)
    await _note(services, person, request)

    def work(begun: Callable[[Job], None]) -> Coroutine[Any, Any, None]:
        async def run() -> None:
            job = await _begin(services, person, request)
            begun(job)
            with suppress(JobTakenError):  # cancelled, or another process is at it
                await services.syncs.carry_out(job)

        return run()

    try:
        job: Job = await services.background.begin(work)
    except TooMuchError as error:
        words = "Too many bulk syncs are being sent already."
        raise ApiError(429, "too-many", words, cure="Wait.", headers={"Retry-After": "10"}) from error
    return BulkBegun(job_id=job.id, products=len(request.codes))


async def _now(services: Services, person: Person, request: SyncRequest) -> Job:
    await _note(services, person, request)
    job = await _begin(services, person, request)
    try:
        return await services.syncs.carry_out(job)
    except JobTakenError:  # the same key at the same moment: whoever came first sends it
        return job


async def _begin(services: Services, person: Person, request: SyncRequest) -> Job:
    try:
        return await services.syncs.begin(request, person.who)
    except UnknownProductError as error:
        raise ApiError(404, "unknown-product", str(error), cure="Case and spaces of the code count.") from error
    except UnknownTargetError as error:
        raise ApiError(
            422, "unknown-target", str(error), cure="Name channels and accounts that are enabled."
        ) from error
    except KeyReusedError as error:
        raise ApiError(422, "key-reused", str(error), cure="Use a new Idempotency-Key for each request.") from error


async def _note(services: Services, person: Person, request: SyncRequest) -> None:
    codes = ", ".join(request.codes[:20])
    about = {"codes": codes, "products": len(request.codes), "operation": request.operation.value}
    await services.note(person, "sync", ", ".join(request.channels), **about)
