"""Selling accounts: never their secrets."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from consumer.api.access import Admin, Viewer
from consumer.api.problem import unknown
from consumer.api.routes.parameters import Account, Channel
from consumer.api.services import Asked
from consumer.bootstrap.account_commands import switch_mode
from consumer.bootstrap.account_views import AccountRow, list_accounts, test_account, view_account
from consumer.listings.accounts.errors import UnknownAccountError

router = APIRouter(prefix="/api/accounts", tags=["accounts"])


class AccountShown(BaseModel):
    """One account. state: in words, what needs a person; "complete" where nothing does."""

    id: str = Field(examples=["acme/ebay/it"])
    mode: str = Field(examples=["live"])
    state: str = Field(examples=["complete"])
    changed: datetime | None = None


class AccountDetails(BaseModel):
    """One account with its settings as YAML, its credentials by name and standing, and how its listings stand."""

    account: AccountShown
    text: str
    credentials: dict[str, str]
    listings: dict[str, int] = Field(examples=[{"listed": 12, "invalid": 1}])


class AccountHealth(BaseModel):
    """Whether the account works. latency: seconds the channel took to answer."""

    status: Literal["healthy", "unhealthy"]
    latency: float
    words: str = Field(examples=["answers"])
    cure: str = ""


class ModeChange(BaseModel):
    """What the account is to do."""

    mode: Literal["off", "dry-run", "live"]


class ModeChanged(BaseModel):
    """What it did before, and does now."""

    before: str
    mode: str


@router.get("")
async def accounts(services: Asked, person: Viewer) -> list[AccountShown]:
    """The accounts of the tenant, and whether any needs a person."""
    rows = await asyncio.to_thread(list_accounts, services.settings, services.endpoints)
    return [_shown(row) for row in rows if row.id.startswith(f"{person.tenant}/")]


@router.get("/{channel}/{account}")
async def account(services: Asked, person: Viewer, channel: Channel, account: Account) -> AccountDetails:
    """One account. Raises ApiError 404."""
    name = f"{person.tenant}/{channel}/{account}"
    try:
        view = await asyncio.to_thread(view_account, services.settings, services.endpoints, name)
    except UnknownAccountError as error:
        raise unknown("account", f"{channel}/{account}") from error
    counts = {status.value: count for status, count in view.counts.items()}
    return AccountDetails(account=_shown(view.row), text=view.text, credentials=dict(view.credentials), listings=counts)


@router.get("/{channel}/{account}/health")
async def health(services: Asked, person: Viewer, channel: Channel, account: Account) -> AccountHealth:
    """Ask the channel whether the account works. Raises ApiError 404."""
    name, started = f"{person.tenant}/{channel}/{account}", time.monotonic()
    try:
        found = await asyncio.to_thread(test_account, services.settings, services.endpoints, name)
    except UnknownAccountError as error:
        raise unknown("account", f"{channel}/{account}") from error
    latency = round(time.monotonic() - started, 3)
    return AccountHealth(
        status="unhealthy" if found.cure else "healthy", latency=latency, words=found.found, cure=found.cure
    )


@router.put("/{channel}/{account}/mode")
async def mode(services: Asked, person: Admin, channel: Channel, account: Account, change: ModeChange) -> ModeChanged:
    """Switch an account off, to dry-run, or live. Raises ApiError 404; refused in words where it could not work."""
    name = f"{person.tenant}/{channel}/{account}"
    await services.note(person, "accounts mode", name, mode=change.mode)
    try:
        before = await asyncio.to_thread(switch_mode, services.settings, services.endpoints, name, change.mode)
    except UnknownAccountError as error:
        raise unknown("account", f"{channel}/{account}") from error
    return ModeChanged(before=before, mode=change.mode)


def _shown(row: AccountRow) -> AccountShown:
    return AccountShown(id=row.id, mode=row.mode, state=row.state, changed=row.changed)
