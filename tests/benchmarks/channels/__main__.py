"""`make bench-channels`: delivery with everything on: planning, rules, validation, rendering, the real adapter.

10,000 products are created on the channel's stand-in, then the price of each changes, then its text; each time by the
installed `marketsync deliver`. The vendors' limits are off. The stand-in runs on the same machine, its CPU time is told
beside delivery's. Prints one table; its last line says which goals are met.

    python -m tests.benchmarks.channels [CHANNEL ...]
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from consumer.bootstrap.account_commands import add_account
from consumer.errors import UnavailableError
from consumer.events import ProductEvent, Sequence, change_sequence, encode_headers, encode_key, encode_value
from consumer.health import read_metrics
from consumer.kafka import ReliableProducer, TopicNames
from consumer.settings import load_settings
from tests.benchmarks.channels.shops import SHOPS, TENANT, Shop
from tests.benchmarks.delivery.work import Job, event
from tests.benchmarks.installation import Servers, own_servers
from tests.benchmarks.meters import cpu_seconds, peak_megabytes
from tests.benchmarks.table import Figure, report
from tests.waiting import wait_until

_PRODUCTS = 10_000
_PORT = 19490
_DEADLINE = 300
# Every look costs the process that is measured the writing of all its metrics.
_LOOK = 0.5
_START = 1_700_000_000
_FAILED = ("invalid", "refused", "dead_letter")


_REVISED = "price and stock"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of every product. change: of the state before."""

    name: str
    number: int
    change: Callable[[dict[str, object]], dict[str, object]]


_STEPS = (
    Step("create", 1, lambda product: product),
    Step(_REVISED, 2, lambda product: {**product, "pricing": _pricing(120), "quantity": 7}),
    Step("text", 3, lambda product: {**product, "name": {"it": f"Nuovo trapano {product['sku']}"}}),
)


def main() -> None:
    """Run it."""
    chosen = sys.argv[1:] or [shop.channel for shop in SHOPS]
    with own_servers() as servers:
        figures = [figure for shop in SHOPS if shop.channel in chosen for figure in _run(shop, servers)]
    sys.stdout.write(f"{report(figures)}\n")


def _run(shop: Shop, servers: Servers) -> list[Figure]:
    """All steps of one channel."""
    figures: list[Figure] = []
    prefix = f"{shop.channel}."
    with _stand_in(shop) as (url, stand_in), tempfile.TemporaryDirectory() as home:
        environment = _environment(servers, shop, home, prefix)
        _prepare(shop, servers, url, environment)
        with _delivering(shop, environment) as process, _producer(servers) as producer:
            for step in _STEPS:
                sys.stderr.write(f"{shop.channel}: {step.name} ...\n")
                figures += _measure(shop, step, TopicNames(prefix), producer, (process.pid, stand_in.pid))
    return figures


def _prepare(shop: Shop, servers: Servers, url: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    document, credentials = shop.account(url)
    add_account(load_settings(), servers.endpoints, document, credentials)
    subprocess.run([sys.executable, "-m", "consumer", "init"], env=environment, check=True, capture_output=True)


def _measure(
    shop: Shop, step: Step, names: TopicNames, producer: ReliableProducer, pids: tuple[int, int]
) -> list[Figure]:
    """pids: of delivery and of the stand-in."""
    before = _finished()
    used, theirs = map(cpu_seconds, pids)
    _publish(producer, names, step)
    begun, ended = _timed(lambda: _finished() - before >= _PRODUCTS)
    part = f"{shop.channel}: {step.name}"
    least = shop.least if step.name == _REVISED else None
    return [
        Figure(part, "listings/s", _PRODUCTS / (ended - begun), at_least=least),
        Figure(part, f"ms a product (before: {shop.before})", 1000 * (ended - begun) / _PRODUCTS, digits=1),
        Figure(part, "CPU s per 10,000", (cpu_seconds(pids[0]) - used) * 10_000 / _PRODUCTS, digits=1),
        Figure(part, "CPU s of the stand-in", cpu_seconds(pids[1]) - theirs, digits=1),
        Figure(part, "peak MB", peak_megabytes(pids[0])),
    ]


def _timed(done: Callable[[], bool]) -> tuple[float, float]:
    begun = time.monotonic()
    wait_until(done, _DEADLINE, "listings are not delivered", every=_LOOK)
    return begun, time.monotonic()


def _publish(producer: ReliableProducer, names: TopicNames, step: Step) -> None:
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
def _delivering(shop: Shop, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "consumer", "deliver", "--channel", shop.channel]
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
def _stand_in(shop: Shop) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "consumer", "sandbox", *shop.sandbox, f"--ready-file={ready}"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: ready.exists() and ready.read_text(encoding="utf-8"), 30, "the stand-in does not start")
            yield json.loads(ready.read_text(encoding="utf-8"))["url"], process
        finally:
            process.terminate()
            process.wait(30)


def _environment(servers: Servers, shop: Shop, home: str, prefix: str) -> dict[str, str]:
    return os.environ | {
        "MONGODB_URI": servers.endpoints.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.endpoints.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": TENANT,
        "MARKETSYNC_DATABASE": f"marketsync-{shop.channel}",
        "MARKETSYNC_HOME": home,
        "MARKETSYNC_CREDENTIALS_MASTER_KEYS": base64.b64encode(secrets.token_bytes(96)).decode(),
        "MARKETSYNC_TOPICS_PREFIX": prefix,
        "MARKETSYNC_METRICS_PORT": str(_PORT),
        "MARKETSYNC_LOG_LEVEL": "warning",
    }


if __name__ == "__main__":
    main()
