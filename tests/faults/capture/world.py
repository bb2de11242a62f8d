"""What a fault run has: a broker, a PIM that can be disturbed, and two captures that somebody starts again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError

from consumer import embedded
from consumer.embedded.members import MemberSet
from consumer.errors import MarketsyncError
from consumer.health import read_metrics
from consumer.kafka import TopicNames
from consumer.mongo import PyMongoError, connect
from tests.acceptance.installation import Installation, Running
from tests.faults.capture.verdict import held_back
from tests.proxy import Proxy
from tests.waiting import wait_until

# Short enough that pauses of some seconds are longer than each of them.
SETTINGS = {
    "MARKETSYNC_CAPTURE_LEASE": "2",
    "MARKETSYNC_CAPTURE_TRANSACTION_TIMEOUT": "6",
    "MARKETSYNC_CAPTURE_IDLE_POSITION": "1",
    "MARKETSYNC_CAPTURE_DELETION_GRACE": "0.5",
    "EBAY_ENABLED": "false",
}


class Broker:
    """The one Kafka broker of a data folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def shut_down(self) -> None:
        """As an orderly restart begins."""
        self._end(signal.SIGTERM)

    def start(self) -> None:
        """Again, in the same place; returns when it serves."""
        embedded.start(self.home)

    def freeze(self) -> None:
        """It does nothing more and does not know it."""
        os.kill(self._pid, signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on as if no time had passed."""
        os.kill(self._pid, signal.SIGCONT)

    @property
    def _pid(self) -> int:
        return wait_until(lambda: embedded.status(self.home).kafka.pid, 20)

    def _end(self, how: signal.Signals) -> None:
        os.kill(self._pid, how)
        wait_until(lambda: not embedded.status(self.home).kafka.running, 60, "the broker does not end")


class OneMember:
    """A PIM of one member. Captures reach it through a proxy, which can be cut; writers do not."""

    def __init__(self, uri: str) -> None:
        with connect(uri) as client:
            client.admin.command("ping")
            host, port = client.address or ("", 0)
        self.proxy = Proxy(host, port)
        self.uri = uri
        self.uri_of_captures = f"mongodb://127.0.0.1:{self.proxy.port}/?directConnection=true"

    def close(self) -> None:
        self.proxy.close()


class ThreeMembers:
    """A PIM whose primary may change."""

    def __init__(self, members: MemberSet) -> None:
        self.members = members
        self.uri = self.uri_of_captures = members.address

    def close(self) -> None:
        self.members.stop()


Pim = OneMember | ThreeMembers


class Keeper:
    """Starts a capture again whenever it has ended, as every process manager does. `kill` and so on are for faults."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.name = name
        self._installation = installation
        self._running = installation.start("capture")
        self._all = [self._running]
        self._closing = Event()
        self._asked: set[int] = set()
        self._thread = Thread(target=self._keep, name=f"keeper-{name}")
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._running.process.pid

    def send(self, how: signal.Signals) -> None:
        """A signal to whatever runs now; what ends of it was meant to end."""
        running = self._running
        if how in (signal.SIGKILL, signal.SIGTERM):
            self._asked.add(running.process.pid)
        with suppress(ProcessLookupError):
            running.process.send_signal(how)

    def metric(self, name: str) -> float | None:
        """Of what runs now; None while it cannot say."""
        try:
            (line, *_) = self._running.lines("metrics and health")
            found = [sample.value for sample in read_metrics(str(line["at"])) if sample.name == name]
        except (ValueError, OSError, URLError, MarketsyncError):
            return None
        return found[0] if found else None

    def said(self, event: str) -> bool:
        """Whether what runs now has this line in its log."""
        return bool(self._running.lines(event))

    def output(self) -> str:
        """What it wrote, whichever process it was."""
        return "".join(running.output() for running in self._all)

    def close(self) -> list[str]:
        """End it in order. Returns what went wrong in all the time, in words."""
        self._closing.set()
        self._thread.join()
        code = self._running.stop() if self._running.process.poll() is None else self._running.process.returncode
        wrong = [f"{self.name} ended with {code}"] if code != 0 else []
        for running in self._all:
            output = running.output()
            if "Traceback" in output:
                wrong.append(f"{running.log} has a traceback: {output[output.index('Traceback') :][:3000]}")
        return wrong

    def unasked(self) -> list[Running]:
        """The processes that ended by themselves."""
        return [
            one
            for one in self._all
            if one.process.returncode is not None and one.process.pid not in self._asked and one is not self._running
        ]

    def _keep(self) -> None:
        while not self._closing.wait(0.3):
            if self._running.process.poll() is not None:
                self._running = self._installation.again(self._running)
                self._all.append(self._running)


@dataclass
class World:
    """Everything a fault may touch."""

    installation: Installation
    broker: Broker
    pim: Pim
    keepers: list[Keeper] = field(default_factory=list)

    def start(self) -> None:
        """`init`, and two captures, one of which leads."""
        self.installation.initialise()
        self.keepers += [Keeper(self.installation, name) for name in ("left", "right")]
        # What is written from now on is a change, and not read by the first snapshot.
        wait_until(self._began, 60, "the first snapshot does not end")

    def leader(self) -> Keeper | None:
        """The capture that leads now, as far as it can be asked."""
        return next((one for one in self.keepers if one.metric("marketsync_capture_leader") == 1), None)

    def _began(self) -> bool:
        return any(keeper.said("snapshot is complete") for keeper in self.keepers)

    def caught_up(self, deadline: float) -> None:
        """Wait until everything that was written so far is in Kafka."""
        end = self._cluster_time()

        def reached() -> bool:
            with suppress(PyMongoError):
                self.installation.client[f"vinc-{self.installation.name}"]["side"].insert_one({})
            leader = self.leader()
            position = leader and leader.metric("marketsync_capture_position_timestamp_seconds")
            waiting = leader and leader.metric("marketsync_capture_waiting_products")
            return bool(position and position > end and waiting == 0)

        try:
            wait_until(reached, deadline)
        except AssertionError as error:
            names = TopicNames(self.installation.prefix)
            topics = [*names.products, names.positions]
            held = held_back(self.installation.servers.kafka_bootstrap_servers, topics)
            raise AssertionError(f"capture does not catch up; open transactions: {held or 'none'}") from error

    def close(self) -> list[str]:
        """End the captures; what went wrong, in words."""
        keepers, self.keepers = self.keepers, []
        return [words for keeper in keepers for words in keeper.close()]

    def _cluster_time(self) -> float:
        found: Callable[[], Mapping[str, object] | None] = self._ping
        answer = wait_until(found, 60, "MongoDB does not answer")
        return float(getattr(answer["operationTime"], "time"))  # noqa: B009  the driver's Timestamp is untyped here

    def _ping(self) -> Mapping[str, object] | None:
        try:
            return self.installation.client.admin.command("ping")
        except PyMongoError:
            return None


def now() -> str:
    """For lines that people read."""
    return time.strftime("%H:%M:%S")
