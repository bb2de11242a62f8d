"""Start, stop and look at the two servers of a data folder.

The folder holds `mongod/` and `kafka/`, each with data, logs, ports and the lock of the running process; `lock` keeps
two commands from starting or stopping at once. `start` brings back only what does not run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from consumer.embedded import broker, mongod
from consumer.embedded.errors import ELSEWHERE, EmbeddedError
from consumer.embedded.locks import exclusive
from consumer.embedded.ports import choose, is_free, remembered
from consumer.embedded.processes import ServerProcess
from consumer.embedded.waiting import wait_for
from consumer.settings import PlaceSettings

_START_DEADLINE = 90
_STOP_PATIENCE = 20
_ATTEMPTS = 3
_PORTS_FILE = "ports.json"
_LONGEST_WORDS = 400

Ports = dict[str, int]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the two servers are."""

    mongodb_uri: str
    kafka_bootstrap_servers: str


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server. Without pid it does not run; without address it has never run in this folder."""

    name: str
    pid: int | None
    address: str | None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.pid is not None


@dataclass(frozen=True, slots=True)
class Status:
    """Both servers of a data folder."""

    home: Path
    mongod: ServerStatus
    kafka: ServerStatus

    @property
    def endpoints(self) -> Endpoints | None:
        """Where they are, None unless both run."""
        if not (self.mongod.running and self.kafka.running and self.mongod.address and self.kafka.address):
            return None
        return Endpoints(mongodb_uri=self.mongod.address, kafka_bootstrap_servers=self.kafka.address)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between the two servers."""

    name: str
    folder: str
    ports: tuple[str, ...]
    serves: Callable[[ServerProcess, Ports], bool]
    address: Callable[[Ports], str]
    last_words: Callable[[Sequence[str]], str]


_MONGOD = _Kind("mongod", "mongod", mongod.PORTS, mongod.serves, mongod.address, mongod.last_words)
_KAFKA = _Kind("Kafka", "kafka", broker.PORTS, broker.serves, broker.address, broker.last_words)


def start(
    home: Path,
    *,
    lasting: bool = False,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Endpoints:
    """Start what does not run in `home`, wait until both servers truly serve, and tell where they are.

    lasting: they are to run for long: Kafka warms up for half a minute, and then takes half the CPU time.
    cache: folder of downloaded jars (default: the user's). say: gets a line before anything that takes long.
    Raises EmbeddedError in one line when it cannot be done.
    """
    if os.name != "posix":
        raise EmbeddedError(f"the embedded servers run on Linux and macOS only, {ELSEWHERE}")
    home = home.expanduser().resolve()
    jar_cache = (cache or PlaceSettings().cache_folder).resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(home / "lock", deadline=2 * _START_DEADLINE):
            return _start_both(
                home, lambda folder, ports: broker.prepare(folder, ports, jar_cache, say, lasting=lasting)
            )
    except OSError as error:
        raise EmbeddedError(f"cannot keep servers in {home} ({error}): set MARKETSYNC_HOME, {ELSEWHERE}") from error


def _start_both(home: Path, prepare_kafka: Callable[[Path, Ports], list[str]]) -> Endpoints:
    mongo, kafka = _Start(_MONGOD, home, mongod.prepare), _Start(_KAFKA, home, prepare_kafka)
    try:
        mongo.launch()
        kafka.launch()
        return Endpoints(mongodb_uri=mongo.wait(), kafka_bootstrap_servers=kafka.wait())
    except BaseException:
        for each in (kafka, mongo):
            each.undo()
        raise


def stop(home: Path) -> None:
    """End both servers of `home` cleanly; fine when none runs."""
    home = home.expanduser().resolve()
    if not home.is_dir():
        return
    with exclusive(home / "lock", deadline=2 * _START_DEADLINE):
        for kind in (_KAFKA, _MONGOD):
            _process(kind, home).stop(patience=_STOP_PATIENCE)


def status(home: Path) -> Status:
    """What runs in `home` now. Asks no server, only whether its process lives."""
    home = home.expanduser().resolve()
    return Status(home, _status(_MONGOD, home), _status(_KAFKA, home))


def _status(kind: _Kind, home: Path) -> ServerStatus:
    ports = remembered(home / kind.folder / _PORTS_FILE, kind.ports)
    return ServerStatus(kind.name, _process(kind, home).pid(), kind.address(ports) if ports else None)


def _process(kind: _Kind, home: Path) -> ServerProcess:
    return ServerProcess(kind.name, home / kind.folder)


class _Start:
    """Bring one server up: launched first, waited for later, so that both start at the same time."""

    def __init__(self, kind: _Kind, home: Path, prepare: Callable[[Path, Ports], list[str]]) -> None:
        self._kind = kind
        self._prepare = prepare
        self._process = _process(kind, home)
        self._folder = home / kind.folder
        self._ports: Ports = {}
        self._launched = False

    def launch(self) -> None:
        """Start the process unless it runs."""
        file = self._folder / _PORTS_FILE
        known = remembered(file, self._kind.ports)
        if self._process.running():
            if known is not None:
                self._ports = known
                return
            self._process.stop(patience=_STOP_PATIENCE)  # it runs, but nobody knows where
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ports = choose(file, self._kind.ports, random.Random())  # noqa: S311 - a port is no secret
        self._process.launch(self._prepare(self._folder, self._ports))
        self._launched = True

    def wait(self) -> str:
        """Its address, once it serves. One that was just ending, or lost its port to another, is started again."""
        for _ in range(_ATTEMPTS):
            if self._served():
                return self._kind.address(self._ports)
            if self._launched and all(is_free(port) for port in self._ports.values()):
                break
            self.launch()
        raise EmbeddedError(f"{self._kind.name} ended while starting{self._last_words()}: see {self._process.output}")

    def undo(self) -> None:
        """End the process if it was started here: a start that failed leaves nothing new behind."""
        if self._launched:
            self._process.stop(patience=_STOP_PATIENCE)

    def _served(self) -> bool:
        """True when it serves, False when it ended. Raises EmbeddedError when neither comes in time."""
        if wait_for(lambda: self._serves() or not self._process.running(), _START_DEADLINE, poll=0.05):
            return self._process.running()
        raise EmbeddedError(
            f"{self._kind.name} does not serve after {_START_DEADLINE} s{self._last_words()}:"
            f" see {self._process.output}"
        )

    def _serves(self) -> bool:
        return self._kind.serves(self._process, self._ports)

    def _last_words(self) -> str:
        words = self._kind.last_words(self._process.output_lines())
        return f" ({words[:_LONGEST_WORDS]})" if words else ""
