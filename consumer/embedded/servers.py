"""Start, stop and look at the two servers of a data folder.

The folder holds `mongod/` and `kafka/`, each with data, logs, ports and the lock of the running process; `lock` keeps
two commands from starting or stopping at once. `start` brings back only what does not run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from consumer.embedded import broker, mongod
from consumer.embedded.errors import DiedError, EmbeddedError
from consumer.embedded.locks import exclusive
from consumer.embedded.ports import choose, is_free, remembered
from consumer.embedded.processes import ServerProcess
from consumer.settings import PlaceSettings

_START_DEADLINE = 90
_STOP_PATIENCE = 20
_ATTEMPTS = 3

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
    name: str
    folder: str
    ports: tuple[str, ...]
    launch: Callable[[ServerProcess, Ports, Path], None]
    serves: Callable[[Ports], bool]
    address: Callable[[Ports], str]


_MONGOD = _Kind("mongod", "mongod", mongod.PORTS, mongod.launch, mongod.serves, mongod.address)
_KAFKA = _Kind("Kafka", "kafka", broker.PORTS, broker.launch, broker.serves, broker.address)


def start(home: Path, *, cache: Path | None = None) -> Endpoints:
    """Start what does not run in `home`, wait until both servers truly serve, and tell where they are.

    cache: folder of downloaded jars (default: the user's). Raises EmbeddedError in one line when it cannot be done.
    """
    home = home.expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / "lock", deadline=2 * _START_DEADLINE):
        starts = [_Start(kind, home, cache or PlaceSettings().cache_folder) for kind in (_MONGOD, _KAFKA)]
        for each in starts:
            each.launch()
        addresses = [each.wait() for each in starts]
    return Endpoints(mongodb_uri=addresses[0], kafka_bootstrap_servers=addresses[1])


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
    ports = remembered(home / kind.folder / "ports.json", kind.ports)
    return ServerStatus(kind.name, _process(kind, home).pid(), kind.address(ports) if ports else None)


def _process(kind: _Kind, home: Path) -> ServerProcess:
    return ServerProcess(kind.name, home / kind.folder)


class _Start:
    """Bring one server up: launched first, waited for later, so that both start at the same time."""

    def __init__(self, kind: _Kind, home: Path, cache: Path) -> None:
        self._kind = kind
        self._cache = cache
        self._process = _process(kind, home)
        self._file = home / kind.folder / "ports.json"
        self._ports: Ports = {}

    def launch(self) -> None:
        """Start the process unless it runs."""
        known = remembered(self._file, self._kind.ports)
        if self._process.running():
            if known is not None:
                self._ports = known
                return
            self._process.stop(patience=_STOP_PATIENCE)  # it runs, but nobody knows where
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._ports = choose(self._file, self._kind.ports, random.Random())  # noqa: S311 - a port is no secret
        self._kind.launch(self._process, self._ports, self._cache)

    def wait(self) -> str:
        """Its address, once it serves. A port that was taken meanwhile costs another try."""
        for _ in range(_ATTEMPTS):
            if self._served():
                return self._kind.address(self._ports)
            if all(is_free(port) for port in self._ports.values()):
                break
            self.launch()
        words = self._process.last_words() or "no output"
        raise DiedError(f"{self._kind.name} ended while starting ({words}): see {self._process.folder}")

    def _served(self) -> bool:
        """True when it serves, False when it ended."""
        end = time.monotonic() + _START_DEADLINE
        while time.monotonic() < end:
            if self._kind.serves(self._ports):
                return True
            if not self._process.running():
                return False
            time.sleep(0.05)
        raise EmbeddedError(
            f"{self._kind.name} does not serve after {_START_DEADLINE} s ({self._process.last_words()}):"
            f" see {self._process.folder}"
        )
