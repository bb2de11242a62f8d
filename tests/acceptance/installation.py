"""One installation of the program as an operator has it: variables, processes, a channel, and what they left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.sandbox.ebay import DEFAULT_LOCATION, Seller
from consumer.embedded import Endpoints
from consumer.health import Sample, read_metrics
from consumer.mongo import Collection, Document, MongoClient
from tests.planted import plant, shown_in
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
CATEGORY = "cat-tools"
# What the installation's seller has: where any of it shows, the test fails.
SELLER = Seller(client_secret=plant("client"), refresh_token=plant("refresh"), access_token=plant("access"))


@dataclass(slots=True)
class Running:
    """One process of ours. log: where its output goes."""

    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, deadline: float = 30) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline)

    def output(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of this event."""
        found = []
        for line in self.output().splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if entry.get("event") == event:
                    found.append(entry)
        return found


@dataclass(slots=True)
class Channel:
    """The eBay stand-in over HTTP."""

    url: str

    def listings(self) -> dict[str, dict[str, Any]]:
        """What is live, by SKU."""
        return {listing["sku"]: listing for listing in self.ask("GET", "listings")["listings"]}

    def calls(self) -> list[dict[str, Any]]:
        """Every write that arrived, in order."""
        calls: list[dict[str, Any]] = self.ask("GET", "calls")["calls"]
        return calls

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Any call of the control plane."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


@dataclass(slots=True)
class Installation:
    """A tenant with its own databases, topics and stand-in, and the processes started for it."""

    name: str
    servers: Endpoints
    client: MongoClient[Document]
    folder: Path
    channel: Channel
    variables: dict[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    @property
    def products(self) -> Collection[Document]:
        """The tenant's products in the PIM."""
        return self.client[f"vinc-{self.name}"]["pimproducts"]

    @property
    def listings(self) -> Collection[Document]:
        """What we keep of each listing."""
        return self.client[self.database]["listings"]

    @property
    def database(self) -> str:
        """Our own state."""
        return f"marketsync-{self.name}"

    @property
    def prefix(self) -> str:
        """Of all topics."""
        return f"{self.name}."

    def environment(self, changed: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a process of this installation sees. changed: other values; an empty one takes the variable away."""
        seller = SELLER
        ours = {
            "MONGODB_URI": self.servers.mongodb_uri,
            "KAFKA_BOOTSTRAP_SERVERS": self.servers.kafka_bootstrap_servers,
            "MARKETSYNC_TENANTS": self.name,
            "MARKETSYNC_DATABASE": self.database,
            "MARKETSYNC_HOME": str(self.folder / "home"),
            "MARKETSYNC_TOPICS_PREFIX": self.prefix,
            "MARKETSYNC_TOPICS_PARTITIONS": "4",
            "MARKETSYNC_METRICS_PORT": "0",
            "MARKETSYNC_LOG_FORMAT": "json",
            "MARKETSYNC_DELIVERY_BACKOFF": "0.2",
            "EBAY_ENABLED": "true",
            "EBAY_APP_ID": seller.client_id,
            "EBAY_API_SECRET": seller.client_secret,
            "EBAY_REFRESH_TOKEN": seller.refresh_token,
            "EBAY_API_URL": self.channel.url,
            "EBAY_TOKEN_URL": f"{self.channel.url}/identity/v1/oauth2/token",
            "EBAY_FULFILLMENT_POLICY_ID": seller.policy_id("fulfillment"),
            "EBAY_PAYMENT_POLICY_ID": seller.policy_id("payment"),
            "EBAY_RETURN_POLICY_ID": seller.policy_id("return"),
            "EBAY_MERCHANT_LOCATION_KEY": DEFAULT_LOCATION,
            "EBAY_PRICE_BASIS": "retail",
            "EBAY_BRAKES": "off",
            "EBAY_CATEGORIES": json.dumps({CATEGORY: "122834"}),
        }
        everything = {**os.environ, **ours, **self.variables, **(changed or {})}
        return {name: value for name, value in everything.items() if value or name not in (changed or {})}

    def run(
        self, *arguments: str, changed: Mapping[str, str] | None = None, deadline: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """`marketsync ...` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "consumer", *arguments],
            env=self.environment(changed),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )
        assert (words := shown_in(done.stdout + done.stderr)) is None, f"{arguments} shows a secret: {words}"
        return done

    def initialise(self) -> None:
        """`marketsync init`."""
        done = self.run("init")
        assert done.returncode == 0, done.stderr

    def start(self, *arguments: str, changed: Mapping[str, str] | None = None) -> Running:
        """`marketsync ...` in the background, in a process group of its own."""
        log = self.folder / f"{len(self.started)}-{arguments[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "consumer", *arguments],
                env=self.environment(changed),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(arguments, process, log)
        self.started.append(running)
        return running

    def again(self, running: Running) -> Running:
        """The same command once more."""
        return self.start(*running.arguments)


def make_product(code: str, version: int = 1, **changes: Any) -> Document:
    """A product that eBay takes. Its stock is its version and its price grows with it: older states are told apart."""
    now = datetime.now(UTC)
    product = {
        "entity_code": code,
        "sku": code,
        "version": 1,
        "isCurrent": True,
        "status": "published",
        "name": {"it": f"Trapano a percussione {code}"},
        "description": {"it": f"Trapano a percussione da 750 W con mandrino autoserrante, modello {code}."},
        "brand": {"label": "Nordwald"},
        "category": {"category_id": CATEGORY, "name": {"it": "Utensili"}, "path": [], "hierarchy": []},
        "images": [{"url": f"https://img.example.test/{code}.jpg", "position": 0}],
        "product_kind": "standard",
        "created_at": now,
        **of_version(version),
    }
    return {**product, **changes}


def of_version(version: int) -> Document:
    """The fields by which the versions of a product differ."""
    return {
        "quantity": version,
        "pricing": {"retail": price_of(version), "currency": "EUR", "vat_rate": 22, "vat_included": True},
        "updated_at": datetime.now(UTC),
    }


def price_of(version: int) -> float:
    """The price of a version, in euro."""
    return round(10 + version / 100, 2)


def metrics_of(running: Running, deadline: float = 30) -> list[Sample]:
    """What a started process reports now; waits until it serves."""
    (line, *_) = wait_until(lambda: running.lines("metrics and health"), deadline, running.output()[-2000:])
    return read_metrics(line["at"])


def stop_all(started: Sequence[Running]) -> Iterator[str]:
    """End what still runs; yields what had to be ended."""
    for running in started:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait(10)
            yield " ".join(running.arguments)
