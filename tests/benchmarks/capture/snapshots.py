"""Products read whole: with one reader and several, and what the stream's latency is meanwhile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from confluent_kafka import Message

from consumer.capture.snapshots.progress import SnapshotProgress, decode_progress, snapshot_key
from consumer.events import Operation
from consumer.kafka import read_compacted
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.catalogue import identity, insert
from tests.benchmarks.installation import Installation, Servers
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.benchmarks.reader import product_of, reading
from tests.benchmarks.table import Figure
from tests.waiting import wait_until

_PART = "snapshots"
_TENANT = f"bench-{_PART}"
_PRODUCTS = 60_000
_READERS = (1, 2, 4)
_TURNS = 2
_PER_SECOND = 100


def snapshots(servers: Servers) -> list[Figure]:
    """60,000 products of 2 KB, read by captures that differ in the number of readers, in turns."""
    with connect(servers.endpoints.mongodb_uri) as client:
        insert([client[tenant_database(_TENANT)][PRODUCTS]], _PRODUCTS)
    runs: dict[int, list[tuple[SnapshotProgress, float, float]]] = {readers: [] for readers in _READERS}
    for turn in range(_TURNS):
        for readers in _READERS:
            runs[readers].append(_read_whole(servers, readers, turn))
    figures = []
    for readers, turns in runs.items():
        rates = [progress.products / progress.seconds for progress, _, _ in turns]
        cpu = [used / progress.products * 100_000 for progress, used, _ in turns]
        peak = [peak for _, _, peak in turns]
        name = f"{readers} readers: " if readers > 1 else "1 reader: "
        figures += [
            Figure(_PART, f"{name}products per second", statistics.median(rates), rates),
            Figure(_PART, f"{name}CPU s per 100,000 products", statistics.median(cpu), cpu, digits=2),
            Figure(_PART, f"{name}peak memory, MB", max(peak), peak, at_most=200),
        ]
    waits = _beside_the_stream(servers)
    return [
        *figures,
        Figure(_PART, "writes read while it runs", len(waits)),
        Figure(_PART, "write until readable, p50 ms", statistics.median(waits), digits=1),
        Figure(_PART, "write until readable, longest ms", waits[-1], digits=1, at_most=2000),
    ]


def _read_whole(servers: Servers, readers: int, turn: int) -> tuple[SnapshotProgress, float, float]:
    """How it ended, CPU seconds of the process, and its peak memory in MB."""
    settings = {"MARKETSYNC_CAPTURE_SNAPSHOT_READERS": str(readers)}
    installation = Installation(servers.endpoints, f"{_PART}-{readers}-{turn}", (_TENANT,), settings)
    installation.create()
    with installation.capturing() as process:
        progress = wait_until(_done(installation), 120, "the snapshot does not end")
        return progress, cpu_seconds(process.pid), peak_megabytes(process.pid)


def _done(installation: Installation) -> Callable[[], SnapshotProgress | None]:
    key = snapshot_key("pim", tenant_database(_TENANT))

    def done() -> SnapshotProgress | None:
        value = read_compacted(installation.endpoints.kafka_bootstrap_servers, installation.topics.positions).get(key)
        progress = None if value is None else decode_progress(value)
        return progress if progress is not None and progress.done else None

    return done


def _beside_the_stream(servers: Servers) -> list[float]:
    """Milliseconds from a write until it is readable, of writes made while a snapshot runs at full speed; ascending."""
    installation = Installation(servers.endpoints, f"{_PART}-beside", (_TENANT,))
    installation.create()
    waits: list[float] = []
    done = _done(installation)
    topics = [installation.topics.of(Operation.UPDATED)]

    def take(message: Message, now: float) -> None:
        waits.append((now - float(product_of(message)["written"])) * 1000)

    with (
        connect(servers.endpoints.mongodb_uri) as client,
        installation.capturing(),
        reading(servers.endpoints.kafka_bootstrap_servers, topics, take),
    ):
        products = client[tenant_database(_TENANT)][PRODUCTS]
        written, looked = 0, time.monotonic()
        while time.monotonic() - looked < 1 or not done():
            looked = time.monotonic() if time.monotonic() - looked >= 1 else looked
            products.update_one({"_id": identity(written)}, {"$set": {"written": time.time()}})
            written += 1
            time.sleep(1 / _PER_SECOND)
    return sorted(waits)
