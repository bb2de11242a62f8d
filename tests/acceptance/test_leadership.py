"""Two `marketsync capture` beside each other: one works, the other takes over, and readers see every change once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from consumer.events import Operation
from consumer.health import read_metrics
from consumer.kafka.topics import TopicNames
from tests.acceptance.installation import ROOT, Installation, Running, make_product, of_version
from tests.acceptance.kafka_reader import read_all
from tests.waiting import wait_until

DEADLINE = 40


def start_capture(installation: Installation, *, elsewhere: bool = False) -> Running:
    """A capture. elsewhere: it cannot see other processes, as on another machine."""
    if not elsewhere:
        return installation.start("capture")
    log = installation.folder / f"{len(installation.started)}-elsewhere.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.elsewhere", "capture"],
            env=installation.environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(("capture",), process, log)
    installation.started.append(running)
    return running


def address(running: Running) -> str:
    (line, *_) = wait_until(lambda: running.lines("metrics and health"), DEADLINE, "it does not serve")
    return str(line["at"])


def readiness(running: Running) -> dict[str, Any]:
    """The answer of /health/ready."""
    try:
        with urllib.request.urlopen(f"{address(running)}/health/ready", timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        found = json.loads(error.read())
    return found


def leads(running: Running) -> bool:
    answer = readiness(running)
    return answer["status"] == "ready" and "note" not in answer


def stands_by(running: Running) -> bool:
    answer = readiness(running)
    return answer["status"] == "ready" and "stands by" in answer.get("note", "")


def leader_metrics(running: Running) -> dict[str, float]:
    names = ("marketsync_capture_leader", "marketsync_capture_takeovers_total")
    return {sample.name: sample.value for sample in read_metrics(address(running)) if sample.name in names}


def pair(installation: Installation, *, elsewhere: bool = False) -> tuple[Running, Running]:
    """A leader and a standby."""
    first = start_capture(installation, elsewhere=elsewhere)
    wait_until(lambda: leads(first), DEADLINE, "the first does not lead")
    second = start_capture(installation, elsewhere=elsewhere)
    wait_until(lambda: stands_by(second), DEADLINE, "the second does not stand by")
    return first, second


@dataclass
class Load:
    """Updates of one product after another, all the time. written: (code, version) of what the PIM confirmed."""

    installation: Installation
    written: Counter[tuple[str, int]] = field(default_factory=Counter)
    _stop: Event = field(default_factory=Event)

    def run(self) -> None:
        version = 1
        while not self._stop.wait(0.004):
            version += 1
            code = f"P-{version % 20}"
            self.installation.products.update_one({"entity_code": code}, {"$set": of_version(version)})
            self.written[code, version] += 1

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def load(installation: Installation) -> Iterator[Load]:
    """Runs beside the block."""
    made = Load(installation)
    installation.products.insert_many([make_product(f"P-{number}") for number in range(20)])
    thread = Thread(target=made.run, name="load")
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join()


def updates(installation: Installation) -> Counter[tuple[str, int]]:
    """What a read_committed reader sees of them."""
    topic = TopicNames(installation.prefix).of(Operation.UPDATED)
    events = [seen.event for seen in read_all(installation.servers.kafka_bootstrap_servers, [topic])]
    return Counter((event.entity_code, event.product["quantity"]) for event in events if event.product)


def each_came_once(installation: Installation, made: Load) -> None:
    wait_until(lambda: len(updates(installation)) >= len(made.written), DEADLINE, "changes are missing")
    assert updates(installation) == made.written


def flows_again(installation: Installation, made: Load) -> None:
    """Something that was written after now is there."""
    newest = max(version for _, version in made.written)
    wait_until(lambda: max(version for _, version in updates(installation)) > newest, DEADLINE, "nothing flows")


def test_the_standby_says_so_and_takes_over_when_the_leader_ends(ready: Installation) -> None:
    first, second = pair(ready)
    assert list(leader_metrics(first).values()) == [1, 1]
    assert list(leader_metrics(second).values()) == [0, 0]
    status = ready.run("status")
    assert status.returncode == 0, status.stderr
    words = " ".join(status.stdout.split())
    assert f"(process {first.process.pid})" in words, status.stdout
    assert "1 stands by" in words, status.stdout
    with load(ready) as made:
        flows_again_after_start(ready, made)
        assert first.stop() == 0, first.output()
        wait_until(lambda: leads(second), DEADLINE, "it does not take over")
        flows_again(ready, made)
    each_came_once(ready, made)
    assert list(leader_metrics(second).values()) == [1, 1]
    assert second.stop() == 0, second.output()
    assert "Traceback" not in first.output() + second.output()
    status = ready.run("status")
    assert "nobody leads" in " ".join(status.stdout.split()), status.stdout


def flows_again_after_start(installation: Installation, made: Load) -> None:
    wait_until(lambda: made.written and updates(installation), DEADLINE, "nothing flows")


def test_a_killed_leader_is_replaced_by_a_standby_that_cannot_see_it(ready: Installation) -> None:
    first, second = pair(ready, elsewhere=True)
    with load(ready) as made:
        flows_again_after_start(ready, made)
        first.kill()
        flows_again(ready, made)
    each_came_once(ready, made)
    assert leads(second)
    assert second.stop() == 0


def test_a_killed_capture_that_is_started_again_on_its_machine_need_not_wait(ready: Installation) -> None:
    first = start_capture(ready)
    wait_until(lambda: leads(first), DEADLINE)
    lease = 120.0
    first.stop()
    slow = {"MARKETSYNC_CAPTURE_LEASE": str(lease)}
    second = ready.start("capture", changed=slow)
    wait_until(lambda: leads(second), DEADLINE)
    second.kill()
    started = time.monotonic()
    third = ready.start("capture", changed=slow)
    wait_until(lambda: leads(third), DEADLINE, "it waits for the dead")
    assert time.monotonic() - started < lease / 2
    assert third.stop() == 0


def test_a_frozen_and_woken_leader_writes_nothing_and_stands_by(ready: Installation) -> None:
    first, second = pair(ready)
    with load(ready) as made:
        flows_again_after_start(ready, made)
        os.kill(first.process.pid, signal.SIGSTOP)
        wait_until(lambda: leads(second), DEADLINE, "nobody takes over")
        flows_again(ready, made)
        os.kill(first.process.pid, signal.SIGCONT)
        wait_until(lambda: stands_by(first), DEADLINE, "the woken one does not stand by")
        flows_again(ready, made)
        assert leads(second)
        second.kill()
        wait_until(lambda: leads(first), DEADLINE, "it does not lead again")
        flows_again(ready, made)
    each_came_once(ready, made)
    assert first.lines("capture does not lead any more: another one took over")
    assert list(leader_metrics(first).values()) == [1, 2]
    assert first.stop() == 0
    assert "Traceback" not in first.output()
