"""Syncs from Python: for programs beside the service, with the settings of their environment.

Each function begins a job, sends what it asks for, and answers with the job's id; delivery does the rest. The functions
that end in `_async` are the same for a running event loop. All raise `MarketsyncError`: `UnknownProductError`,
`UnknownTargetError` (a channel or account), `UnavailableError` (MongoDB, Kafka), `SettingsError`; words that are no
operation or priority raise ValueError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from consumer.bootstrap.start import find_servers
from consumer.bootstrap.triggering import sync, tenant_or_only
from consumer.control.sync_words import Priority, SyncOperation
from consumer.control.triggers import SyncRequest
from consumer.settings import load_settings

_MOST_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """A sync that is on its way. job_id: for `marketsync jobs show`. products: how many were sent."""

    job_id: str
    products: int


async def sync_product_to_marketplaces_async(
    entity_code: str,
    operation: str = "update",
    priority: str = "high",
    channels: Sequence[str] | None = None,
    *,
    accounts: Sequence[str] | None = None,
    tenant: str = "",
) -> SyncStarted:
    """See `sync_product_to_marketplaces`."""
    return await _sync((entity_code,), operation, priority, channels, accounts=accounts, tenant=tenant)


def sync_product_to_marketplaces(
    entity_code: str,
    operation: str = "update",
    priority: str = "high",
    channels: Sequence[str] | None = None,
    *,
    accounts: Sequence[str] | None = None,
    tenant: str = "",
) -> SyncStarted:
    """Send one product as it is in the PIM now.

    operation: "create" and "update" say that it is wanted; what is sent is decided by the plan. "delete" withdraws it
    until a create or an update is asked for. priority: "high" goes with live changes, "low" behind everything.
    channels, accounts: None = all that are enabled. tenant: "" = the only one of the settings.
    """
    call = sync_product_to_marketplaces_async(
        entity_code, operation, priority, channels, accounts=accounts, tenant=tenant
    )
    return asyncio.run(call)


async def sync_inventory_to_marketplaces_async(
    entity_code: str, channels: Sequence[str] | None = None, *, tenant: str = ""
) -> SyncStarted:
    """See `sync_inventory_to_marketplaces`."""
    return await _sync((entity_code,), "update", "high", channels, accounts=None, tenant=tenant)


def sync_inventory_to_marketplaces(
    entity_code: str, channels: Sequence[str] | None = None, *, tenant: str = ""
) -> SyncStarted:
    """Send the stock and price of one product, first of all.

    The whole product is read; where only stock or price differ from what the channel has, only they are sent.
    """
    return asyncio.run(sync_inventory_to_marketplaces_async(entity_code, channels, tenant=tenant))


async def bulk_sync_products_async(  # noqa: PLR0913  options are arguments
    entity_codes: Sequence[str],
    channels: Sequence[str] | None = None,
    operation: str = "update",
    batch_size: int = 50,
    priority: str = "low",
    *,
    accounts: Sequence[str] | None = None,
    tenant: str = "",
) -> SyncStarted:
    """See `bulk_sync_products`."""
    return await _sync(
        tuple(entity_codes), operation, priority, channels, accounts=accounts, tenant=tenant, batch_size=batch_size
    )


def bulk_sync_products(  # noqa: PLR0913  options are arguments
    entity_codes: Sequence[str],
    channels: Sequence[str] | None = None,
    operation: str = "update",
    batch_size: int = 50,
    priority: str = "low",
    *,
    accounts: Sequence[str] | None = None,
    tenant: str = "",
) -> SyncStarted:
    """Send many products in one job. batch_size: how many are read and sent together, 1 to 500."""
    call = bulk_sync_products_async(
        entity_codes, channels, operation, batch_size, priority, accounts=accounts, tenant=tenant
    )
    return asyncio.run(call)


async def _sync(  # noqa: PLR0913  as above
    codes: tuple[str, ...],
    operation: str,
    priority: str,
    channels: Sequence[str] | None,
    *,
    accounts: Sequence[str] | None,
    tenant: str,
    batch_size: int = 50,
) -> SyncStarted:
    if not 1 <= batch_size <= _MOST_TOGETHER:
        raise ValueError(f"batch_size: is {batch_size}, expected 1 to {_MOST_TOGETHER}")
    settings = load_settings()
    request = SyncRequest(
        tenant=tenant_or_only(settings, tenant),
        codes=codes,
        operation=SyncOperation(operation),
        priority=Priority(priority),
        channels=tuple(channels or ()),
        accounts=tuple(accounts or ()),
        batch_size=batch_size,
    )
    job = await sync(settings, find_servers(settings), request)
    return SyncStarted(job.id, job.counts.get("products", 0))
