"""The work: products in versions, as events in Kafka and as jobs of a queue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.events import Operation, ProductEvent, change_sequence, encode_headers, encode_key, encode_value
from consumer.kafka import ReliableProducer, TopicNames

TENANT = "bench"
# With it, the event of a product has some 2 KB.
TEXT = "Robusto e maneggevole, con mandrino autoserrante. " * 28
_START = 1_700_000_000
_FLIGHT = 5000


@dataclass(frozen=True, slots=True)
class Job:
    """One state of one product. written: seconds since 1970, 0 where nobody asks."""

    product: int
    version: int
    written: float = 0.0


def jobs(products: int, versions: int) -> Iterator[Job]:
    """Version by version, as a catalogue changes."""
    for version in range(1, versions + 1):
        for product in range(1, products + 1):
            yield Job(product, version)


def bursts(products: int, versions: int) -> Iterator[Job]:
    """Product by product, all its versions in a row."""
    for product in range(1, products + 1):
        for version in range(1, versions + 1):
            yield Job(product, version)


def event(job: Job) -> ProductEvent:
    """The state as an event of capture's."""
    code = str(job.product)
    return ProductEvent(
        id=f"{code}-{job.version}",
        operation=Operation.UPDATED,
        tenant=TENANT,
        entity_code=code,
        sequence=change_sequence(_START + job.version, job.product, 0),
        time=datetime.fromtimestamp(job.written or _START, UTC),
        changed=None,
        product={
            "entity_code": code,
            "sku": code,
            "isCurrent": True,
            "status": "published",
            "name": {"it": f"Trapano {code} versione {job.version}"},
            "description": {"it": TEXT},
            "category": {"category_id": "c-1", "name": {"it": "Trapani"}},
            "images": [{"url": "https://img.example.test/a.jpg", "position": 0}],
            "pricing": {"retail": 100 + job.version, "currency": "EUR", "vat_included": True},
            "product_model": f"{job.written:.6f}",
            "quantity": job.version,
        },
    )


def publish(producer: ReliableProducer, names: TopicNames, work: Iterator[Job]) -> None:
    """Write the work into the topic of updates and wait until it is safe there."""
    pending = []
    for job in work:
        pending.append(produce(producer, names, job))
        if len(pending) >= _FLIGHT:
            for written in pending:
                written.result(60)
            pending.clear()
    for written in pending:
        written.result(60)


def produce(producer: ReliableProducer, names: TopicNames, job: Job) -> Future[None]:
    """Write one state; the future ends when it is safe."""
    made = event(job)
    key = encode_key(made.tenant, made.entity_code)
    return producer.produce(names.of(made.operation), key, encode_value(made), encode_headers(made))
