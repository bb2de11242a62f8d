"""Stop everything for an account, and let it go on."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field

from consumer.api.access import Operator
from consumer.api.own import OwnAccount
from consumer.api.services import Asked
from consumer.bootstrap.holding import pause as pause_it
from consumer.bootstrap.holding import resume as resume_it
from consumer.listings.held import Which

router = APIRouter(prefix="/api/accounts", tags=["accounts"])


class Pause(BaseModel):
    """Why nothing is to be sent, for those who wonder later."""

    why: str = Field(min_length=1, max_length=500, examples=["stock-taking until noon"])


class Paused(BaseModel):
    """changed: False where it was so already."""

    paused: bool
    changed: bool


@router.put("/{channel}/{account}/pause")
async def pause(services: Asked, person: Operator, account: OwnAccount, asked: Pause) -> Paused:
    """Send nothing for this account until it is resumed. What changes meanwhile is owed and sent afterwards, newest."""
    await services.note(person, "pause", f"{account.channel}/{account.name}", why=asked.why)
    which = Which(account.channel, person.tenant, account.name)
    fresh = await asyncio.to_thread(pause_it, services.settings, services.endpoints, which, asked.why)
    return Paused(paused=True, changed=fresh)


@router.delete("/{channel}/{account}/pause")
async def resume(services: Asked, person: Operator, account: OwnAccount) -> Paused:
    """Let the account go on. A pause of the whole channel stands: only who runs the service takes it back."""
    await services.note(person, "resume", f"{account.channel}/{account.name}")
    which = Which(account.channel, person.tenant, account.name)
    taken, left = await asyncio.to_thread(resume_it, services.settings, services.endpoints, which)
    return Paused(
        paused=any(_covers(one.tenant, one.account, person.tenant, account.name) for one in left), changed=bool(taken)
    )


def _covers(tenant: str | None, account: str | None, own: str, name: str) -> bool:
    return tenant in (None, "", own) and account in (None, "", name)
