"""What is held by a brake, and a person's word on it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from consumer.api.access import Operator, Viewer
from consumer.api.own import OwnAccount
from consumer.api.services import Asked
from consumer.bootstrap.holding import drop_held, held_listings, release_held
from consumer.listings.brakes.model import Brake
from consumer.listings.held import Which

router = APIRouter(prefix="/api", tags=["held"])


class HeldGroup(BaseModel):
    """Listings of one account that wait for the same reason. since: of the oldest."""

    channel: str = Field(examples=["ebay"])
    account: str = Field(examples=["it"])
    brake: str = Field(examples=["mass_price_change"])
    words: str
    count: int = Field(examples=[120])
    since: datetime
    examples: list[str]


class Decision(BaseModel):
    """release: they may change as shown. drop: they stay as they are. brake: only what this one holds."""

    word: Literal["release", "drop"]
    brake: Brake | None = None


class Decided(BaseModel):
    """How many listings it was about."""

    listings: int


@router.get("/held")
async def held(
    services: Asked, person: Viewer, channel: Annotated[str | None, Query(max_length=60)] = None
) -> list[HeldGroup]:
    """What is held, grouped by account and brake."""
    which = Which(channel, person.tenant)
    groups = await asyncio.to_thread(held_listings, services.settings, services.endpoints, which)
    return [
        HeldGroup(
            channel=group.channel,
            account=group.account,
            brake=group.brake,
            words=group.words,
            count=group.count,
            since=group.since,
            examples=list(group.examples),
        )
        for group in groups
    ]


@router.post("/accounts/{channel}/{account}/held")
async def decide(services: Asked, person: Operator, account: OwnAccount, decision: Decision) -> Decided:
    """Release what is held of an account, or let it stay as it is."""
    await services.note(person, f"held {decision.word}", f"{account.channel}/{account.name}", brake=decision.brake)
    which = Which(account.channel, person.tenant, account.name, decision.brake)
    act = release_held if decision.word == "release" else drop_held
    return Decided(listings=await asyncio.to_thread(act, services.settings, services.endpoints, which))
