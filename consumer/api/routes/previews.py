"""What would be sent for a product, and whether anything is in its way. Nothing is sent."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from consumer.api.access import Viewer
from consumer.api.own import OwnAccount
from consumer.api.routes.parameters import Code
from consumer.api.services import Asked
from consumer.api.shapes import ListingProblem
from consumer.bootstrap.previewing import preview_product
from consumer.control.preview import Preview

router = APIRouter(prefix="/api/accounts/{channel}/{account}/products", tags=["listings"])


class DifferenceShown(BaseModel):
    """One field that is not what the channel took last. before, after: None = it is not there."""

    path: str = Field(examples=["price"])
    before: Any = None
    after: Any = None


class PreviewShown(BaseModel):
    """verdict: the command that would follow, or why none does. payload: what the channel is to show.

    brakes: which would count it. held: why a brake would hold it now. remarks: what of the product is left out.
    figures: where price and stock came from.
    """

    mode: str = Field(examples=["live"])
    verdict: str = Field(examples=["revise_offer"])
    words: str = Field(examples=["its price or stock changed"])
    payload: dict[str, Any] | None = None
    differences: list[DifferenceShown]
    problems: list[ListingProblem]
    brakes: list[str]
    held: str
    remarks: list[str]
    figures: dict[str, Any]


class Validity(BaseModel):
    """Whether the account could sell it as it is; errors: what is in the way."""

    is_valid: bool
    errors: list[ListingProblem]


@router.get("/{entity_code}/preview")
async def preview(services: Asked, person: Viewer, account: OwnAccount, entity_code: Code) -> PreviewShown:
    """What would be sent now, what differs from what was sent last, and what stands in the way."""
    found = await asyncio.to_thread(preview_product, services.settings, services.endpoints, account, entity_code)
    rendered = found.rendered
    return PreviewShown(
        mode=found.mode,
        verdict=found.verdict,
        words=found.words,
        payload=None if rendered is None else {"content": dict(rendered.content), "offer": dict(rendered.offer)},
        differences=[DifferenceShown(path=one.path, before=one.before, after=one.after) for one in found.differences],
        problems=_problems(found),
        brakes=list(found.touches),
        held=found.held,
        remarks=list(found.remarks),
        figures=asdict(found.figures),
    )


@router.get("/{entity_code}/validate")
async def validate(services: Asked, person: Viewer, account: OwnAccount, entity_code: Code) -> Validity:
    """Whether the account could sell the product as it is in the PIM."""
    found = await asyncio.to_thread(preview_product, services.settings, services.endpoints, account, entity_code)
    return Validity(is_valid=not found.problems, errors=_problems(found))


def _problems(found: Preview) -> list[ListingProblem]:
    return [ListingProblem(field=one.field, words=one.message, cure=one.cure) for one in found.problems]
