"""From a write in the PIM until a read_committed reader has it, at a steady rate of small writes."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.queues import Queue

from confluent_kafka import Message

from consumer.embedded import Endpoints
from consumer.events import Operation
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.catalogue import identity, insert
from tests.benchmarks.installation import Installation, Servers
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.benchmarks.reader import product_of, reading
from tests.benchmarks.table import Figure
from tests.waiting import wait_until

_PART = "latency"
_PRODUCTS = 20_000
_PER_SECOND = 1000
_SECONDS = 60
# The first seconds are those in which caches fill.
_WARM_UP = 5
_WRITERS = 16


def latency(servers: Servers) -> list[Figure]:
    """One stock update a millisecond for a minute, each of another product of 2 KB."""
    installation = Installation(servers.endpoints, _PART, (f"bench-{_PART}",))
    installation.create()
    with connect(servers.endpoints.mongodb_uri) as client:
        insert([client[tenant_database(installation.tenants[0])][PRODUCTS]], _PRODUCTS)
    installation.begin()
    # Writer and reader have a process each, so that neither waits for the other's interpreter.
    context = get_context("spawn")
    answers: Queue[list[float]] = context.Queue()
    topic = installation.topics.of(Operation.UPDATED)
    reader = context.Process(target=_read, args=(servers.endpoints, topic, answers))
    writer = context.Process(target=_write, args=(servers.endpoints, installation.tenants[0]))
    with installation.capturing() as process:
        reader.start()
        time.sleep(3)  # all have begun
        used = cpu_seconds(process.pid)
        writer.start()
        writer.join()
        waits = sorted(answers.get(timeout=60))
        used = cpu_seconds(process.pid) - used
        peak = peak_megabytes(process.pid)
    reader.join()
    return [
        Figure(_PART, "changes read", len(waits)),
        Figure(_PART, "write until readable, p50 ms", statistics.median(waits), digits=1, at_most=15),
        Figure(_PART, "write until readable, p99 ms", waits[len(waits) * 99 // 100], digits=1, at_most=60),
        Figure(_PART, "write until readable, longest ms", waits[-1], digits=1),
        Figure(_PART, "CPU s per 100,000 changes", used / (_PER_SECOND * _SECONDS) * 100_000, digits=2),
        Figure(_PART, "peak memory, MB", peak, at_most=200),
    ]


def _write(endpoints: Endpoints, tenant: str) -> None:
    """Each write carries the time at which it was sent, and waits for the journal, as MongoDB's default is."""
    with connect(endpoints.mongodb_uri) as client:
        products = client[tenant_database(tenant)][PRODUCTS]
        begun = time.perf_counter()

        def write(first: int) -> None:
            for number in range(first, _PER_SECOND * _SECONDS, _WRITERS):
                time.sleep(max(0.0, begun + number / _PER_SECOND - time.perf_counter()))
                change = {"$set": {"quantity": number, "written": time.time()}}
                products.update_one({"_id": identity(number % _PRODUCTS)}, change)

        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(write, range(_WRITERS)))


def _read(endpoints: Endpoints, topic: str, answers: Queue[list[float]]) -> None:
    """Gives milliseconds, without those of the warm-up."""
    waits: list[float] = []
    seen = 0

    def take(message: Message, now: float) -> None:
        nonlocal seen
        seen += 1
        product = product_of(message)
        number = int(product["quantity"])
        if number >= _PER_SECOND * _WARM_UP:
            waits.append((now - float(product["written"])) * 1000)

    with reading(endpoints.kafka_bootstrap_servers, [topic], take):
        wait_until(lambda: seen >= _PER_SECOND * _SECONDS, 120, "some changes do not come")
    answers.put(waits)
