"""Files that channels read."""

from __future__ import annotations

import asyncio
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from consumer.api.access import Operator, Viewer
from consumer.api.own import OwnAccount
from consumer.api.services import Asked
from consumer.bootstrap.feed_commands import Which, feed_rows, release_feeds

router = APIRouter(prefix="/api", tags=["feeds"])


class FeedShown(BaseModel):
    """One file. standing: in words, what needs a person. changed: when the published one was made."""

    channel: str = Field(examples=["trovaprezzi"])
    account: str = Field(examples=["it"])
    url: str
    offers: int = Field(examples=[304])
    changed: datetime | None = None
    standing: str


class Released(BaseModel):
    """How many files may be published although they are smaller."""

    feeds: int


@router.get("/feeds")
async def feeds(services: Asked, person: Viewer) -> list[FeedShown]:
    """The files of the tenant's accounts: how many offers, how old, how they are doing."""
    which = Which(tenant=person.tenant)
    rows = await asyncio.to_thread(feed_rows, services.settings, services.endpoints, which)
    shown = []
    for row in rows:
        published = row.state.published if row.state else None
        shown.append(
            FeedShown(
                channel=row.key.channel,
                account=row.key.account,
                url=row.url,
                offers=published.count if published else 0,
                changed=published.at if published else None,
                standing=row.standing,
            )
        )
    return shown


@router.post("/accounts/{channel}/{account}/feed/release")
async def release(services: Asked, person: Operator, account: OwnAccount) -> Released:
    """Let the next file be published although it is much smaller than the last."""
    await services.note(person, "feeds release", f"{account.channel}/{account.name}")
    which = Which(channel=account.channel, account=account.name, tenant=person.tenant)
    released = await asyncio.to_thread(release_feeds, services.settings, services.endpoints, which)
    return Released(feeds=len(released))
