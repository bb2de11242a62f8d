"""Whether this process lives and can answer. Needs no token and says nothing of any tenant."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from consumer.api.services import Asked
from consumer.mongo import PyMongoError

router = APIRouter(prefix="/health", tags=["health"])

# Seconds that MongoDB gets to answer.
_PATIENCE = 2.0


class Standing(BaseModel):
    """reasons: why it cannot answer, empty where it can."""

    status: str = Field(examples=["ready"])
    reasons: list[str] = Field(default_factory=list)


@router.get("/live")
async def live() -> Standing:
    """Whether the process answers at all."""
    return Standing(status="alive")


@router.get("/ready", responses={503: {"model": Standing}})
async def ready(services: Asked, response: Response) -> Standing:
    """Whether it can do its work: its database answers."""
    try:
        await asyncio.wait_for(services.listings.ping(), _PATIENCE)
    except (PyMongoError, TimeoutError) as error:
        response.status_code = 503
        return Standing(
            status="not ready", reasons=[f"MongoDB does not answer: {str(error)[:200] or 'no answer in time'}"]
        )
    return Standing(status="ready")
