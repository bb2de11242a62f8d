"""Stop everything for an account, or for a channel, and let it go on. Of one's own tenant only."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter
from pydantic import BaseModel, Field

from adapters.registry import CHANNELS
from consumer.api.access import Operator
from consumer.api.own import OwnAccount
from consumer.api.problem import unknown
from consumer.api.routes.parameters import Channel
from consumer.api.services import Asked, Services
from consumer.api.tokens import Person
from consumer.bootstrap.holding import pause as pause_it
from consumer.bootstrap.holding import resume as resume_it
from consumer.delivery.pauses import Pause as Standing
from consumer.listings.held import Which

router = APIRouter(prefix="/api", tags=["accounts"])


class Pause(BaseModel):
    """Why nothing is to be sent, for those who wonder later."""

    why: str = Field(min_length=1, max_length=500, examples=["stock-taking until noon"])


class Paused(BaseModel):
    """changed: False where it was so already."""

    paused: bool
    changed: bool


@router.put("/accounts/{channel}/{account}/pause")
async def pause(services: Asked, person: Operator, account: OwnAccount, asked: Pause) -> Paused:
    """Send nothing for this account until it is resumed. What changes meanwhile is owed and sent afterwards, newest."""
    await services.note(person, "pause", f"{account.channel}/{account.name}", why=asked.why)
    which = Which(account.channel, person.tenant, account.name)
    return await _paused(services, person, which, asked.why)


@router.delete("/accounts/{channel}/{account}/pause")
async def resume(services: Asked, person: Operator, account: OwnAccount) -> Paused:
    """Let the account go on. A pause of the whole channel stands: only who runs the service takes it back."""
    await services.note(person, "resume", f"{account.channel}/{account.name}")
    return await _resumed(services, Which(account.channel, person.tenant, account.name))


@router.put("/channels/{channel}/pause")
async def pause_channel(services: Asked, person: Operator, channel: Channel, asked: Pause) -> Paused:
    """Send nothing for any account on this channel until it is resumed. Other tenants' accounts go on."""
    which = _all_of(channel, person)
    await services.note(person, "pause", channel, why=asked.why)
    return await _paused(services, person, which, asked.why)


@router.delete("/channels/{channel}/pause")
async def resume_channel(services: Asked, person: Operator, channel: Channel) -> Paused:
    """Let the channel go on. Accounts that were paused one by one stay so."""
    which = _all_of(channel, person)
    await services.note(person, "resume", channel)
    return await _resumed(services, which)


def _all_of(channel: str, person: Person) -> Which:
    """Raises ApiError: 404 where there is no such channel."""
    if channel not in CHANNELS:
        raise unknown("channel", channel)
    return Which(channel, person.tenant, None)


async def _paused(services: Services, person: Person, which: Which, why: str) -> Paused:
    step = partial(pause_it, services.settings, services.endpoints, which, why, who=person.who)
    return Paused(paused=True, changed=await asyncio.to_thread(step))


async def _resumed(services: Services, which: Which) -> Paused:
    taken, left = await asyncio.to_thread(resume_it, services.settings, services.endpoints, which)
    return Paused(paused=any(_covers(one, which) for one in left), changed=bool(taken))


def _covers(pause: Standing, which: Which) -> bool:
    """Whether all of these stand still by it."""
    return pause.tenant in (None, "", which.tenant) and pause.account in (None, "", which.account)
