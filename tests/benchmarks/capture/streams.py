"""One stream over two tenants beside two streams of one tenant each, over the same changes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.catalogue import insert
from tests.benchmarks.installation import FIRST_PORT, Installation, Servers
from tests.benchmarks.meters import Progress, cpu_seconds, watch
from tests.benchmarks.table import Figure

_PART = "streams"
_TENANTS = "bench-left", "bench-right"
_CHANGES = 200_000


@dataclass(frozen=True, slots=True)
class Run:
    """rate: changes per second of all streams together. cores: in use meanwhile, by program."""

    rate: float
    cores: dict[str, float]


def two_streams(servers: Servers) -> list[Figure]:
    """Inserts of 2 KB into two tenants in turn; read by one process, then by two at once."""
    one = [_stream(servers, "both", _TENANTS)]
    two = [_stream(servers, tenant, (tenant,)) for tenant in _TENANTS]
    for installation in one + two:
        installation.create()
    for installation in one + two:
        installation.begin()
    with connect(servers.endpoints.mongodb_uri) as client:
        insert([client[tenant_database(tenant)][PRODUCTS] for tenant in _TENANTS], _CHANGES)
    alone, together = _run(servers, one), _run(servers, two)
    return [
        Figure(_PART, "one stream, changes/s", alone.rate),
        Figure(_PART, "two streams, changes/s", together.rate),
        Figure(_PART, "two beside one", together.rate / alone.rate, digits=2, at_least=1.5),
        # Streams and servers share them: more than all of them is not to be had, whatever a second stream costs.
        Figure(_PART, "the most that the cores allow", (os.cpu_count() or 1) / sum(alone.cores.values()), digits=2),
        *(
            Figure(_PART, f"cores of {program}, {name}", cores, digits=2)
            for name, run in (("one stream", alone), ("two streams", together))
            for program, cores in run.cores.items()
        ),
    ]


def _stream(servers: Servers, name: str, tenants: tuple[str, ...]) -> Installation:
    return Installation(servers.endpoints, f"{_PART}-{name}", tenants, {"MARKETSYNC_CAPTURE_STREAM": name})


def _run(servers: Servers, installations: list[Installation]) -> Run:
    """From the first commit of the last to begin until the first has all: while all of them work."""
    share = _CHANGES / len(installations)
    with ExitStack() as stack, ThreadPoolExecutor(len(installations)) as pool:
        processes = [stack.enter_context(one.capturing(FIRST_PORT + place)) for place, one in enumerate(installations)]
        programs = {
            "mongod": [servers.mongod],
            "Kafka": [servers.kafka],
            "capture": [process.pid for process in processes],
        }

        def look(place: int, events: float, every: float) -> Progress:
            return watch(processes[place], FIRST_PORT + place, lambda found: found.written >= events, every=every)

        places = range(len(processes))
        firsts = list(pool.map(lambda place: look(place, 1, 0.05), places))
        begun = time.time()
        used = {name: sum(map(cpu_seconds, pids)) for name, pids in programs.items()}
        lasts = list(pool.map(lambda place: look(place, share, 0.2), places))
        seconds = time.time() - begun
        cores = {name: (sum(map(cpu_seconds, pids)) - used[name]) / seconds for name, pids in programs.items()}
    done = sum(last.written - first.written for first, last in zip(firsts, lasts, strict=True))
    return Run(done / (max(last.at for last in lasts) - min(first.at for first in firsts)), cores)
