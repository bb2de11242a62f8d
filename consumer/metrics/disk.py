"""Metrics of the disk that a process keeps things on."""

from __future__ import annotations

import shutil
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge


def disk_metrics(registry: CollectorRegistry, home: Path | None = None) -> None:
    """Register them. home: the folder whose disk is looked at with each scrape; a folder to come counts by its parent.

    None = nothing is told.
    """
    free = Gauge("marketsync_disk_free_bytes", "Bytes free on the disk of the place", ["place"], registry=registry)
    size = Gauge("marketsync_disk_size_bytes", "Bytes that the disk of the place has", ["place"], registry=registry)
    if home is not None:
        free.labels("home").set_function(lambda: shutil.disk_usage(_existing(home)).free)
        size.labels("home").set_function(lambda: shutil.disk_usage(_existing(home)).total)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that there is."""
    return next(place for place in (folder, *folder.parents) if place.exists())
