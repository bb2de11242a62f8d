"""`marketsync replay`, put together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from consumer.bootstrap.accounts import accounts_of, enabled_accounts
from consumer.bootstrap.control import Control, now, open_control, this_person
from consumer.bootstrap.start import topic_names
from consumer.control import requests
from consumer.control.jobs import Job, delivering
from consumer.control.replay import Replay, plan_of, spans_of, wish_of
from consumer.control.requests import Request
from consumer.control.running import Watch
from consumer.embedded import Endpoints
from consumer.events import Operation
from consumer.kafka.spans import Span, find_spans
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """since, until: seconds since 1970, None = up to now. words: since and until as they were typed.

    account: "" = all. force: send although nothing changed. rate: states a second, 0 = as fast as it goes.
    """

    channel: str
    since: float
    until: float | None
    words: tuple[str, str]
    tenants: Sequence[str]
    account: str
    operations: Sequence[Operation]
    force: bool
    rate: float
    anew: bool

    def filters(self, tenants: Sequence[str]) -> dict[str, object]:
        """What the job remembers. tenants: those that have an account."""
        return {
            "from": self.words[0],
            "to": self.words[1],
            "tenants": sorted(tenants),
            "account": self.account,
            "operations": sorted(self.operations),
            "force": self.force,
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would send. cut: the topics do not reach back so far. unreadable: records that are no events."""

    products: Counter[tuple[str, str]]
    unreadable: int
    records: int
    cut: bool


def preview_replay(settings: Settings, endpoints: Endpoints, request: ReplayRequest) -> Preview:
    """Read, send nothing. Raises MarketsyncError."""
    filters = _filters(settings, endpoints, request)
    spans = _find(settings, endpoints, request)
    products, unreadable = asyncio.run(Replay(endpoints.kafka_bootstrap_servers).histogram(spans, wish_of(filters)))
    return Preview(products, unreadable, sum(span.end - span.start for span in spans), any(span.cut for span in spans))


def run_replay(
    settings: Settings, endpoints: Endpoints, request: ReplayRequest, *, watch: Watch, say: Callable[[str], None]
) -> Job:
    """Begin a replay, or go on with the unfinished one of the same words. Raises MarketsyncError."""

    async def run() -> Job:
        async with open_control(settings, endpoints) as control:
            job = await _job(control, filters, request, say=say)
            accounts = await asyncio.to_thread(enabled_accounts, settings, endpoints, request.channel)
            job = await Replay(control.bootstrap).run(job, control.runner(request.rate, watch, accounts))
            return await control.jobs.save(delivering(job))

    filters = _filters(settings, endpoints, request)
    return asyncio.run(run())


async def _job(
    control: Control, filters: Mapping[str, object], request: ReplayRequest, *, say: Callable[[str], None]
) -> Job:
    asked = Request("replay", request.channel, filters, this_person(), request.anew)
    job = await requests.unfinished(control.jobs, asked)
    if job is not None:
        say(f"Going on with {job.id}, begun {job.started:%Y-%m-%d %H:%M} UTC by {job.who}.")
        return job
    spans = await asyncio.to_thread(
        find_spans, control.bootstrap, control.names.products, since=request.since, until=request.until
    )
    if any(span.cut for span in spans):
        say(
            "The topics do not reach back so far: what is older is not sent. `marketsync resync` reads the PIM instead."
        )
    return await requests.begin(control.jobs, asked, plan_of(spans), now)


def size_of(job: Job) -> int:
    """How many offsets a replay has to read."""
    return sum(span.end - span.start for span in spans_of(job))


def _find(settings: Settings, endpoints: Endpoints, request: ReplayRequest) -> list[Span]:
    names = topic_names(settings)
    return find_spans(endpoints.kafka_bootstrap_servers, names.products, since=request.since, until=request.until)


def _filters(settings: Settings, endpoints: Endpoints, request: ReplayRequest) -> dict[str, object]:
    accounts = accounts_of(settings, endpoints, request.channel, tenants=request.tenants, account=request.account)
    return request.filters([account.tenant for account in accounts])
