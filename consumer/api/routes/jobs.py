"""Jobs: what was asked for, how far it came, and the end of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from consumer.api.access import Operator, Viewer
from consumer.api.paging import Most
from consumer.api.problem import ApiError, unknown
from consumer.api.services import Asked
from consumer.bootstrap.triggering import JobReport
from consumer.control.items import Progress
from consumer.control.jobs import Job, JobState

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="As it was answered when it was begun.")]


class JobRow(BaseModel):
    """One job. counts: what was done so far, by outcome. delivering: all is sent, and not all has ended."""

    id: str = Field(examples=["sync-6710f1c2a8d3"])
    kind: str = Field(examples=["sync"])
    state: JobState
    who: str = Field(examples=["api:anna"])
    started: datetime
    ended: datetime | None
    counts: dict[str, int] = Field(examples=[{"products": 1, "sent": 2}])
    error: str = ""


class AccountRow(BaseModel):
    """Where the job's listings of one account stand: how many, by progress."""

    channel: str = Field(examples=["ebay"])
    account: str = Field(examples=["main"])
    total: int = Field(examples=[2])
    progress: dict[Progress, int] = Field(examples=[{"accepted": 1, "waiting": 1}])


class JobDetails(BaseModel):
    """A job with its progress, as the listings say it now."""

    job: JobRow
    accounts: list[AccountRow]


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobRow]


@router.get("")
async def jobs(services: Asked, person: Viewer, limit: Most = 100) -> JobList:
    """The tenant's jobs, newest first."""
    return JobList(jobs=[_row(job) for job in await services.syncs.recent(limit, person.tenant)])


@router.get("/{job_id}")
async def job_details(services: Asked, person: Viewer, job_id: JobId) -> JobDetails:
    """One job, and where its listings stand. Raises ApiError 404."""
    return _details(await services.syncs.report(job_id, person.tenant), job_id)


@router.post("/{job_id}/cancel")
async def cancel_job(services: Asked, person: Operator, job_id: JobId) -> JobDetails:
    """End a job now; what is on its way is delivered all the same. Raises ApiError: 404, 409 where it has ended."""
    _details(await services.syncs.report(job_id, person.tenant), job_id)
    await services.note(person, "jobs cancel", job_id)
    if await services.syncs.cancel(job_id) is None:
        raise ApiError(409, "job-ended", f"The job {job_id} has ended already.")
    return _details(await services.syncs.report(job_id, person.tenant), job_id)


def _details(report: JobReport | None, job_id: str) -> JobDetails:
    if report is None:
        raise unknown("job", job_id)
    rows = [
        AccountRow(channel=one.channel, account=one.account, total=one.total, progress=dict(one.counts))
        for one in report.accounts
    ]
    return JobDetails(job=_row(report.job), accounts=rows)


def _row(job: Job) -> JobRow:
    return JobRow(
        id=job.id,
        kind=job.kind,
        state=job.state,
        who=job.who,
        started=job.started,
        ended=job.ended,
        counts=dict(job.counts),
        error=job.error,
    )
