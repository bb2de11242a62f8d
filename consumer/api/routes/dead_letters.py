"""What was given up: look, bring back, or decide that it does not matter."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from adapters.registry import CHANNELS
from consumer.api.access import Operator, Viewer
from consumer.api.background import TooMuchError
from consumer.api.letters import (
    Bringing,
    Counted,
    Discarded,
    Discarding,
    Letter,
    LetterDetails,
    LetterPage,
    Redriven,
    counted,
    letter,
    letter_details,
    verdicts,
    wanted,
)
from consumer.api.problem import ApiError, unknown
from consumer.api.services import Asked
from consumer.api.tokens import Person
from consumer.bootstrap.dead_letters import (
    RedriveRequest,
    discard_letters,
    find_letter,
    list_letters,
    preview_redrive,
    redrive_letters,
)
from consumer.bootstrap.start import secrets_of
from consumer.control.jobs import Job
from consumer.control.letters import CAPTURE
from consumer.errors import SettingsError
from consumer.logs import SecretCutter

router = APIRouter(prefix="/api/dead-letters", tags=["dead letters"])


@router.get("")
async def dead_letters(
    services: Asked,
    person: Viewer,
    channel: Annotated[str, Query(max_length=60, description="E.g. ebay, or capture; nothing = all.")] = "",
    account: Annotated[str, Query(max_length=60)] = "",
    reason: Annotated[str, Query(max_length=60, description="E.g. exhausted, bug.")] = "",
    product: Annotated[str, Query(max_length=200)] = "",
    closed: Annotated[bool, Query(description="Also those that are healed, redriven or discarded.")] = False,
    limit: Annotated[int, Query(ge=1, le=200, description="How many single letters to show, newest.")] = 20,
) -> LetterPage:
    """Counted by what is wrong, and the newest of those that nobody has looked after."""
    asked = wanted(person.tenant, account=account, reason=reason, product=product)
    channels = [_known(channel)] if channel else [*sorted(CHANNELS), CAPTURE]
    found = await asyncio.to_thread(
        list_letters, services.settings, services.endpoints, channels, asked, closed=closed, most=limit
    )
    shown: list[Letter] = [letter(one) for one in reversed(found.newest)]
    return LetterPage(counts=counted(found.counts), letters=shown)


@router.get("/{letter_id}")
async def dead_letter(
    services: Asked,
    person: Viewer,
    letter_id: Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,60}-[0-9]{1,9}-[0-9]{1,18}$")],
) -> LetterDetails:
    """One letter with its headers and its value, without secrets. Raises ApiError 404."""
    _known(letter_id.rsplit("-", 2)[0])
    try:
        found = await asyncio.to_thread(find_letter, services.settings, services.endpoints, letter_id)
    except SettingsError as error:
        raise unknown("dead letter", letter_id) from error
    if found.letter.tenant != person.tenant:
        raise unknown("dead letter", letter_id)
    return letter_details(found, SecretCutter(secrets_of(services.settings)))


@router.post("/redrive", status_code=202)
async def redrive(services: Asked, person: Operator, asked: Bringing, response: Response) -> Redriven:
    """Bring letters back to the channel and account that gave them up. dry_run: only say what would be."""
    request = _request(person, asked)
    if asked.dry_run:
        response.status_code = 200
        counts = await asyncio.to_thread(preview_redrive, services.settings, services.endpoints, request)
        return Redriven(counts=verdicts(counts))
    await services.note(person, "dead-letters redrive", asked.channel, **asked.details())

    try:
        job: Job = await services.background.begin(
            lambda begun: redrive_letters(
                services.settings, services.endpoints, request, watch=lambda job: None, begun=begun
            )
        )
    except TooMuchError as error:
        words = "Too much is being brought back already."
        raise ApiError(429, "too-many", words, cure="Wait.", headers={"Retry-After": "10"}) from error
    return Redriven(job_id=job.id)


@router.post("/discard")
async def discard(services: Asked, person: Operator, asked: Discarding) -> Discarded:
    """Close open letters that do not matter. They stay in Kafka; they are not shown as open any more."""
    if not asked.dry_run:
        await services.note(person, "dead-letters discard", asked.channel, **asked.details())
    counts = await asyncio.to_thread(
        discard_letters,
        services.settings,
        services.endpoints,
        _known(asked.channel),
        wanted=asked.filter(person.tenant),
        why=asked.why,
        dry_run=asked.dry_run,
        who=person.who,
    )
    found: list[Counted] = counted(counts)
    return Discarded(letters=sum(counts.values()), counts=found)


def _request(person: Person, asked: Bringing) -> RedriveRequest:
    """Raises ApiError where there is no such channel."""
    if _known(asked.channel) == CAPTURE:
        raise ApiError(422, "capture", "body.channel: capture's letters have no channel.", cure="Resync the product.")
    return RedriveRequest(
        channel=asked.channel,
        wanted=asked.filter(person.tenant),
        words=asked.times(),
        again=asked.again,
        why=asked.why,
        rate=asked.rate,
        anew=False,
        who=person.who,
    )


def _known(channel: str) -> str:
    if channel not in {*CHANNELS, CAPTURE}:
        there = ", ".join([*sorted(CHANNELS), CAPTURE])
        raise ApiError(404, "unknown-channel", f"There is no channel {channel}.", cure=f"There are: {there}.")
    return channel
