"""What a simulated channel has taken and does later; some of it, it forgets."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import UnknownListingError
from adapters.model import Command, Outcome
from tests.unit.delivery.simulation.engine import Clock

# Seconds until a job is done.
_TAKES = (0.5, 3.0, 12.0)
# How often a job is done, or not, and nobody can say which.
_FORGOTTEN = 0.25


@dataclass(slots=True)
class _Job:
    skus: frozenset[str]
    done: bool = False
    outcomes: Mapping[str, Outcome] | None = None


class Jobs:
    """One account's."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._jobs: dict[str, _Job] = {}

    def take(self, commands: Sequence[Command], do: Callable[[], list[Outcome]]) -> list[Outcome]:
        """These are done later. do: does them."""
        ticket = f"job-{len(self._jobs) + 1}"
        job = self._jobs[ticket] = _Job(frozenset(command.sku for command in commands))

        def end() -> None:
            forgotten = self._rng.random() < _FORGOTTEN
            job.done = True
            if forgotten and self._rng.random() < 0.5:
                return
            try:
                outcomes = do()
            except RuntimeError:
                return  # a bug of the channel's own: it forgets that, too
            if not forgotten:
                job.outcomes = {outcome.sku: outcome for outcome in outcomes}

        self._clock.later(self._rng.choice(_TAKES), end)
        return [Outcome(command.sku, ticket=ticket) for command in commands]

    def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        """How a job ended. Raises UnknownListingError."""
        job = self._jobs.get(ticket)
        if job is None or (job.done and job.outcomes is None):
            raise UnknownListingError("nobody knows of this job any more")
        return job.outcomes

    def undecided(self, sku: str) -> list[str]:
        """Tickets of the jobs that have this SKU to do."""
        return [ticket for ticket, job in self._jobs.items() if not job.done and sku in job.skus]
