"""A capture that may run beside others: it works while it leads its stream, and stands by otherwise.

Winning the lease comes first, then everything that `Capture.run` does: fence, read the positions, open the stream. A
standby touches nothing of that; it only looks at the lease. Losing the lease, or being fenced, ends the capture and not
the process: it says so and stands by again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from consumer.capture.capture import Capture
from consumer.capture.election import Timing
from consumer.capture.leadership import Leadership, Leases, Permit, Term
from consumer.errors import FencedError, UnavailableError
from consumer.metrics import CaptureMetrics
from consumer.mongo.lease import Process

_log = structlog.get_logger()

_POLL = 0.2
_FIRST_REST = 1.0
_LONGEST_REST = 30.0
# Seconds after which a term counts as a success: the next rest is short again.
_SETTLED = 60.0
# A standby that has not seen the lease for this many of its durations does not know what it stands by for.
_BLIND = 3.0


class Watcher:
    """Runs captures of one stream, one per term. `run` in one thread, `stop` and the rest from any.

    make: a new capture that publishes only while the permit holds. stream: its name, for people and metrics.
    """

    def __init__(
        self,
        make: Callable[[Permit], Capture],
        leases: Leases,
        process: Process,
        *,
        stream: str,
        timing: Timing,
        metrics: CaptureMetrics,
    ) -> None:
        self._make = make
        self._stream = stream
        self._timing = timing
        self._metrics = metrics
        self._leadership = Leadership(leases, process, timing, ended=self._stop_capture)
        self._stop = threading.Event()
        self._capture: Capture | None = None
        self._term: Term | None = None
        self._begun = False
        self._rest = _FIRST_REST

    @property
    def leading(self) -> bool:
        """Whether this process leads the stream and follows it."""
        capture, term = self._capture, self._term
        return capture is not None and capture.leading and term is not None and not term.lost

    @property
    def led_elsewhere(self) -> bool:
        """Whether another process leads the stream, as far as this one knows."""
        return self._term is None and bool(self._leadership.leader)

    def standing_by(self) -> str:
        """Words for people while this process stands by, empty while it leads or ends."""
        if self._term is not None or self._stop.is_set() or not self._begun:
            return ""
        leader = self._leadership.leader
        return f"stands by, the stream {self._stream} is led by {leader or 'nobody yet'}"

    def unready(self) -> Sequence[str]:
        """Why neither leading nor standing by is what this process does."""
        silent = self._leadership.silent
        term = self._term
        if term is not None and not term.holds:
            return [f"publishing rests: the lease could not be renewed for {silent:.0f} s"]
        if self.standing_by():
            blind = silent > _BLIND * self._timing.duration
            return [f"cannot see who leads: the lease could not be read for {silent:.0f} s"] if blind else []
        return [] if self.leading else ["the stream is not followed yet, or not any more"]

    def stop(self) -> None:
        """Make `run` return after the transaction at hand. Returns at once."""
        self._stop.set()
        self._stop_capture()

    def run(self) -> None:
        """Lead or stand by until `stop`. Blocks.

        Raises what `Capture.run` raises, except that being fenced only ends a term, and that an unavailable server
        ends only a process that has not done anything yet.
        """
        self._metrics.leader.labels(self._stream).set(0)
        takeovers = self._metrics.takeovers.labels(self._stream)
        self._leadership.start()
        try:
            while not self._stop.is_set():
                term = self._leadership.wait(_POLL)
                if term is not None:
                    takeovers.inc()
                    self._lead(term)
                elif not self._begun:
                    self._begun = True
                    _log.info("capture stands by", stream=self._stream, leader=self._leadership.leader)
        finally:
            self._leadership.close()

    def _lead(self, term: Term) -> None:
        """One term, from winning the lease to giving it back."""
        gauge = self._metrics.leader.labels(self._stream)
        started = time.monotonic()
        self._capture, self._term = self._make(term), term
        gauge.set(1)
        _log.info("capture leads", stream=self._stream)
        rest = 0.0
        try:
            if not self._stop.is_set():
                self._capture.run()
            if term.lost:
                _log.warning("capture does not lead any more: another one took over", stream=self._stream)
        except (FencedError, UnavailableError) as error:
            if isinstance(error, UnavailableError) and not self._begun and not self._stop.is_set():
                raise
            rest = self._rest_after(error, term, lasted=time.monotonic() - started)
        finally:
            self._begun = True
            self._capture = self._term = None
            gauge.set(0)
            self._leadership.resign(rest=rest)
        if not self._stop.is_set():
            _log.warning("capture stands by again", stream=self._stream, rests=rest)

    def _rest_after(self, error: Exception, term: Term, *, lasted: float) -> float:
        """Say why a term ended; returns how many seconds to leave the lease to others."""
        if term.lost or self._stop.is_set():
            _log.warning("capture does not lead any more: another one took over", error=str(error))
            return 0.0
        if lasted > _SETTLED:
            self._rest = _FIRST_REST
        rest, self._rest = self._rest, min(_LONGEST_REST, 2 * self._rest)
        if isinstance(error, FencedError):
            _log.error(
                "Kafka fenced this capture although it holds the lease",
                why="a transaction stayed open too long, or a capture with another MARKETSYNC_DATABASE publishes it",
                seconds=rest,
            )
        else:
            _log.warning("capture gives the lease back, it cannot work", error=str(error), seconds=rest)
        return rest

    def _stop_capture(self) -> None:
        capture = self._capture
        if capture is not None:
            capture.stop()
