"""`marketsync dead-letters`, put together."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from consumer.bootstrap.accounts import accounts_of, channels_of, enabled_accounts
from consumer.bootstrap.control import Control, now, open_control, this_person
from consumer.control import requests
from consumer.control.jobs import Job, delivering
from consumer.control.letter_book import COLLECTION as LETTERS
from consumer.control.letter_book import Decision, LetterBook, moment
from consumer.control.letters import CAPTURE, DeadLetter, LetterFilter, Standing
from consumer.control.post_office import Found, PostOffice
from consumer.control.redrive import Redrive, filters_of, plan_of
from consumer.control.requests import Request
from consumer.control.running import Watch
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class Listing:
    """Letters in short. counts: (channel, account, tenant, reason, error, standing) → how many. newest: some."""

    counts: Counter[tuple[str, ...]]
    newest: Sequence[Found]


@dataclass(frozen=True, slots=True)
class RedriveRequest:
    """words: the filter's times as they were typed. again: also what was brought back too often. rate: a second.

    who: asks for it; "" = the user of this machine.
    """

    channel: str
    wanted: LetterFilter
    words: tuple[str, str]
    again: bool
    why: str
    rate: float
    anew: bool
    who: str = ""


def channels_with_letters(settings: Settings, endpoints: Endpoints, channel: str) -> list[str]:
    """The one that is named, or all there are with capture. Raises SettingsError for one that is not enabled."""
    known = [*channels_of(settings, endpoints), CAPTURE]
    if channel and channel not in known:
        raise SettingsError(f"no such channel: {channel!r} (there are: {', '.join(known)})")
    return [channel] if channel else known


def list_letters(
    settings: Settings, endpoints: Endpoints, channels: Sequence[str], wanted: LetterFilter, *, closed: bool, most: int
) -> Listing:
    """Count letters, keep the `most` newest. closed: also those that are looked after. Raises MarketsyncError."""

    async def look() -> Listing:
        counts: Counter[tuple[str, ...]] = Counter()
        newest: deque[Found] = deque(maxlen=most)
        async with open_control(settings, endpoints) as control:
            office = _office(control)
            for channel in channels:
                spans = await asyncio.to_thread(office.spans, channel, wanted)
                async with aclosing(office.read(channel, spans, wanted)) as batches:
                    async for found, _ in batches:
                        counts.update(map(_group, found))
                        newest.extend(one.light() for one in found if closed or one.standing is Standing.OPEN)
        return Listing(counts, list(newest))

    return asyncio.run(look())


def find_letter(settings: Settings, endpoints: Endpoints, letter_id: str) -> Found:
    """One letter. Raises MarketsyncError where there is none."""

    async def find() -> Found | None:
        async with open_control(settings, endpoints) as control:
            return await _office(control).find(letter_id)

    found = asyncio.run(find())
    if found is None:
        raise SettingsError(f"there is no dead letter {letter_id}: Kafka keeps them for a time only")
    return found


def discard_letters(  # noqa: PLR0913  what a command is asked
    settings: Settings,
    endpoints: Endpoints,
    channel: str,
    *,
    wanted: LetterFilter,
    why: str,
    dry_run: bool,
    who: str = "",
) -> Counter[tuple[str, ...]]:
    """Close open letters; returns which (`Listing.counts`). dry_run: close none.

    who: decides; "" = the user of this machine. Raises MarketsyncError.
    """

    async def discard() -> Counter[tuple[str, ...]]:
        counts: Counter[tuple[str, ...]] = Counter()
        async with open_control(settings, endpoints) as control:
            office, book = _office(control), _book(control)
            spans = await asyncio.to_thread(office.spans, channel, wanted)
            async with aclosing(office.read(channel, spans, wanted)) as batches:
                async for found, _ in batches:
                    opened = [one for one in found if one.standing is Standing.OPEN]
                    counts.update(map(_group, opened))
                    decision = Decision(Standing.DISCARDED, who or this_person(), why, moment(now()))
                    await book.decide([] if dry_run else [one.letter for one in opened], decision)
        return counts

    return asyncio.run(discard())


def preview_redrive(settings: Settings, endpoints: Endpoints, request: RedriveRequest) -> Counter[tuple[str, ...]]:
    """(account, tenant, reason, error, what would become of it) → letters. Raises MarketsyncError."""

    async def preview() -> Counter[tuple[str, ...]]:
        async with open_control(settings, endpoints) as control:
            office = _office(control)
            spans = await asyncio.to_thread(office.spans, request.channel, request.wanted)
            redrive = Redrive(office, _book(control), now)
            return await redrive.histogram(request.channel, spans, request.wanted, again=request.again)

    accounts_of(settings, endpoints, request.channel)
    return asyncio.run(preview())


def run_redrive(
    settings: Settings, endpoints: Endpoints, request: RedriveRequest, *, watch: Watch, say: Callable[[str], None]
) -> Job:
    """Begin a redrive, or go on with the unfinished one of the same words. Raises MarketsyncError."""

    accounts_of(settings, endpoints, request.channel)
    return asyncio.run(redrive_letters(settings, endpoints, request, watch=watch, say=say))


async def redrive_letters(
    settings: Settings,
    endpoints: Endpoints,
    request: RedriveRequest,
    *,
    watch: Watch,
    say: Callable[[str], None] = lambda words: None,
    begun: Callable[[Job], None] = lambda job: None,
) -> Job:
    """The same in a loop that runs. begun: is told the job before the first letter. Raises MarketsyncError."""
    async with open_control(settings, endpoints) as control:
        job = await _job(control, request, say)
        begun(job)
        redrive = Redrive(_office(control), _book(control), now)
        accounts = await asyncio.to_thread(enabled_accounts, settings, endpoints, request.channel)
        job = await redrive.run(job, control.runner(request.rate, watch, accounts))
        return await control.jobs.save(delivering(job))


async def _job(control: Control, request: RedriveRequest, say: Callable[[str], None]) -> Job:
    filters = filters_of(request.wanted, request.words, again=request.again, why=request.why)
    asked = Request("redrive", request.channel, filters, request.who or this_person(), request.anew)
    job = await requests.unfinished(control.jobs, asked)
    if job is not None:
        say(f"Going on with {job.id}, begun {job.started:%Y-%m-%d %H:%M} UTC by {job.who}.")
        return job
    spans = await asyncio.to_thread(_office(control).spans, request.channel, request.wanted)
    return await requests.begin(control.jobs, asked, plan_of(spans, request.wanted), now)


def _book(control: Control) -> LetterBook:
    return LetterBook(control.state[LETTERS])


def _office(control: Control) -> PostOffice:
    return PostOffice(control.bootstrap, control.names, book=_book(control), listings=control.listings)


def _group(found: Found) -> tuple[str, ...]:
    letter: DeadLetter = found.letter
    return letter.channel, letter.account, letter.tenant, letter.reason, letter.error, found.standing.value
