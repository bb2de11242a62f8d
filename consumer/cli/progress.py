"""A bar for a job: how much of it is done, by what was stored of it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.control.jobs import Job


class JobBar:
    """Shows a job's progress. size: how much there is to do in a job, as counted by its count `done`."""

    def __init__(self, console: Console, size: Callable[[Job], int], *, done: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._size = size
        self._done = done
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("sending", total=None)
        self._console = console

    def __enter__(self) -> JobBar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watch(self, job: Job) -> None:
        """The job has come so far."""
        self._progress.update(self._task, total=self._size(job), completed=job.counts.get(self._done, 0))

    def say(self, words: str) -> None:
        """A line above the bar."""
        self._console.print(words)
