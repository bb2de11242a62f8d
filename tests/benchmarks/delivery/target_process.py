"""The target as the benchmark sees it: started, asked, stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.delivery.target import Stats

_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class TargetProcess:
    """A running target. url: where calls go."""

    url: str

    def reset(self, *, failing: str = "first", versions: int = 1, latency: float = 0.05) -> None:
        """Forget what came. failing: whether the products that fail do so "first", "always" or "never"."""
        self._ask("/_reset", {"latency": latency, "failing": failing, "versions": versions})

    def stats(self) -> Stats:
        """What came since the last reset."""
        return Stats(**self._ask("/_stats", None))

    def wait(self, current: int, deadline: float) -> Stats:
        """Until so many products show their newest version. Raises TimeoutError."""
        return self.wait_for(lambda stats: stats.current >= current, deadline)

    def wait_for(self, done: Callable[[Stats], bool], deadline: float) -> Stats:
        """Until it is done. Raises TimeoutError."""
        end = time.monotonic() + deadline
        while not done(found := self.stats()):
            if time.monotonic() >= end:
                raise TimeoutError(f"not done after {deadline} s: {found}")
            time.sleep(_EVERY)
        return found

    def latencies(self) -> list[float]:
        """Seconds from writing to the good answer, of the products that never fail."""
        return list(self._ask("/_latencies", None))

    def _ask(self, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running_target() -> Iterator[TargetProcess]:
    """A target beside the block."""
    command = [sys.executable, "-m", "tests.benchmarks.delivery.target"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = json.loads(process.stdout.readline())["port"]
        try:
            yield TargetProcess(f"http://127.0.0.1:{port}")
        finally:
            process.stdin.close()
