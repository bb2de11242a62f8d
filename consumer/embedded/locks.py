"""File locks of the kernel (flock): they end with the process that holds them, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consumer.embedded.errors import EmbeddedError
from consumer.embedded.waiting import wait_for


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting. False: somebody holds it."""
    import fcntl  # Windows has none; there `start` says so in words

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path, *, deadline: float) -> Iterator[None]:
    """Hold `path` locked. Others who want it wait up to `deadline` seconds, then raise EmbeddedError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not wait_for(lambda: try_lock(descriptor), deadline):
            raise EmbeddedError(
                f"another process has been starting or stopping the servers in {path.parent} for {deadline:g} s:"
                " wait for it or end it"
            )
        yield
    finally:
        os.close(descriptor)
