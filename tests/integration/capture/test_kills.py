"""SIGKILL at random moments: committed records hold every change once, and a snapshot is not begun again."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from consumer.capture.positions import read_standing
from consumer.events import Operation, ProductEvent
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until

KILLS = 4


@contextmanager
def capturing(line: Line, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A capture process; killed at the end."""
    arguments = {
        "uri": line.servers.mongodb_uri,
        "bootstrap": line.servers.kafka_bootstrap_servers,
        "tenant": line.tenant,
        "prefix": line.topics.prefix,
        "settings": {"max_await": 0.1, "transaction_timeout": 10, **settings},
    }
    command = [sys.executable, "-m", "tests.integration.capture.process", json.dumps(arguments)]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Progress:
    """How many records some topics hold, committed or not."""

    def __init__(self, line: Line, *operations: Operation) -> None:
        self._consumer = Consumer({"bootstrap.servers": line.servers.kafka_bootstrap_servers, "group.id": "progress"})
        self._places = [
            TopicPartition(line.names.of(operation), partition)
            for operation in operations
            for partition in range(line.topics.partitions)
        ]

    def records(self) -> int:
        """Now."""
        return sum(self._consumer.get_watermark_offsets(place, timeout=10)[1] for place in self._places)

    def reached(self, records: int) -> bool:
        """Whether there are as many."""
        return self.records() >= records

    def close(self) -> None:
        """Once."""
        self._consumer.close()


@contextmanager
def killed_while(write: Callable[[int], None], progress: Progress, line: Line, **settings: Any) -> Iterator[Thread]:
    """Writes on and on in a thread, and meanwhile kills captures in the middle of their work."""
    finished = Event()

    def write_on() -> None:
        for number in itertools.takewhile(lambda _: not finished.is_set(), itertools.count()):
            write(number)

    writer, dice = Thread(target=write_on), random.Random(8)
    writer.start()
    try:
        for _ in range(KILLS):
            with capturing(line, **settings) as process:
                enough = progress.records() + dice.randint(1, 250)
                wait_until(partial(progress.reached, enough), 30)
                assert process.poll() is None, "the capture ended by itself"
        finished.set()
        with capturing(line, **settings):
            writer.join()
            yield writer
    finally:
        finished.set()
        writer.join()
        progress.close()


def test_every_change_is_seen_once(line: Line) -> None:
    dice = random.Random(7)
    line.capture().stop()  # the position is before all of it
    updates: list[int] = []
    created: list[str] = []
    deleted: list[str] = []

    alive: list[int] = []

    def write(number: int) -> None:
        draw = dice.random()
        if len(alive) < 50 or draw < 0.1:
            line.products.insert_one(make_product(number, write=number))
            alive.append(number)
            created.append(f"P-{number}")
        elif draw < 0.15:
            gone = alive.pop(dice.randrange(len(alive)))
            line.products.delete_one({"_id": gone})
            deleted.append(f"P-{gone}")
        else:
            line.products.update_one({"_id": dice.choice(alive)}, {"$set": {"write": number}})
            updates.append(number)

    progress = Progress(line, Operation.CREATED, Operation.UPDATED, Operation.DELETED)
    with killed_while(write, progress, line):
        found = line.wait_for(len(created) + len(updates) + len(deleted), deadline=30)
    assert Counter(_codes(found, Operation.CREATED)) == Counter(created)
    assert Counter(_codes(found, Operation.DELETED)) == Counter(deleted)
    assert Counter(_writes(found)) == Counter(updates)
    assert len({event.id for event in found}) == len({event.sequence for event in found}) == len(found)


def _codes(events: list[ProductEvent], operation: Operation) -> list[str]:
    return [event.entity_code for event in events if event.operation is operation]


def _writes(events: list[ProductEvent]) -> list[int]:
    return [event.product["write"] for event in events if event.operation is Operation.UPDATED and event.product]


def test_a_killed_snapshot_goes_on_and_hides_nothing_that_was_written_meanwhile(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line = make_line(fresh_name, images=False)  # the harder case: states are looked up later than the change
    dice = random.Random(9)
    names = [f"{dice.getrandbits(64):016x}" for _ in range(2000)]
    first, later = names[:1500], names[1500:]
    line.products.insert_many([make_product(0, _id=name, entity_code=name, write=-1) for name in first])

    def write(number: int) -> None:
        if number % 4 == 0 and later:
            name = later.pop()
            line.products.insert_one(make_product(0, _id=name, entity_code=name, write=number))
        else:
            line.products.update_one({"_id": dice.choice(first)}, {"$set": {"write": number}})

    with killed_while(write, Progress(line, Operation.READ), line, snapshot_chunk=40, snapshot_readers=3):
        wait_until(lambda: snapshot_done(line), 30)
        line.products.insert_one(make_product(1, _id="last", entity_code="last"))
        wait_until(lambda: "last" in _codes(line.events(Operation.CREATED), Operation.CREATED), 30)
    found = line.events()
    reads = Counter(_codes(found, Operation.READ))
    assert max(reads.values()) == 1, "a chunk that was committed is not read again"
    assert set(first) <= set(reads)
    newest: dict[str, ProductEvent] = {}
    for event in sorted(found, key=lambda event: event.sequence):
        newest[event.entity_code] = event
    shown = {code: event.product for code, event in newest.items()}
    assert shown == {document["entity_code"]: document for document in line.products.find()}


def snapshot_done(line: Line) -> bool:
    standing = read_standing(
        line.servers.kafka_bootstrap_servers, line.names, stream="pim", databases=[line.database.name]
    )
    return all(progress.done for progress in standing.snapshots)
