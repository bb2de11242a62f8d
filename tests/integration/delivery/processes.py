"""Several delivery processes of one channel, and what they bring to its journal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consumer.health import Sample, read_metrics
from tests.integration.delivery.conftest import SETTINGS, Line
from tests.integration.delivery.journal import Journal
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def fleet_of(line: Line, journal: Journal, logs: Path, *, batch_size: int = 1) -> AsyncIterator[Fleet]:
    """No process yet; whatever was started is killed at the end."""
    fleet = Fleet(line, journal, logs, batch_size=batch_size)
    async with journal.serving():
        try:
            yield fleet
        finally:
            fleet.end()


@dataclass(slots=True)
class Fleet:
    """Delivery processes by their replica's name. variables: settings of all of them. logs: where they write.

    starts: how often each was started; every start has a log of its own.
    """

    line: Line
    journal: Journal
    logs: Path
    limits: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    batch_size: int = 1
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def start(self, replica: str) -> None:
        """Begin, or begin again under the same name."""
        arguments = {
            "port": self.journal.port,
            "process": replica,
            "limits": self.limits,
            "batch_size": self.batch_size,
        }
        self.starts[replica] = self.starts.get(replica, 0) + 1
        with self._log(replica).open("wb") as output:
            self.running[replica] = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.delivery.journal_process", json.dumps(arguments)],
                env={**os.environ, **self._environment(replica)},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _environment(self, replica: str) -> Mapping[str, str]:
        line = self.line
        return {
            "MONGODB_URI": line.endpoints.mongodb_uri,
            "KAFKA_BOOTSTRAP_SERVERS": line.endpoints.kafka_bootstrap_servers,
            "MARKETSYNC_DATABASE": f"marketsync-{line.names.prefix[:-1]}",
            "MARKETSYNC_TENANTS": "shop",
            "MARKETSYNC_TENANT_DATABASES": json.dumps({"shop": f"pim-{line.names.prefix[:-1]}"}),
            "MARKETSYNC_TOPICS_PREFIX": line.names.prefix,
            "MARKETSYNC_TOPICS_PARTITIONS": "3",
            "MARKETSYNC_METRICS_PORT": "0",
            "MARKETSYNC_LOG_FORMAT": "json",
            "MARKETSYNC_DELIVERY_REPLICA": replica,
            "MARKETSYNC_DELIVERY_BACKOFF": str(SETTINGS.backoff),
            "MARKETSYNC_DELIVERY_RETRY_DELAYS": ",".join(map(str, SETTINGS.retry_delays)),
            "MARKETSYNC_DELIVERY_DRAIN": "3",
            "MARKETSYNC_DELIVERY_SESSION_TIMEOUT": "6",
            **self.variables,
        }

    async def start_all(self, *replicas: str) -> None:
        """Begin, and wait until the partitions are shared out evenly among them."""
        for replica in replicas:
            self.start(replica)
        await self.until(lambda: self._is_shared(replicas), 40)

    def _is_shared(self, replicas: Sequence[str]) -> bool:
        owned = {self.owned(replica) for replica in replicas}
        return len(owned) == 1 and 0 not in owned

    def owned(self, replica: str) -> int:
        """How many partitions were assigned to it last, all at once."""
        assigned = [entry["partitions"] for entry in self._entries(replica) if entry["event"] == "partitions assigned"]
        return assigned[-1] if assigned else 0

    async def delivering(self, *replicas: str, deadline: float = 40) -> None:
        """Wait until each of them has brought something to the channel since now."""
        begin = len(self.journal.arrivals)
        wanted = set(replicas)
        await self.until(lambda: wanted <= {arrival.process for arrival in self.journal.arrivals[begin:]}, deadline)

    async def until(self, condition: Callable[[], bool | Awaitable[bool]], deadline: float) -> None:
        """Wait for it; a failure tells the processes' last words."""
        try:
            await eventually(condition, deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal.calls} calls\n{self.tail()}") from None

    def signal(self, replica: str, number: signal.Signals) -> None:
        self.running[replica].send_signal(number)

    async def kill(self, replica: str) -> None:
        """SIGKILL."""
        self.running[replica].kill()
        await asyncio.to_thread(self.running.pop(replica).wait, 10)

    async def stop(self, replica: str) -> int:
        """SIGTERM; the exit code."""
        self.signal(replica, signal.SIGTERM)
        return await asyncio.to_thread(self.running.pop(replica).wait, 30)

    def end(self) -> None:
        """Whatever still runs."""
        for process in self.running.values():
            process.kill()
            process.wait(10)

    def metrics(self, replica: str) -> list[Sample]:
        """What the process of this name that started last reports; nothing before it does."""
        served = [entry for entry in self._entries(replica) if entry.get("event") == "metrics and health"]
        return read_metrics(served[-1]["at"]) if served else []

    def metric(self, replica: str, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        return sum(
            sample.value
            for sample in self.metrics(replica)
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def tail(self) -> str:
        """The last words of all processes."""
        return "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(self.logs.glob("*.log")))

    def _entries(self, replica: str) -> list[dict[str, Any]]:
        lines = self._log(replica).read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def _log(self, replica: str) -> Path:
        return self.logs / f"{replica}-{self.starts[replica]}.log"
