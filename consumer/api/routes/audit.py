"""Who asked for what, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from consumer.api.access import Admin
from consumer.api.paging import Cursor, Most, cursor_after, last_of
from consumer.api.problem import ApiError
from consumer.api.services import Asked
from consumer.control.audit import AuditFilter

router = APIRouter(prefix="/api/audit", tags=["audit"])


class Asking(BaseModel):
    """One thing that somebody asked for."""

    at: datetime
    who: str = Field(examples=["api:anna"])
    what: str = Field(examples=["pause"])
    subject: str = Field(examples=["ebay/it"])
    details: dict[str, Any]


class AuditPage(BaseModel):
    """Newest first. next: the cursor of the page after this one, None on the last."""

    entries: list[Asking]
    next: str | None = None


@router.get("")
async def audit(
    services: Asked,
    person: Admin,
    who: Annotated[str | None, Query(max_length=200)] = None,
    what: Annotated[str | None, Query(max_length=200, description="The beginning of the act.")] = None,
    limit: Most = 100,
    cursor: Cursor = "",
) -> AuditPage:
    """Who triggered, released, redrove, discarded, changed an account, and when."""
    wanted = AuditFilter(tenant=person.tenant, who=who, what=what, before=last_of(cursor) or None)
    try:
        entries = await services.audit.entries(wanted, limit)
    except ValueError as error:
        raise ApiError(422, "cursor", "query.cursor: this is no cursor.", cure="Send `next` as it came.") from error
    rows = [
        Asking(at=one.at, who=one.who, what=one.what, subject=one.subject, details=dict(one.details)) for one in entries
    ]
    return AuditPage(entries=rows, next=cursor_after(entries[-1].id) if len(entries) == limit else None)
