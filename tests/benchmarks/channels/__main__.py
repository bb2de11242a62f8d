"""`make bench-channels`: delivery with everything on: planning, rules, validation, rendering, the real adapter.

10,000 products are created on the channel's stand-in, then the price of each changes, then its text; each time by the
installed `marketsync deliver`. The stand-in runs on the same machine and costs more than the delivery it answers, so
the CPU time is what counts; rates are only told. Prints one table; no goals are set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.sandbox.ebay import DEFAULT_LOCATION, Seller
from consumer.errors import UnavailableError
from consumer.events import ProductEvent, Sequence, change_sequence, encode_headers, encode_key, encode_value
from consumer.health import read_metrics
from consumer.kafka import ReliableProducer, TopicNames
from tests.benchmarks.delivery.work import Job, event
from tests.benchmarks.installation import Servers, own_servers
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.benchmarks.table import Figure, report
from tests.waiting import wait_until

_PRODUCTS = 10_000
_TENANT = "bench"
_PREFIX = "channels."
_PORT = 19490
_DEADLINE = 300
# Every look costs the process that is measured the writing of all its metrics.
_LOOK = 0.5
_START = 1_700_000_000
_FAILED = ("invalid", "refused", "dead_letter")


@dataclass(frozen=True, slots=True)
class Step:
    """One change of every product. change: of the state before."""

    name: str
    number: int
    change: Callable[[dict[str, object]], dict[str, object]]


_STEPS = (
    Step("create", 1, lambda product: product),
    Step("price and stock", 2, lambda product: {**product, "pricing": _pricing(120), "quantity": 7}),
    Step("text", 3, lambda product: {**product, "name": {"it": f"Nuovo trapano {product['sku']}"}}),
)


def main() -> None:
    """Run it."""
    figures: list[Figure] = []
    with own_servers() as servers, _stand_in() as url, tempfile.TemporaryDirectory() as home:
        environment = _environment(servers, url, home)
        subprocess.run([sys.executable, "-m", "consumer", "init"], env=environment, check=True, capture_output=True)
        with _delivering(environment) as process, _producer(servers) as producer:
            for step in _STEPS:
                sys.stderr.write(f"{step.name} ...\n")
                figures += _measure(step, producer, process.pid)
    sys.stdout.write(f"{report(figures)}\n")


def _measure(step: Step, producer: ReliableProducer, pid: int) -> list[Figure]:
    before = _finished()
    used = cpu_seconds(pid)
    _publish(producer, step)
    begun, ended = _timed(lambda: _finished() - before >= _PRODUCTS)
    cpu = cpu_seconds(pid) - used
    part = f"ebay: {step.name}"
    return [
        Figure(part, "listings/s", _PRODUCTS / (ended - begun)),
        Figure(part, "CPU s per 10,000", cpu * 10_000 / _PRODUCTS, digits=1),
        Figure(part, "peak MB", peak_megabytes(pid)),
    ]


def _timed(done: Callable[[], bool]) -> tuple[float, float]:
    begun = time.monotonic()
    wait_until(done, _DEADLINE, "listings are not delivered", every=_LOOK)
    return begun, time.monotonic()


def _publish(producer: ReliableProducer, step: Step) -> None:
    names = TopicNames(_PREFIX)
    written = []
    for number in range(1, _PRODUCTS + 1):
        made = _event(step, number)
        key = encode_key(made.tenant, made.entity_code)
        written.append(producer.produce(names.of(made.operation), key, encode_value(made), encode_headers(made)))
    for one in written:
        one.result(60)


def _event(step: Step, number: int) -> ProductEvent:
    made = event(Job(number, 1))
    product = {**(made.product or {}), "pricing": _pricing(100), "attributes": {"it": _ATTRIBUTES}, "brand": "Fervi"}
    for earlier in _STEPS[: step.number]:
        product = earlier.change(product)
    return replace(made, id=f"{number}-{step.number}", sequence=_sequence(step, number), product=product)


def _sequence(step: Step, number: int) -> Sequence:
    return change_sequence(_START + step.number, number, 0)


_ATTRIBUTES = [
    {"key": "color", "label": "Colore", "value": "Rosso"},
    {"key": "power", "label": "Potenza", "value": 750},
]


def _pricing(retail: float) -> dict[str, object]:
    return {"retail": retail, "currency": "EUR", "vat_included": True, "vat_rate": 22}


def _finished() -> float:
    """Listings that have come to their end so far; 0 while nobody serves. Raises RuntimeError for a bad end."""
    done = 0.0
    try:
        samples = read_metrics(f"http://127.0.0.1:{_PORT}")
    except UnavailableError:
        return 0.0
    for sample in samples:
        if sample.name == "marketsync_delivery_outcomes_total":
            if sample.labels["outcome"] in _FAILED and sample.value:
                raise RuntimeError(f"listings failed: {sample.labels}")
            done += sample.value
    return done


@contextmanager
def _delivering(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "consumer", "deliver", "--channel", "ebay"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _producer(servers: Servers) -> Iterator[ReliableProducer]:
    producer = ReliableProducer(servers.endpoints.kafka_bootstrap_servers, max_message_bytes=1_000_000)
    producer.start()
    try:
        yield producer
    finally:
        producer.close(30)


@contextmanager
def _stand_in() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "consumer", "sandbox", "ebay", f"--ready-file={ready}"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: ready.exists() and ready.read_text(encoding="utf-8"), 30, "the stand-in does not start")
            yield json.loads(ready.read_text(encoding="utf-8"))["url"]
        finally:
            process.terminate()
            process.wait(30)


def _environment(servers: Servers, url: str, home: str) -> dict[str, str]:
    seller = Seller()
    return os.environ | {
        "MONGODB_URI": servers.endpoints.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.endpoints.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": _TENANT,
        "MARKETSYNC_DATABASE": "marketsync-channels",
        "MARKETSYNC_HOME": home,
        "MARKETSYNC_TOPICS_PREFIX": _PREFIX,
        "MARKETSYNC_METRICS_PORT": str(_PORT),
        "MARKETSYNC_LOG_LEVEL": "warning",
        "EBAY_ENABLED": "true",
        "EBAY_BRAKES": "off",
        "EBAY_APP_ID": seller.client_id,
        "EBAY_API_SECRET": seller.client_secret,
        "EBAY_REFRESH_TOKEN": seller.refresh_token,
        "EBAY_API_URL": url,
        "EBAY_TOKEN_URL": f"{url}/identity/v1/oauth2/token",
        "EBAY_FULFILLMENT_POLICY_ID": seller.policy_id("fulfillment"),
        "EBAY_PAYMENT_POLICY_ID": seller.policy_id("payment"),
        "EBAY_RETURN_POLICY_ID": seller.policy_id("return"),
        "EBAY_MERCHANT_LOCATION_KEY": DEFAULT_LOCATION,
        "EBAY_PRICE_BASIS": "retail",
        "EBAY_CATEGORIES": '{"c-1": "122834"}',
    }


if __name__ == "__main__":
    main()
