"""BullMQ beside us: a worker of Node.js on a Redis of its own. Absent where Node.js, npm or Redis are not installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.delivery.work import TEXT
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.waiting import wait_until

VERSION = "6.7.0"
_PACKAGES = (f"bullmq@{VERSION}", "ioredis@5")
_FOLDER = Path("build/bench-bullmq").resolve()
_SCRIPT = Path(__file__).with_name("bullmq.cjs")


class AbsentError(Exception):
    """Why BullMQ cannot be measured here, in words."""


@dataclass(slots=True)
class Worker:
    """A running worker and its Redis. before: CPU seconds both had used when it was ready."""

    process: subprocess.Popen[bytes]
    redis: int
    before: float

    @property
    def cpu(self) -> float:
        """CPU seconds of worker and Redis since it was ready."""
        return cpu_seconds(self.process.pid) + cpu_seconds(self.redis) - self.before

    @property
    def peak(self) -> float:
        """Megabytes of both."""
        return peak_megabytes(self.process.pid) + peak_megabytes(self.redis)

    def kill(self) -> None:
        """SIGKILL of the worker."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Queue:
    """A Redis with one queue. redis: its process."""

    port: int
    redis: int

    def add(self, products: int, versions: int = 1) -> None:
        """Fill it, version by version."""
        subprocess.run(self._command("add", products, versions, len(TEXT)), cwd=_FOLDER, check=True, timeout=120)

    @contextmanager
    def working(self, url: str, at_once: int) -> Iterator[Worker]:
        """A worker beside the block."""
        worker = self.launch(url, at_once)
        try:
            yield worker
        finally:
            worker.kill()

    def launch(self, url: str, at_once: int) -> Worker:
        """A worker that has just begun."""
        command = self._command("work", url, at_once)
        process = subprocess.Popen(command, cwd=_FOLDER, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        return Worker(process, self.redis, cpu_seconds(process.pid) + cpu_seconds(self.redis))

    def _command(self, mode: str, *arguments: object) -> list[str]:
        return ["node", str(_SCRIPT), mode, str(self.port), *map(str, arguments)]


def prepare() -> None:
    """Install BullMQ where it is missing. Raises AbsentError."""
    for program in ("node", "npm", "redis-server"):
        if shutil.which(program) is None:
            raise AbsentError(f"{program} is not installed")
    if (_FOLDER / "node_modules/bullmq").is_dir():
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-save", "--prefix", ".", *_PACKAGES]
    if subprocess.run(command, cwd=_FOLDER, check=False, timeout=300).returncode != 0:
        raise AbsentError(f"npm could not install bullmq {VERSION}")


@contextmanager
def queue() -> Iterator[Queue]:
    """A Redis as BullMQ's guide for production wants it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="marketsync-bench-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        options += ["--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--dir", folder]
        command = ["redis-server", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: _answers(port), 10, "Redis does not start")
            yield Queue(port, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
