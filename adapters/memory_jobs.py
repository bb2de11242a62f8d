"""What the channel in memory has taken and not done yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import UnknownListingError
from adapters.model import Command, Outcome


@dataclass(slots=True)
class _Job:
    """asks: how often it is asked for before it ends. outcomes: by SKU, once it has ended."""

    commands: tuple[Command, ...]
    asks: int
    outcomes: Mapping[str, Outcome] | None = None


class Jobs:
    """All of an account's. patience: how often each is asked for before it is done."""

    def __init__(self, patience: int = 1) -> None:
        self.patience = patience
        self._jobs: dict[str, _Job] = {}
        self._count = 0

    def take(self, commands: Sequence[Command]) -> str:
        """These are done later, together. Returns the ticket."""
        self._count += 1
        ticket = f"job-{self._count}"
        self._jobs[ticket] = _Job(tuple(commands), self.patience)
        return ticket

    def follow(self, ticket: str, do: Callable[[Command], Outcome]) -> Mapping[str, Outcome] | None:
        """How they ended; None = not yet. do: does one of them. Raises UnknownListingError."""
        job = self._jobs.get(ticket)
        if job is None:
            raise UnknownListingError(f"There is no job {ticket!r}", status=404)
        if job.outcomes is None:
            if job.asks > 0:
                job.asks -= 1
                return None
            job.outcomes = {command.sku: do(command) for command in job.commands}
        return job.outcomes

    def forget(self, ticket: str) -> None:
        """The channel knows nothing of it any more, and has not done it."""
        self._jobs.pop(ticket, None)
