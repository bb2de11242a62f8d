"""The health server of a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from consumer.health import HealthServer, Note, Reasons, Registry
from consumer.metrics import disk_metrics
from consumer.settings import Settings

_log = structlog.get_logger()


@contextmanager
def serve_health(
    settings: Settings, registry: Registry, *, unready: Reasons, stuck: Reasons = tuple, note: Note = str
) -> Iterator[None]:
    """Metrics and health over HTTP during the block, where the settings say."""
    disk_metrics(registry, settings.place.home.expanduser().absolute())
    address = (settings.place.metrics_host, settings.place.metrics_port)
    server = HealthServer(registry, address, unready=unready, stuck=stuck, note=note)
    _log.info("metrics and health", at=server.start())
    try:
        yield
    finally:
        server.stop()
