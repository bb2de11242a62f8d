"""Jobs as they are asked for: the same words again go on with the job that a kill left unfinished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consumer.control.jobs import Job, JobStore


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for. filters: as of `Job`. anew: begin a new job also where the same one is unfinished."""

    kind: str
    channel: str
    filters: Mapping[str, Any]
    who: str
    anew: bool = False


async def unfinished(jobs: JobStore, request: Request) -> Job | None:
    """The job that this request goes on with, claimed; None where a new one is to begin."""
    found = None if request.anew else await jobs.unfinished(request.kind, request.channel, request.filters)
    return None if found is None else await jobs.claim(found.id)


async def begin(jobs: JobStore, request: Request, plan: Mapping[str, Any], clock: Callable[[], float]) -> Job:
    """A new job. clock: seconds since 1970."""
    return await jobs.begin(
        Job(
            id="",
            kind=request.kind,
            channel=request.channel,
            filters=request.filters,
            who=request.who,
            started=datetime.fromtimestamp(int(clock()), UTC),
            plan=plan,
        )
    )
