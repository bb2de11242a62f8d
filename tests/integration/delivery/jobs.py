"""Jobs on a delivery line: what a command puts together, without the command."""

from __future__ import annotations

from consumer.control.jobs import COLLECTION, Job, JobStore
from consumer.control.pace import Pace
from consumer.control.running import Runner, Watch
from consumer.control.targets import Outbox
from consumer.mongo import AsyncDatabase, Document
from tests.integration.delivery.conftest import TOPICS, Line


def database_of(line: Line) -> AsyncDatabase[Document]:
    """Where the line's states are."""
    return line.store._collection.database


def jobs_of(line: Line, owner: str = "a test") -> JobStore:
    """The line's jobs."""
    return JobStore(database_of(line)[COLLECTION], owner)


def runner_of(line: Line, jobs: JobStore, *, rate: float = 0, watch: Watch = lambda job: None) -> Runner:
    """Runs jobs on the line."""
    return Runner(jobs, Outbox(line.producer, line.names, TOPICS.partitions), Pace(rate), watch)


class KilledError(BaseException):
    """Ends a job as a kill would: nothing behind it runs."""


def killed_after(steps: int) -> Watch:
    """Ends the job after so many steps."""
    left = [steps]

    def watch(_job: Job) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    return watch
