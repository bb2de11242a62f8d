"""`make bench-capture`: how fast changes become events, beside a loop that only reads and decodes the same stream.

One run: servers of its own, a backlog of inserts, then in turn the bare loop and the real `marketsync capture` process,
each over the whole backlog. The ratio is taken pair by pair, because the machine's speed drifts. The last line says
which goals are met. Usage: `python -m tests.benchmarks.capture [--events 200000] [--pairs 3]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumer import embedded
from consumer.capture.positions import read_standing
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.events import Operation
from consumer.health import read_metrics
from consumer.kafka import TopicNames
from consumer.mongo import Document, connect
from consumer.mongo.change_stream import ChangeStream, StartPoint, Watched
from consumer.mongo.documents import decode
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.waiting import wait_until

TENANT = "bench"
PORT = 19464
# The figures of a plain prototype on this class of machine, 2 KB products: be no worse.
RATIO, CPU_SECONDS, MEGABYTES = 0.73, 3.0, 175.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One pass. rate: events per second. cpu: seconds per 100,000 events. peak: megabytes."""

    rate: float
    cpu: float
    peak: float


def product(number: int) -> Document:
    """A product whose change event has some 2 KB."""
    return {
        "entity_code": f"BENCH-{number:07d}",
        "sku": f"BENCH-{number:07d}",
        "version": 1,
        "isCurrent": True,
        "status": "published",
        "name": {"it": f"Trapano a percussione {number}", "en": f"Impact drill {number}"},
        "description": {"it": "Robusto e maneggevole, con mandrino autoserrante. " * 22},
        "pricing": {
            "list": 58.0,
            "retail": 99.9,
            "sale": 89.9,
            "currency": "EUR",
            "vat_rate": 22,
            "vat_included": True,
        },
        "quantity": number % 100,
        "ean": ["2000000000015"],
        "images": [{"url": f"https://img.example.test/{number}-{i}.jpg", "position": i} for i in range(3)],
        "attributes": {"it": [{"key": "color", "label": "Colore", "value": "Rosso"}] * 3},
    }


def load(endpoints: Endpoints, events: int) -> None:
    """Write the backlog."""
    with connect(endpoints.mongodb_uri) as client:
        products = client[tenant_database(TENANT)][PRODUCTS]
        for start in range(0, events, 1000):
            products.insert_many([product(n) for n in range(start, min(start + 1000, events))], ordered=False)


def read_only(endpoints: Endpoints, token: Document, events: int) -> float:
    """Events per second of a loop that fetches raw batches and decodes every event, and does nothing else."""
    watched = Watched((tenant_database(TENANT),), PRODUCTS, images=True, batch_size=20_000, max_await=0.5)
    with connect(endpoints.mongodb_uri) as client:
        stream = ChangeStream(client, watched)
        stream.open(StartPoint(token=token))
        seen, begun = 0, time.perf_counter()
        while seen < events and (batch := stream.more()) is not None:
            for event in batch.events:
                decode(event)
            seen += len(batch.events)
        seconds = time.perf_counter() - begun
        stream.close()
    return seen / seconds


def current_token(endpoints: Endpoints) -> Document:
    """Where the backlog will begin."""
    watched = Watched((tenant_database(TENANT),), PRODUCTS, images=True, batch_size=1, max_await=0.1)
    with connect(endpoints.mongodb_uri) as client:
        stream = ChangeStream(client, watched)
        token = stream.open(StartPoint())
        stream.close()
        return token


def environment(endpoints: Endpoints, turn: int) -> dict[str, str]:
    """An installation whose topics and position are those of this turn alone."""
    return os.environ | {
        "MONGODB_URI": endpoints.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": TENANT,
        "MARKETSYNC_DATABASE": f"marketsync-bench-{turn}",
        "MARKETSYNC_TOPICS_PREFIX": f"bench{turn}.",
        "MARKETSYNC_METRICS_PORT": str(PORT),
        "MARKETSYNC_LOG_LEVEL": "warning",
    }


@contextmanager
def capturing(endpoints: Endpoints, turn: int) -> Iterator[subprocess.Popen[bytes]]:
    """The real process."""
    process = subprocess.Popen([sys.executable, "-m", "consumer", "capture"], env=environment(endpoints, turn))
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def prepare(endpoints: Endpoints, turn: int) -> None:
    """Topics, images, and a first start on the still empty collection, so that the position lies before the backlog."""
    subprocess.run([sys.executable, "-m", "consumer", "init"], env=environment(endpoints, turn), check=True)
    with capturing(endpoints, turn):
        wait_until(lambda: _has_begun(endpoints, turn), 60)


def _has_begun(endpoints: Endpoints, turn: int) -> bool:
    standing = read_standing(
        endpoints.kafka_bootstrap_servers,
        TopicNames(f"bench{turn}."),
        stream="pim",
        databases=[tenant_database(TENANT)],
    )
    return standing.position is not None and all(progress.done for progress in standing.snapshots)


def captured(endpoints: Endpoints, turn: int, events: int) -> Figures:
    """The real process over the whole backlog. Measured from its first events on, so that its start does not count."""
    first: dict[str, float] = {}
    with capturing(endpoints, turn) as process:
        while process.poll() is None:
            sample = _sample()
            done = sample.get("events", 0.0)
            if done and not first:
                first = sample
            if done >= events:
                share = done - first["events"]
                peak = _peak(process.pid)
                return Figures(
                    rate=share / (sample["at"] - first["at"]),
                    cpu=(sample["cpu"] - first["cpu"]) / share * 100_000,
                    peak=peak,
                )
            time.sleep(0.25)  # each look costs the process some milliseconds of what is measured
    raise RuntimeError("capture ended before the backlog did")


def _sample() -> dict[str, float]:
    """What the process says of itself now; empty while it does not serve."""
    names = {
        "marketsync_capture_events_total": "events",
        "process_cpu_seconds_total": "cpu",
    }
    found: dict[str, float] = {"at": time.perf_counter()}
    try:
        for sample in read_metrics(f"http://127.0.0.1:{PORT}"):
            if sample.name in names and sample.labels.get("operation", Operation.CREATED) == Operation.CREATED:
                found[names[sample.name]] = sample.value
    except UnavailableError:  # it does not serve yet
        return {}
    return found


def _peak(pid: int) -> float:
    """Largest resident memory so far, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell VmHWM")


def report(pairs: list[tuple[float, Figures]]) -> str:
    """The table and the verdict."""
    lines = [f"{'pair':>4} {'read only ev/s':>15} {'capture ev/s':>13} {'ratio':>6} {'CPU s/100k':>11} {'peak MB':>8}"]
    for number, (bare, real) in enumerate(pairs, 1):
        ratio = real.rate / bare
        lines.append(
            f"{number:>4} {bare:>15,.0f} {real.rate:>13,.0f} {ratio:>6.2f} {real.cpu:>11.2f} {real.peak:>8.0f}"
        )
    ratio = statistics.median(real.rate / bare for bare, real in pairs)
    cpu = statistics.median(real.cpu for _, real in pairs)
    peak = max(real.peak for _, real in pairs)
    goals: list[tuple[str, Any]] = [
        (f"ratio {ratio:.2f} of at least {RATIO}", ratio >= RATIO),
        (f"CPU {cpu:.2f} s of at most {CPU_SECONDS} per 100k events", cpu <= CPU_SECONDS),
        (f"memory {peak:.0f} MB of at most {MEGABYTES:.0f}", peak <= MEGABYTES),
    ]
    verdict = "; ".join(f"{words}: {'met' if met else 'MISSED'}" for words, met in goals)
    return "\n".join([*lines, f"goals (medians, worst memory): {verdict}"])


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marketsync-bench-") as folder:
        home = Path(folder)
        endpoints = embedded.start(home)
        try:
            for turn in range(arguments.pairs):
                prepare(endpoints, turn)
            token = current_token(endpoints)
            sys.stdout.write(f"writing {arguments.events:,} products\n")
            sys.stdout.flush()
            load(endpoints, arguments.events)
            pairs = []
            for turn in range(arguments.pairs):
                bare = read_only(endpoints, token, arguments.events)
                pairs.append((bare, captured(endpoints, turn, arguments.events)))
            sys.stdout.write(f"{report(pairs)}\n")
        finally:
            embedded.stop(home)


if __name__ == "__main__":
    main()
