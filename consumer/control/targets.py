"""Records that a job sends: a state as it was, for one channel or one account of it alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from consumer import events
from consumer.delivery.origin import OWN_PREFIXES, origin_headers, origin_of
from consumer.errors import UndecodableEventError
from consumer.events import Headers, Operation
from consumer.kafka import ReliableProducer, TopicNames
from consumer.kafka.records import Record


@dataclass(frozen=True, slots=True)
class State:
    """What is sent: key, value and the headers of the event."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a job sends to. account: "" = all of the channel. force: distrust what the channel is believed to show."""

    channel: str
    job: str
    account: str = ""
    force: bool = False

    def headers(self, redrives: int = 0) -> Headers:
        """What is added to a state. redrives: how often it came back from the dead letters, this time included."""
        added = [(events.TARGET_CHANNEL, self.channel.encode()), (events.JOB, self.job.encode())]
        if self.account:
            added.append((events.TARGET_ACCOUNT, self.account.encode()))
        if self.force:
            added.append((events.FORCE, b"1"))
        if redrives:
            added.append((events.REDRIVES, str(redrives).encode()))
        return added


def state_of(record: Record) -> State:
    """The state in a record of a product topic, with where it first came from and without what others added to it."""
    own = [(name, value) for name, value in record.headers if not name.startswith(OWN_PREFIXES)]
    try:
        return State(record.key, record.value, own + origin_headers(origin_of(record)))
    except UndecodableEventError:
        return State(record.key, record.value, own)


class Outbox:
    """Writes states into a product topic, where only their target takes them. partitions: how many it has.

    operation: whose topic; READ is the background, any other is live.
    """

    def __init__(
        self, producer: ReliableProducer, names: TopicNames, partitions: int, operation: Operation = Operation.READ
    ) -> None:
        self._producer = producer
        self._topic = names.of(operation)
        self._partitions = partitions

    async def send(self, states: Iterable[tuple[State, Headers]]) -> None:
        """Until Kafka has all of them. Raises UnavailableError, RecordTooLargeError: then some may be missing."""
        await _safe(
            self._producer.produce(self._topic, state.key, state.value, state.headers + added)
            for state, added in states
        )

    async def mark(self, marker: State, added: Headers) -> None:
        """Write a marker into every partition. Raises as `send`."""
        headers = marker.headers + added
        await _safe(
            self._producer.produce(self._topic, marker.key, marker.value, headers, partition=number)
            for number in range(self._partitions)
        )


async def _safe(written: Iterable[Future[None]]) -> None:
    """Until all have ended; then the first failure is raised."""
    for result in await asyncio.gather(*map(asyncio.wrap_future, written), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
