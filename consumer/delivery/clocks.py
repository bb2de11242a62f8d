"""Where delivery's time comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clocks:
    """wall: seconds since 1970. core: seconds that never jump."""

    wall: Callable[[], float] = time.time
    core: Callable[[], float] = time.monotonic
