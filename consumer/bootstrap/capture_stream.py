"""One stream of capture, put together: it leads or stands by, and its tenants may change while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from consumer.bootstrap.start import capture_leases
from consumer.capture import Capture, LeaseTiming, Permit, Watcher, this_process
from consumer.capture.oplog_watch import OplogWatch
from consumer.health import Registry
from consumer.metrics import CaptureMetrics
from consumer.mongo import Document, MongoClient
from consumer.settings import Settings

# Capture hears from MongoDB several times a second; after this many seconds of silence something is wrong.
_SILENCE = 60.0


class CaptureStream:
    """One stream whose tenants may change. `run` in one thread, the rest from any.

    home: client of the MongoDB where our own state is. pim: of the one where its tenants are. registry: has `metrics`.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap: str,
        home: MongoClient[Document],
        *,
        pim: MongoClient[Document],
        metrics: CaptureMetrics,
        registry: Registry,
    ) -> None:
        self._settings = settings
        self._bootstrap = bootstrap
        self._pim = pim
        self._state = home[settings.place.database]
        self._metrics = metrics
        self._registry = registry
        self._lock = threading.Lock()
        self._databases: Mapping[str, str] = {}
        self._capture: Capture | None = None
        timing = LeaseTiming(settings.capture.lease)
        self._watcher = Watcher(
            self._make,
            capture_leases(home, settings, timeout=timing.timeout),
            this_process(),
            stream=settings.capture.stream,
            timing=timing,
            metrics=metrics,
        )

    @property
    def leading(self) -> bool:
        """Whether this process follows the stream's tenants."""
        return self._watcher.leading

    def run(self) -> None:
        """Lead or stand by until `stop`. Raises what `Watcher.run` raises."""
        with OplogWatch(self._pim, self._position, stream=self._settings.capture.stream, metrics=self._metrics):
            self._watcher.run()

    def stop(self) -> None:
        """Make `run` return after the transaction at hand."""
        self._watcher.stop()

    def follow(self, databases: Mapping[str, str]) -> None:
        """These tenants from now on: name → database."""
        with self._lock:
            self._databases = dict(databases)
            if self._capture is not None:
                self._capture.follow(databases)

    def standing_by(self) -> str:
        """Who leads while this process does not, in words."""
        return self._watcher.standing_by()

    def unready(self) -> list[str]:
        """Why it neither captures nor stands by, in words."""
        reasons = list(self._watcher.unready())
        if reasons or not self._watcher.leading:
            return reasons
        silence = time.time() - (self._sample("last_progress_timestamp_seconds") or 0)
        return [f"no progress for {silence:.0f} s"] if silence > _SILENCE else []

    def _position(self) -> float | None:
        """How far the stream came, in cluster time; None while another process knows better."""
        return None if self._watcher.led_elsewhere else self._sample("position_timestamp_seconds") or None

    def _sample(self, name: str) -> float | None:
        return self._registry.get_sample_value(f"marketsync_capture_{name}", {"stream": self._settings.capture.stream})

    def _make(self, permit: Permit) -> Capture:
        """The capture of one term."""
        with self._lock:
            self._capture = Capture(
                self._pim,
                self._bootstrap,
                tenants=self._databases,
                settings=self._settings.capture,
                topics=self._settings.topics,
                metrics=self._metrics,
            )
        self._capture.publish_while(permit)
        self._capture.keep_ids_in(self._state)
        return self._capture
