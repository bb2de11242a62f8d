"""How often a tenant may ask: a bucket each, in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

# Tenants whose bucket is kept; of more, whoever has not asked for longest gets a full one.
_KEPT = 10_000


class Rates:
    """rate: requests a second. burst: at once. clock: seconds, monotonic."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, tenant: str) -> float:
        """Count one request. Gives the seconds to wait where it is one too many, else 0."""
        now = self._clock()
        left, at = self._left.pop(tenant, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._rate)
        allowed = left >= 1
        self._left[tenant] = (left - 1 if allowed else left, now)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate
