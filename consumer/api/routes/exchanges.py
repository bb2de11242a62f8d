"""What went over the wire for a listing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from consumer.api.access import Operator
from consumer.api.services import Asked
from consumer.listings.state import ListingKey

router = APIRouter(prefix="/api", tags=["listings"])


class ExchangeRow(BaseModel):
    """A request and its reply, without secrets. status: 0 = no answer, then `words` says why. took: seconds."""

    at: datetime
    operation: str
    method: str
    url: str
    status: int
    took: float
    request: str
    reply: str
    words: str


@router.get("/accounts/{channel}/{account}/listings/{entity_code}/exchanges")
async def exchanges(
    services: Asked,
    person: Operator,
    channel: Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,60}$")],
    account: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,60}$")],
    entity_code: Annotated[str, Path(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[ExchangeRow]:
    """The raw requests and replies of a listing, newest first; nothing where none is kept."""
    listing = str(ListingKey(channel, account, person.tenant, entity_code))
    found = await services.told.exchanges.of(listing, limit)
    names = ExchangeRow.model_fields
    return [ExchangeRow(**{name: getattr(one, name) for name in names}) for one in found]
