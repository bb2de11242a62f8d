"""One server process that outlives the command that started it.

Whether it runs is told by a lock that it holds for all its life on a file in its folder (the descriptor is
inherited), not by its process id: after a kill -9, a reboot or a reused id the lock is free, so nothing is taken for
our server that is not. The id, written by the process itself before it becomes the server, is used only while the
lock is held.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from consumer.embedded.errors import EmbeddedError
from consumer.embedded.locks import try_lock
from consumer.embedded.waiting import wait_for

# The outer shell ends at once, so that the server belongs to init and leaves no zombie with us. The inner one writes
# its id, which exec keeps, into the lock file.
_LAUNCH = 'sh -c \'echo $$ >"$0"; exec "$@"\' "$0" "$@" </dev/null &'

# All that the servers are told of our environment: the rest may hold credentials.
_ENVIRONMENT = ("PATH", "HOME", "USER", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class ServerProcess:
    """The process of one server, kept by its folder: `process.lock`, `output.log` and that of the run before."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.output = folder / "output.log"
        self._lock = folder / "process.lock"

    def running(self) -> bool:
        """Whether the server lives, started by whomever."""
        try:
            descriptor = os.open(self._lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return not try_lock(descriptor, shared=True)
        finally:
            os.close(descriptor)

    def pid(self) -> int | None:
        """The server's process id; None when it does not run (or is only about to become the server)."""
        if not self.running():
            return None
        text = self._lock.read_text(encoding="ascii", errors="replace").strip()
        return int(text) if text.isdecimal() else None

    def launch(self, command: Sequence[str]) -> None:
        """Start `command` in its folder and in a session of its own. Raises EmbeddedError when it runs already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Whoever only asks `running()` holds the lock for a moment.
            if not wait_for(lambda: try_lock(lock), 1):
                raise EmbeddedError(f"{self.name} already runs in {self.folder}")
            os.ftruncate(lock, 0)
            if self.output.exists():
                self.output.replace(self.output.with_suffix(".log.1"))
            with self.output.open("wb") as output:
                subprocess.run(
                    ["/bin/sh", "-c", _LAUNCH, str(self._lock), *command],
                    check=True,
                    env=environment(),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
        finally:
            os.close(lock)

    def stop(self, *, patience: float) -> None:
        """End it: SIGTERM, after `patience` seconds SIGKILL. Returns when it is gone; nothing when it does not run."""
        self._send(signal.SIGTERM)
        if wait_for(lambda: not self.running(), patience):
            return
        self._send(signal.SIGKILL)
        if not wait_for(lambda: not self.running(), 10):
            raise EmbeddedError(f"{self.name} (process {self.pid()}) does not end: end it by hand")

    def output_lines(self) -> list[str]:
        """What it has printed since it was started."""
        try:
            text = self.output.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines() if line.strip()]

    def _send(self, number: signal.Signals) -> None:
        wait_for(lambda: self.pid() is not None or not self.running(), 5)
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def environment() -> dict[str, str]:
    """The environment of the servers and their tools. Paths are UTF-8, messages English."""
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"LC_ALL": locale}
