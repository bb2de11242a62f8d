"""`make bench-takeover`: for how long nothing flows when the capture that leads is killed, or asked to end.

One run: servers of its own, some hundred writes a second to the PIM, a leader, a standby, and a read_committed reader.
Measured is the time from the signal until the reader has a change that was written after the signal. At the end every
change must have come exactly once. The last line says which goals are met.
Usage: `python -m tests.benchmarks.takeover [--rounds 5]`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import orjson
from confluent_kafka import Consumer, TopicPartition

from consumer import embedded
from consumer.embedded import Endpoints
from consumer.events import Operation
from consumer.kafka import TopicNames
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.waiting import wait_until

TENANT = "bench"
PREFIX = "bench."
FIRST_PORT = 19564
WRITES_PER_SECOND = 200
PRODUCTS_WRITTEN = 20
# Seconds. The first two are the goals for a standby; the last one that for a single capture that is started again.
GOALS = {"SIGKILL, standby elsewhere": 10.0, "SIGTERM, standby": 2.0, "SIGKILL, alone, started again at once": 3.0}


@dataclass
class Writer:
    """Writes to the PIM all the time. written: when, by version."""

    endpoints: Endpoints
    written: dict[int, float] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)

    def run(self) -> None:
        with connect(self.endpoints.mongodb_uri) as client:
            products = client[tenant_database(TENANT)][PRODUCTS]
            codes = [f"T-{number}" for number in range(PRODUCTS_WRITTEN)]
            products.insert_many([{"entity_code": code, "isCurrent": True, "quantity": 0} for code in codes])
            version = 0
            while not self.stop.wait(1 / WRITES_PER_SECOND):
                version += 1
                self.written[version] = time.monotonic()
                products.update_one({"entity_code": codes[version % len(codes)]}, {"$set": {"quantity": version}})


@dataclass
class Reader:
    """Reads what is committed, all the time. seen: how often, by version. newest: the newest version."""

    endpoints: Endpoints
    seen: Counter[int] = field(default_factory=Counter)
    newest: int = 0
    stop: Event = field(default_factory=Event)

    def run(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self.endpoints.kafka_bootstrap_servers,
                "group.id": "bench-takeover",  # never joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 10,
            }
        )
        topic = TopicNames(PREFIX).of(Operation.UPDATED)
        partitions = consumer.list_topics(topic, 10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        while not self.stop.is_set():
            for message in consumer.consume(500, 0.01):
                value = message.value()
                if message.error() is None and isinstance(value, bytes):
                    version = orjson.loads(value)["product"]["quantity"]
                    self.seen[version] += 1
                    self.newest = max(self.newest, version)
        consumer.close()


@dataclass(frozen=True)
class Captured:
    """A capture process."""

    process: subprocess.Popen[bytes]
    port: int

    def ready(self, *, standby: bool) -> bool:
        """Whether it leads, or stands by."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except (urllib.error.URLError, OSError):
            return False
        return ("note" in found) is standby

    def end(self, number: signal.Signals) -> None:
        """Send it a signal. Returns at once."""
        self.process.send_signal(number)


class Room:
    """The captures of the run."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._started: list[Captured] = []

    def start(self, *, standby: bool, elsewhere: bool) -> Captured:
        """Start one and wait until it leads or stands by."""
        started = self.launch(elsewhere=elsewhere)
        wait_until(lambda: started.ready(standby=standby), 60, "a capture does not start")
        return started

    def launch(self, *, elsewhere: bool) -> Captured:
        """Start one. elsewhere: it cannot see the processes of this machine."""
        port = FIRST_PORT + len(self._started)
        module = ("tests.elsewhere",) if elsewhere else ("consumer",)
        process = subprocess.Popen(
            [sys.executable, "-m", *module, "capture"], env=environment(self._endpoints, port), stdin=subprocess.DEVNULL
        )
        self._started.append(Captured(process, port))
        return self._started[-1]

    def close(self) -> None:
        """End all."""
        for one in self._started:
            if one.process.poll() is None:
                one.end(signal.SIGTERM)
        for one in self._started:
            one.process.wait(60)


def environment(endpoints: Endpoints, port: int = 0) -> dict[str, str]:
    """The installation of this run."""
    return os.environ | {
        "MONGODB_URI": endpoints.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": TENANT,
        "MARKETSYNC_DATABASE": "marketsync-bench",
        "MARKETSYNC_TOPICS_PREFIX": PREFIX,
        "MARKETSYNC_METRICS_PORT": str(port),
        "MARKETSYNC_LOG_LEVEL": "error",
    }


def silence(writer: Writer, reader: Reader, act: Callable[[], None]) -> float:
    """Seconds from the act until something that was written after it has been read."""
    before = max(writer.written)
    begun = time.monotonic()
    act()
    wait_until(lambda: reader.newest > before + 1, 60, "nothing flows again")
    return time.monotonic() - begun


def hand_over(room: Room, flow: tuple[Writer, Reader], number: signal.Signals, *, rounds: int) -> list[float]:
    """The silences when a leader with a standby elsewhere gets this signal."""
    leader = room.start(standby=False, elsewhere=True)
    found = []
    for _ in range(rounds):
        standby = room.start(standby=True, elsewhere=True)
        flowing(flow[1])
        found.append(silence(*flow, lambda one=leader: one.end(number)))  # type: ignore[misc]  # bound now
        leader.process.wait(60)
        leader = standby
    leader.end(signal.SIGTERM)
    leader.process.wait(60)
    return found


def start_again(room: Room, flow: tuple[Writer, Reader], *, rounds: int) -> list[float]:
    """The silences when the only capture is killed and its supervisor starts it again."""
    leader = room.start(standby=False, elsewhere=False)
    found = []

    def kill_and_start() -> None:
        nonlocal leader
        leader.process.kill()
        leader.process.wait(60)
        leader = room.launch(elsewhere=False)

    for _ in range(rounds):
        flowing(flow[1])
        found.append(silence(*flow, kill_and_start))
    leader.end(signal.SIGTERM)
    leader.process.wait(60)
    return found


def flowing(reader: Reader) -> None:
    """Wait until changes pass, and some more do."""
    for _ in range(2):
        newest = reader.newest
        wait_until(lambda before=newest: reader.newest > before + WRITES_PER_SECOND // 2, 60)  # type: ignore[misc]


@contextmanager
def flow(endpoints: Endpoints) -> Iterator[tuple[Writer, Reader]]:
    """Changes and their reader, beside the block."""
    writer, reader = Writer(endpoints), Reader(endpoints)
    threads = [Thread(target=writer.run), Thread(target=reader.run)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: writer.written, 30)
        yield writer, reader
    finally:
        writer.stop.set()
        reader.stop.set()
        for thread in threads:
            thread.join()


def report(found: dict[str, list[float]], *, repeated: int, missing: int) -> str:
    """The table and the verdict."""
    lines = [f"{'seconds without flow after':<40} {'median':>7} {'worst':>7} {'goal':>6}"]
    goals = []
    for name, seconds in found.items():
        worst, goal = max(seconds), GOALS[name]
        lines.append(f"{name:<40} {statistics.median(seconds):>7.2f} {worst:>7.2f} {goal:>6.0f}")
        goals.append(f"{name} {worst:.2f} s of at most {goal:.0f}: {'met' if worst <= goal else 'MISSED'}")
    exact = not repeated and not missing
    goals.append(f"{repeated} changes repeated, {missing} missing: {'met' if exact else 'MISSED'}")
    return "\n".join([*lines, f"goals (the worst of all rounds): {'; '.join(goals)}"])


def measure(endpoints: Endpoints, rounds: int) -> str:
    """All cases, one after another."""
    subprocess.run(
        [sys.executable, "-m", "consumer", "init"],
        env=environment(endpoints),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    room = Room(endpoints)
    found: dict[str, list[float]] = {}
    try:
        room.start(standby=False, elsewhere=False).end(signal.SIGTERM)  # the position before the first write
        with flow(endpoints) as (writer, reader):
            killed, ended, again = GOALS
            found[killed] = hand_over(room, (writer, reader), signal.SIGKILL, rounds=rounds)
            found[ended] = hand_over(room, (writer, reader), signal.SIGTERM, rounds=rounds)
            found[again] = start_again(room, (writer, reader), rounds=rounds)
            writer.stop.set()
            last = room.start(standby=False, elsewhere=False)
            wait_until(lambda: reader.newest == max(writer.written), 60, "the last change does not come")
            last.end(signal.SIGTERM)
    finally:
        room.close()
    repeated = sum(count - 1 for count in reader.seen.values())
    return report(found, repeated=repeated, missing=len(writer.written.keys() - reader.seen.keys()))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marketsync-bench-") as folder:
        home = Path(folder)
        try:
            sys.stdout.write(f"{measure(embedded.start(home), arguments.rounds)}\n")
        finally:
            embedded.stop(home)


if __name__ == "__main__":
    main()
