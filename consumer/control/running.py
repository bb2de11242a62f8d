"""What every job does the same way: send a step, store how far it came, tell whoever watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from consumer.control.jobs import Job, JobStore
from consumer.control.pace import Pace
from consumer.control.targets import Outbox, State
from consumer.events import Headers

Watch = Callable[[Job], None]
"""Is told after each step; from the event loop."""


Plan = Callable[[Sequence[tuple[State, Headers]]], Awaitable[None]]
"""Remembers of each listing what is asked for, before it is sent."""


class Runner:
    """Performs the steps of jobs. watch: for progress bars and metrics. plan: None = nobody follows single listings."""

    def __init__(self, jobs: JobStore, outbox: Outbox, pace: Pace, watch: Watch, plan: Plan | None = None) -> None:
        self._jobs = jobs
        self._outbox = outbox
        self._pace = pace
        self._watch = watch
        self._plan = plan

    @property
    def size(self) -> int:
        """How many states a step should have: few when they are sent slowly, so that progress shows."""
        return self._pace.step

    async def send(self, states: Sequence[tuple[State, Headers]]) -> None:
        """At the job's pace, until Kafka has all of them. Raises UnavailableError, RecordTooLargeError."""
        if states:
            await self._pace.wait(len(states))
            if self._plan is not None:
                await self._plan(states)
            await self._outbox.send(states)

    async def mark(self, marker: State, headers: Headers) -> None:
        """Write this record into every partition, behind all that was sent. Raises as `send`."""
        await self._outbox.mark(marker, headers)

    async def step(
        self,
        job: Job,
        states: Sequence[tuple[State, Headers]],
        *,
        counts: Mapping[str, int],
        cursor: Mapping[str, Any],
    ) -> Job:
        """Send these, then store that it was done; a crash in between sends them once more, which harms nobody.

        Raises UnavailableError, RecordTooLargeError, JobTakenError, PyMongoError.
        """
        await self.send(states)
        saved = await self._jobs.save(job.counted(counts, cursor))
        self._watch(saved)
        return saved
