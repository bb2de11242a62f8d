"""Which process this is, and whether another one of this machine has ended.

A lease outlives a killed holder until its duration is over. But a process that sees the holder's process id can know
better: the usual restart after a crash, on the same machine, need not wait.
"""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from consumer.mongo.lease import Process

_PROC = Path("/proc")


def this_process() -> Process:
    """A new name for this process: every call is another candidate."""
    number = os.getpid()
    name = f"{socket.gethostname()} (process {number})"
    return Process(id=uuid.uuid4().hex, name=name, machine=_machine(), number=number, started=_started(number) or "")


def has_ended(process: Process) -> bool:
    """Whether that process certainly runs no more; False where it cannot be known from here."""
    if not process.machine or not process.started or process.machine != _machine():
        return False
    try:
        os.kill(process.number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is there, and somebody else's
    started = _started(process.number)
    return started is not None and started != process.started


def _machine() -> str:
    """Boot and process id namespace: within one of them a process id with its start means one process. Or ""."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _started(number: int) -> str | None:
    """When a process was started, in ticks since the boot; "" when it is dead but not buried, None if unknown."""
    try:
        # The name, in parentheses, may hold anything; behind it are state (field 3) and start time (field 22).
        fields = (_PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in "ZX" else fields[19]
