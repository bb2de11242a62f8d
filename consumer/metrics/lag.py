"""How far behind: a histogram for dashboards and rules, and quantiles of the last minute for whoever looks now.

The histogram adds up over processes and any span of time, so that it outlives a change of leader; but it needs
PromQL to be read, and its quantiles are as coarse as its bounds. The quantiles are right to 5 % and need nothing but a
look at /metrics; they belong to one process, which is enough, since one process leads a stream.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)
_QUANTILES = (0.5, 0.95, 0.99, 1.0)
# Each bucket's upper bound is this much above the one before: a quantile is at most so much too high.
_GROWTH = math.log(1.05)
_SMALLEST = 1e-4


class RecentQuantiles:
    """Quantiles of what was observed in the last `slots` times `slot` seconds, in bounded memory. Thread-safe."""

    def __init__(self, *, slots: int = 6, slot: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._slot = slot
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: deque[tuple[int, Counter[int]]] = deque(maxlen=slots)

    def observe(self, value: float, count: int = 1) -> None:
        """A value, so many times."""
        now = self._now()
        bucket = math.ceil(math.log(max(value, _SMALLEST) / _SMALLEST) / _GROWTH)
        with self._lock:
            if not self._counts or self._counts[-1][0] != now:
                self._counts.append((now, Counter()))
            self._counts[-1][1][bucket] += count

    def quantile(self, share: float) -> float:
        """The value that this share of the observed ones does not exceed; NaN when nothing was observed."""
        oldest = self._now() - (self._counts.maxlen or 0)
        with self._lock:
            counts: Counter[int] = sum((one for slot, one in self._counts if slot > oldest), Counter())
        wanted, seen = share * counts.total(), 0
        for bucket in sorted(counts):
            seen += counts[bucket]
            if seen >= wanted:
                return _SMALLEST * math.exp(bucket * _GROWTH)
        return math.nan

    def _now(self) -> int:
        return int(self._clock() / self._slot)


class Lag:
    """Two metrics of one thing, both with the label stream. `labels` as with any metric, then `observe`."""

    def __init__(self, spread: Spread, recent: Gauge, window: RecentQuantiles) -> None:
        self._spread = spread
        self._recent = recent
        self._window = window

    def labels(self, stream: str) -> Lag:
        """That of one stream; its last minute begins empty."""
        window = RecentQuantiles()
        for share in _QUANTILES:
            self._recent.labels(stream, str(share)).set_function(partial(window.quantile, share))
        return Lag(self._spread.labels(stream), self._recent, window)

    def observe(self, seconds: float, count: int) -> None:
        """So many changes were committed so many seconds after they were written."""
        self._spread.observe_many(seconds, count)
        self._window.observe(seconds, count)


class Spread(Histogram):
    """A histogram that counts a value many times at once: thousands of changes share their millisecond."""

    def observe_many(self, value: float, count: int) -> None:
        """As `observe`, `count` times."""
        self._sum.inc(value * count)
        for bucket, bound in zip(self._buckets, self._upper_bounds, strict=True):
            if value <= bound:
                bucket.inc(count)
                break


def lag_metrics(registry: CollectorRegistry) -> Lag:
    """Register both."""
    spread = Spread(
        "marketsync_capture_lag_seconds",
        "From the PIM's write to the commit in Kafka, of every change",
        ["stream"],
        buckets=_SECONDS,
        registry=registry,
    )
    recent = Gauge(
        "marketsync_capture_recent_lag_seconds",
        "The same as quantiles of the last minute (1.0 is the longest), right to 5 %; NaN when nothing changed",
        ["stream", "quantile"],
        registry=registry,
    )
    return Lag(spread, recent, RecentQuantiles())
