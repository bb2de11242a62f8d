"""SIGKILL in the middle of a backlog: what is repeated, what is missing, and how long nothing flows."""

from __future__ import annotations

import statistics
import subprocess
from dataclasses import dataclass

from consumer.events import Operation
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.carriers import interrupt
from tests.benchmarks.catalogue import insert
from tests.benchmarks.installation import Installation, Servers
from tests.benchmarks.table import Figure

_PART = "killed"
_EVENTS = 200_000
_TURNS = 3


@dataclass(frozen=True, slots=True)
class OurCapture:
    """`marketsync capture` as a carrier."""

    installation: Installation
    name: str = "marketsync"

    @property
    def topic(self) -> str:
        """Of the created events."""
        return self.installation.topics.of(Operation.CREATED)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it."""
        return self.installation.launch()


def killed(servers: Servers) -> list[Figure]:
    """The only capture, started again at once; three times."""
    installations = [Installation(servers.endpoints, f"{_PART}-{turn}", (f"bench-{_PART}",)) for turn in range(_TURNS)]
    for one in installations:
        one.create()
        one.begin()
    with connect(servers.endpoints.mongodb_uri) as client:
        insert([client[tenant_database(installations[0].tenants[0])][PRODUCTS]], _EVENTS)
    turns = [interrupt(OurCapture(one), servers.endpoints.kafka_bootstrap_servers, _EVENTS) for one in installations]
    seconds = [turn.seconds for turn in turns]
    return [
        Figure(_PART, "events repeated", sum(turn.repeated for turn in turns), at_most=0),
        Figure(_PART, "events missing", sum(turn.missing for turn in turns), at_most=0),
        Figure(_PART, "without flow, s", statistics.median(seconds), seconds, 1, at_most=3),
    ]
