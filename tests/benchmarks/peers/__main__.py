"""`make bench-capture-peers`: Debezium and MongoDB's own connector, each next to marketsync on the same backlog.

Usage: `python -m tests.benchmarks.peers [PEER ...] [--events 300000]`, both by default. Their jars come from Maven
Central, once per user; where they cannot be had it says so and measures nothing. Prints one table; its last line says
which goals are met.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from consumer.embedded import EmbeddedError, Endpoints
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.capture.killed import OurCapture
from tests.benchmarks.carriers import Carrier, carry, interrupt
from tests.benchmarks.catalogue import insert
from tests.benchmarks.installation import Installation, Servers, own_servers
from tests.benchmarks.peers.connect import Connector, download
from tests.benchmarks.table import Figure, report

_TIMES = 3
_TURNS = "carry", "interrupt"
_Make = Callable[[Endpoints, str, tuple[int, int], Path], Connector]
"""Servers, tenant's database, where to begin (cluster time), folder of the worker."""


def debezium(endpoints: Endpoints, database: str, since: tuple[int, int], folder: Path) -> Connector:
    """Tuned: literal filters, larger batches and queue than by default."""
    prefix = folder.name
    settings = {
        "connector.class": "io.debezium.connector.mongodb.MongoDbConnector",
        "mongodb.connection.string": endpoints.mongodb_uri,
        "topic.prefix": prefix,
        "capture.scope": "database",
        "capture.target": database,
        "collection.include.list": f"{database}.{PRODUCTS}",
        "filters.match.mode": "literal",
        "capture.mode": "change_streams_update_full",
        "snapshot.mode": "no_data",
        "capture.start.op.time": str((since[0] << 32) + since[1]),
        "max.batch.size": "8192",
        "max.queue.size": "32768",
        "poll.interval.ms": "50",
    }
    return Connector("debezium", f"{prefix}.{database}.{PRODUCTS}", folder, endpoints, "debezium.jars", settings)


def mongo_kafka(endpoints: Endpoints, database: str, since: tuple[int, int], folder: Path) -> Connector:
    """MongoDB's own, with strings as it makes them."""
    prefix = folder.name
    settings = {
        "connector.class": "com.mongodb.kafka.connect.MongoSourceConnector",
        "connection.uri": endpoints.mongodb_uri,
        "database": database,
        "collection": PRODUCTS,
        "topic.prefix": prefix,
        "startup.mode": "timestamp",
        "startup.mode.timestamp.start.at.operation.time": str(since[0]),
        "change.stream.full.document": "updateLookup",
        "output.format.key": "json",
        "output.format.value": "json",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "poll.max.batch.size": "5000",
        "poll.await.time.ms": "50",
    }
    return Connector("mongo-kafka", f"{prefix}.{database}.{PRODUCTS}", folder, endpoints, "mongo-kafka.jars", settings)


PEERS: Mapping[str, _Make] = {"debezium": debezium, "mongo-kafka": mongo_kafka}


def measure(servers: Servers, home: Path, chosen: list[str], events: int) -> list[Figure]:
    """Ours and these, over the same inserts."""
    endpoints, tenant = servers.endpoints, "bench-peers"
    ours = [Installation(endpoints, f"peers-{turn}", (tenant,)) for turn in _TURNS]
    for one in ours:
        one.create()
        one.begin()
    with connect(endpoints.mongodb_uri) as client:
        # The peers begin at a whole second, and nothing else happens in it.
        time.sleep(1.1)
        now = client.admin.command("ping")["$clusterTime"]["clusterTime"]
        insert([client[tenant_database(tenant)][PRODUCTS]], events)
    carriers: dict[str, list[Carrier]] = {"marketsync": [OurCapture(one) for one in ours]}
    for name in chosen:
        folders = [home / f"{name}-{turn}" for turn in _TURNS]
        carriers[name] = [PEERS[name](endpoints, tenant_database(tenant), (now.time, now.inc), one) for one in folders]
    return [figure for name, turns in carriers.items() for figure in _figures(name, turns, endpoints, events)]


def _figures(name: str, turns: list[Carrier], endpoints: Endpoints, events: int) -> list[Figure]:
    sys.stderr.write(f"{name} ...\n")
    carried = carry(turns[0], endpoints.kafka_bootstrap_servers, events)
    killed = interrupt(turns[1], endpoints.kafka_bootstrap_servers, events)
    ours = name == "marketsync"
    return [
        Figure(name, "events/s", carried.rate),
        Figure(name, "CPU s per 100,000 events", carried.cpu, digits=2),
        Figure(name, "peak memory, MB", carried.peak),
        Figure(name, "events repeated after SIGKILL", killed.repeated, at_most=0 if ours else None),
        Figure(name, "events delivered before SIGKILL", killed.delivered),
        Figure(name, "events missing", killed.missing, at_most=0 if ours else None),
        Figure(name, "without flow after SIGKILL, s", killed.seconds, digits=1, at_most=3 if ours else None),
    ]


def _compared(figures: list[Figure]) -> list[Figure]:
    """How many times as quick as each peer we are."""
    rates = {figure.part: figure.value for figure in figures if figure.name == "events/s"}
    ours = rates.pop("marketsync")
    return [
        Figure("marketsync", f"rate beside {name}", ours / rate, (), 2, at_least=_TIMES) for name, rate in rates.items()
    ]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], metavar="PEER", help=", ".join(PEERS))
    parser.add_argument("--events", type=int, default=300_000, help="of the backlog; a third of them warms up")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # the servers are stopped on the way out
    try:
        download()
    except EmbeddedError as error:
        sys.stdout.write(f"skipped: {error}\n")
        return
    with tempfile.TemporaryDirectory(prefix="marketsync-peers-") as home, own_servers(lasting=True) as servers:
        figures = measure(servers, Path(home), arguments.peers or list(PEERS), arguments.events)
    sys.stdout.write(f"{report(figures + _compared(figures))}\n")


if __name__ == "__main__":
    main()
