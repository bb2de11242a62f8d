"""What processes used, and how far a capture has come."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from consumer.capture.classify import NoiseReason
from consumer.errors import UnavailableError
from consumer.events import Operation
from consumer.health import read_metrics

_DEADLINE = 120
_TICKS = os.sysconf("SC_CLK_TCK")
_EVENTS = "marketsync_capture_events_total"
_NOISE = "marketsync_capture_noise_total"
_DEAD_LETTERS = "marketsync_capture_dead_letters_total"
_COMMITTED = "marketsync_capture_last_progress_timestamp_seconds"


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_megabytes(pid: int) -> float:
    """Largest resident memory of a process so far."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell VmHWM")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a capture is. at: seconds since 1970 of its last commit. events: committed, by operation.

    gone: updates of products that were deleted before the server looked them up.
    """

    at: float
    events: Counter[str]
    dead_letters: float
    gone: float
    cpu: float

    @property
    def written(self) -> float:
        """Inserts and updates that are done. Deletions come later, when their time of grace is over."""
        return self.events[Operation.CREATED] + self.events[Operation.UPDATED] + self.gone


def progress(pid: int, port: int) -> Progress | None:
    """What the process says of itself; None while it does not serve."""
    events: Counter[str] = Counter()
    at = dead_letters = gone = 0.0
    try:
        for sample in read_metrics(f"http://127.0.0.1:{port}"):
            if sample.name == _EVENTS:
                events[sample.labels["operation"]] += int(sample.value)
            elif sample.name == _DEAD_LETTERS:
                dead_letters += sample.value
            elif sample.name == _NOISE and sample.labels["reason"] == NoiseReason.GONE:
                gone += sample.value
            elif sample.name == _COMMITTED:
                at = sample.value
    except UnavailableError:
        return None
    return Progress(at, events, dead_letters, gone, cpu_seconds(pid))


def watch(process: subprocess.Popen[bytes], port: int, done: Callable[[Progress], bool], *, every: float) -> Progress:
    """Look every so many seconds until it is done. Raises RuntimeError when that does not come."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end and process.poll() is None:
        found = progress(process.pid, port)
        if found is not None and done(found):
            return found
        time.sleep(every)
    raise RuntimeError(f"capture has ended, or is not there after {_DEADLINE} s")
