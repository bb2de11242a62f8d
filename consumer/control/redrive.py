"""Redrive: dead letters brought back to the channel and account that gave them up, with the state's own sequence.

A state that is older than what was planned since is superseded on its way, as always. A letter that nobody could decode
goes back to its channel as it is; should nothing have been mended, it ends as a new letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from consumer.control.jobs import Job
from consumer.control.letter_book import Decision, LetterBook, moment
from consumer.control.letters import DeadLetter, LetterFilter, Standing
from consumer.control.post_office import Found, PostOffice
from consumer.control.running import Runner
from consumer.control.targets import State, Target
from consumer.delivery.dead_letters import original_state
from consumer.events import Headers
from consumer.kafka.records import Partition
from consumer.kafka.spans import Span

# A state that was brought back so often and failed every time needs a person, not another try.
MOST_REDRIVES = 3

# Plan: {"spans": [[topic, partition, start, end], …], "since", "until"}. Cursor: {"offsets": [[partition, next], …]}.


def verdict(found: Found, *, again: bool) -> str:
    """In a word, what a redrive does with a letter: "sent", or why it leaves it."""
    if found.standing is not Standing.OPEN:
        return found.standing.value
    return "looping" if found.letter.redrives >= MOST_REDRIVES and not again else "sent"


class Redrive:
    """Brings letters back. clock: seconds since 1970."""

    def __init__(self, office: PostOffice, book: LetterBook, clock: Callable[[], float]) -> None:
        self._office = office
        self._book = book
        self._clock = clock

    async def histogram(
        self, channel: str, spans: Sequence[Span], wanted: LetterFilter, *, again: bool
    ) -> Counter[tuple[str, ...]]:
        """(account, tenant, reason, error, verdict) → letters."""
        counts: Counter[tuple[str, ...]] = Counter()
        async with aclosing(self._office.read(channel, spans, wanted)) as batches:
            async for found, _ in batches:
                for one in found:
                    letter, word = one.letter, verdict(one, again=again)
                    counts[letter.account, letter.tenant, letter.reason, letter.error, word] += 1
        return counts

    async def run(self, job: Job, runner: Runner) -> Job:
        """Bring back what the job asks for, from where it stands. Returns the job after its last step."""
        wanted = filter_of(job)
        offsets = dict(job.cursor.get("offsets", []))
        async with aclosing(self._office.read(job.channel, _left(job, offsets), wanted)) as batches:
            async for found, behind in batches:
                # What this job brought back before a kill is counted already.
                fresh = [one for one in found if one.decision is None or one.decision.job != job.id]
                again = bool(job.filters["again"])
                job = await self._bring_back(
                    job, runner, [one.letter for one in fresh if verdict(one, again=again) == "sent"]
                )
                left = Counter(word for one in fresh if (word := verdict(one, again=again)) != "sent")
                offsets |= behind
                job = await runner.step(job, [], counts=left, cursor={"offsets": list(map(list, offsets.items()))})
        return job

    async def _bring_back(self, job: Job, runner: Runner, letters: Sequence[DeadLetter]) -> Job:
        """Behind the sending stands in the book that it was done: a crash brings at most one step back twice."""
        for start in range(0, len(letters), runner.size):
            part = letters[start : start + runner.size]
            await runner.send([_brought_back(letter, job.id) for letter in part])
            at = moment(self._clock())
            await self._book.decide(part, Decision(Standing.REDRIVEN, job.who, job.filters["why"], at, job.id))
            job = await runner.step(job, [], counts={"sent": len(part)}, cursor=job.cursor)
        return job


def filters_of(wanted: LetterFilter, words: tuple[str, str], *, again: bool, why: str) -> dict[str, Any]:
    """What a job remembers of what was asked for. words: the times as they were typed."""
    return {
        "tenant": wanted.tenant,
        "account": wanted.account,
        "reason": wanted.reason,
        "product": wanted.product,
        "from": words[0],
        "to": words[1],
        "ids": sorted(wanted.ids),
        "again": again,
        "why": why,
    }


def plan_of(spans: Sequence[Span], wanted: LetterFilter) -> dict[str, Any]:
    """What is settled at the start of a redrive: letters that come later are no part of it."""
    return {
        "spans": [[*span.partition, span.start, span.end] for span in spans],
        "since": wanted.since,
        "until": wanted.until,
    }


def filter_of(job: Job) -> LetterFilter:
    """What a job asks for."""
    return LetterFilter(
        **{name: job.filters[name] for name in ("tenant", "account", "reason", "product")},
        since=job.plan["since"],
        until=job.plan["until"],
        ids=frozenset(job.filters["ids"]),
    )


def _left(job: Job, offsets: Mapping[int, int]) -> list[Span]:
    return [
        Span(Partition(topic, number), max(start, offsets.get(number, 0)), end)
        for topic, number, start, end in job.plan["spans"]
    ]


def _brought_back(letter: DeadLetter, job: str) -> tuple[State, Headers]:
    target = Target(letter.channel, job, letter.account)
    key, value, headers = original_state(letter.record)
    return State(key, value, headers), target.headers(letter.redrives + 1)
