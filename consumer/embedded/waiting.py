"""Wait for a condition of another process, which can only be polled."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], deadline: float, *, poll: float = 0.02) -> bool:
    """Call `condition` every `poll` seconds until it is true (True) or `deadline` seconds have passed (False)."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(poll)
    return True
