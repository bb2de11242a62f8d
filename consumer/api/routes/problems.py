"""Which errors hit most products."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from consumer.api.access import Viewer
from consumer.api.services import Asked
from consumer.bootstrap.overview import group_problems

router = APIRouter(prefix="/api/problems", tags=["listings"])

# Newest problems that are looked at.
_LOOKED_AT = 5000


class ProblemShown(BaseModel):
    """Listings with the same trouble. cure: what to do about it. examples: their ids."""

    channel: str = Field(examples=["ebay"])
    status: str = Field(examples=["refused"])
    words: str
    cure: str = ""
    count: int = Field(examples=[17])
    examples: list[str]


@router.get("")
async def problems(services: Asked, person: Viewer) -> list[ProblemShown]:
    """The same trouble once, most frequent first, among the newest 5,000 listings in trouble."""
    states = await services.listings.in_trouble(person.tenant, _LOOKED_AT)
    return [
        ProblemShown(
            channel=group.channel,
            status=group.status.value,
            words=group.message,
            cure=group.cure,
            count=group.count,
            examples=list(group.examples),
        )
        for group in group_problems(states)
    ]
