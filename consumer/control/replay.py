"""Replay: the newest state of each product in a stretch of the topics, once more, to one channel alone.

All topics keyed by product have one partition count and one partitioner, so partition n of all of them holds the same
products. They are read partition by partition, each twice: the first pass finds the newest state of each product, the
second sends it. Each keeps its own sequence, so nothing goes backwards, however old the stretch is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from consumer.control.jobs import Job
from consumer.control.newest import Newest, Wish
from consumer.control.reading import read_batches
from consumer.control.running import Runner
from consumer.control.targets import State, Target, state_of
from consumer.events import Operation
from consumer.kafka.records import Partition, Record
from consumer.kafka.spans import Span, SpanReader

# Plan: {"spans": [[topic, partition, start, end], …]}. Cursor: {"partition": n, "offsets": [[topic, next offset], …]}:
# everything in partitions below n is done, and of n what stands before these offsets.


def plan_of(spans: Sequence[Span]) -> Mapping[str, Any]:
    """What a replay of these spans keeps in its job."""
    return {"spans": [[*span.partition, span.start, span.end] for span in spans]}


def spans_of(job: Job) -> list[Span]:
    """The spans a replay is to read."""
    return [Span(Partition(topic, number), start, end) for topic, number, start, end in job.plan["spans"]]


def wish_of(filters: Mapping[str, Any]) -> Wish:
    """What is asked for in a job's filters."""
    return Wish(frozenset(filters["tenants"]), frozenset(map(Operation, filters["operations"])))


class Replay:
    """Reads topics and sends what is newest in them."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def histogram(self, spans: Sequence[Span], wish: Wish) -> tuple[Counter[tuple[str, str]], int]:
        """(tenant, operation) → products that would be sent; and how many records could not be read as events."""
        found: Counter[tuple[str, str]] = Counter()
        unreadable = 0
        for number in _numbers(spans):
            newest = await self._look(spans, number, wish)
            found += newest.histogram()
            unreadable += newest.unreadable
        return found, unreadable

    async def run(self, job: Job, runner: Runner) -> Job:
        """Send the newest state of each product, from where the job stands. Returns the job after its last step."""
        spans, wish = spans_of(job), wish_of(job.filters)
        target = Target(job.channel, job.id, job.filters["account"], force=job.filters["force"])
        for number in _numbers(spans):
            if number >= job.cursor.get("partition", 0):
                job = await self._partition(
                    job, runner, number, newest=await self._look(spans, number, wish), target=target
                )
        return job

    async def _look(self, spans: Sequence[Span], number: int, wish: Wish) -> Newest:
        newest = Newest(wish)
        async with aclosing(read_batches(SpanReader(self._bootstrap, _of(spans, number)))) as batches:
            async for records in batches:
                for record in records:
                    newest.look(record)
        return newest

    async def _partition(self, job: Job, runner: Runner, number: int, *, newest: Newest, target: Target) -> Job:
        """The second pass."""
        offsets = dict(job.cursor["offsets"]) if job.cursor.get("partition") == number else {}
        left = [
            Span(s.partition, max(s.start, offsets.get(s.partition.topic, 0)), s.end)
            for s in _of(spans_of(job), number)
        ]
        async with aclosing(read_batches(SpanReader(self._bootstrap, left))) as batches:
            async for batch in batches:
                for records, states in _portions(batch, newest, size=runner.size):
                    offsets |= {record.topic: record.offset + 1 for record in records}
                    counts = {"read": len(records), "sent": len(states)}
                    cursor = {"partition": number, "offsets": list(map(list, offsets.items()))}
                    job = await runner.step(job, [(s, target.headers()) for s in states], counts=counts, cursor=cursor)
        counts = {"unreadable": newest.unreadable}
        return await runner.step(job, [], counts=counts, cursor={"partition": number + 1, "offsets": []})


def _portions(batch: Sequence[Record], newest: Newest, *, size: int) -> Iterator[tuple[list[Record], list[State]]]:
    """Records that were looked at, and at most `size` states of them that are to be sent."""
    records: list[Record] = []
    states: list[State] = []
    for record in batch:
        records.append(record)
        if newest.take(record):
            states.append(state_of(record))
        if len(states) == size:
            yield records, states
            records, states = [], []
    if records:
        yield records, states


def _numbers(spans: Sequence[Span]) -> list[int]:
    return sorted({span.partition.number for span in spans if span.start < span.end})


def _of(spans: Sequence[Span], number: int) -> list[Span]:
    return [span for span in spans if span.partition.number == number]
